import { ADDRESS } from './address.pattern.js';
import { addressOf } from './delivery-status.reader.js';
import { header } from './mime.reader.js';
import { addressesIn, type ReportParts } from './report.reader.js';

const MAX_RECIPIENTS = 100;
const MAX_LINES = 2_000;
const MAX_WIDTH = 600;

/** qmail, Postfix, Sendmail, Exim, PowerMTA, OpenSMTPD, GMX, Exchange 2003 and most others open a line with the address. */
const opensLine = new RegExp(
  `^(?:[>*•・-]{1,6}\\s{1,4})?[<"'([]{0,2}(?:mailto:|smtp:)?${ADDRESS}[>"')\\]]{0,2}(?:<mailto:[^>]{1,300}>)?(?:\\s|$|[:;,(\\[\\u3000-\\uffef]|\\.\\.\\.)`,
  'i',
);
/** Sendmail transcripts: "550 <someone@example.com>... User unknown". */
const transcriptLine = new RegExp(
  `^[45]\\d\\d[ -](?:[45]\\.\\d{1,3}\\.\\d{1,3}[ -])?<?${ADDRESS}>?(?:\\.\\.\\.|:|\\s)`,
  'i',
);
/** Exchange 5.5 writes an X.400 name: "c=GB;a= ;p=EXAMPLE;dda:SMTP=someone@example.com;". */
const x400Name = new RegExp(`dda:smtp=${ADDRESS}`, 'i');
/** "Unable to deliver message to <someone@example.com>", "Recipient: someone@example.com" and their translations. */
const label = (names: string): RegExp =>
  new RegExp(
    `(?<!\\w)(?:${names})(?:\\s{0,4}[:=：]\\s{0,4}|\\s{1,4}|(?=[<"'(\\[]))[<"'(\\[]{0,2}(?:rfc822;|mailto:|smtp:)?${ADDRESS}`,
    'i',
  );
const calledRecipient = label(
  'rcpt to|recipient(?: address)?|address|mailbox|user|destinataire|empfänger|destinatario|宛先|收件人|收件者',
);
const calledAddressed = label('addressed,?(?: to)?');
const afterTo = label('to|an|à|a');

/** Fields of the message that some reports sum up in prose. */
const calledSender =
  /^(?:sender(?: e-?mail)?(?: address)?|mail from|from|absender|expéditeur|remitente)\s{0,4}[:：](.+)/i;

/** "They are not accepting mail from someone@example.com": whoever wrote is no recipient. */
const written = new RegExp(`\\b(?:mail|messages?) from:? <?${ADDRESS}`, 'gi');

/** What one recipient's part of a free-text report says. */
export interface FreeTextEntry {
  readonly address: string | null;
  /** From the SMTP answer on, where one is quoted; else all that is said about this recipient. */
  readonly diagnostic: string;
  readonly context: string;
}

/** Finds the recipients of a report that is prose, and hands each the lines that are about it. */
export function readFreeText(report: ReportParts): FreeTextEntry[] {
  const addresses = recipientsOf(report);
  if (addresses.length <= 1) {
    const said = aboutEach(report.human, addresses)[0] ?? '';
    return [
      {
        address: addresses[0] ?? null,
        diagnostic: answerIn(said) || answerIn(report.human) || said,
        context: report.human,
      },
    ];
  }
  const preface = beforeAny(report.human, addresses);
  return aboutEach(report.human, addresses).map((said, i) => {
    const nothing = !/\p{L}/u.test(said.replaceAll(addresses[i] ?? '', ''));
    return { address: addresses[i] ?? null, diagnostic: answerIn(said) || said, context: nothing ? preface : said };
  });
}

function recipientsOf(report: ReportParts): string[] {
  const failed = unique(addressesIn(header(report.headers, 'x-failed-recipients')));
  if (failed.length > 0) return failed;
  const ours = new Set(
    ['to', 'from', 'delivered-to', 'x-original-to', 'envelope-to', 'return-path']
      .flatMap((name) => report.headers.get(name) ?? [])
      .flatMap(addressesIn)
      .map((address) => address.toLowerCase()),
  );
  const lines = report.human.split('\n', MAX_LINES).map((line) => line.trim());
  const sender = new Set(
    ['from', 'return-path', 'sender', 'reply-to']
      .flatMap((name) => report.original.get(name) ?? [])
      .concat(lines.map((line) => calledSender.exec(line.slice(0, MAX_WIDTH))?.[1] ?? ''))
      .flatMap(addressesIn)
      .map((address) => address.toLowerCase()),
  );
  const foreign = (address: string): boolean =>
    !ours.has(address.toLowerCase()) &&
    !sender.has(address.toLowerCase()) &&
    !/^(?:postmaster|mailer-daemon|abuse)@/i.test(address);
  const opened = (opening: RegExp): string[] =>
    unique(
      lines
        .map((line) =>
          addressOf(opening.exec(line.slice(0, MAX_WIDTH).replace(/^[245]\d\d-/, ''))?.[0].replace(/^.*;/, '') ?? ''),
        )
        .filter((address) => address !== '' && foreign(address)),
    );
  const named = unique(
    lines.flatMap((line) => addressesIn(line.slice(0, MAX_WIDTH).replace(written, ' '))).filter(foreign),
  );
  const returned = unique(addressesIn(header(report.original, 'to')));
  const wroteTo = new Set(returned.map((address) => address.toLowerCase()));
  const guesses = [
    () => opened(opensLine),
    () => opened(transcriptLine),
    () => opened(x400Name),
    () => named.filter((address) => wroteTo.has(address.toLowerCase())),
    () => opened(calledRecipient),
    () => opened(calledAddressed),
    () => opened(afterTo),
    () => (named.length === 1 ? named : []),
    () => returned,
    () => named.slice(0, 1),
  ];
  for (const guess of guesses) {
    const found = guess();
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * Gives each line to the recipient named last. Lines before the first name go to nobody, but for those of an SMTP
 * transcript (Sendmail: `>>> MAIL From`, `<<< 501 no access`), which stand before the recipient that they failed; the
 * answer to a command that names a recipient is that one's.
 */
export function aboutEach(text: string, addresses: readonly string[]): string[] {
  const said = addresses.map((): string[] => []);
  // Longest first: "ann@example.org" stands in a line about "joann@example.org" too.
  const known = addresses
    .map((address, i) => [address.toLowerCase(), i] as const)
    .sort(([one], [other]) => other.length - one.length);
  let current = -1;
  let transcript: string[] = [];
  let asked = false;
  for (const line of text.split('\n', MAX_LINES)) {
    const lower = line.toLowerCase();
    const named = known.find(([address]) => lower.includes(address))?.[1] ?? -1;
    asked = named === -1 ? asked && anAnswer.test(lower) : aCommand.test(lower);
    if (named === -1 && ofTranscript.test(lower) && !asked) {
      transcript.push(line.trim());
      continue;
    }
    if (named !== -1) {
      current = named;
      said[current]?.push(...transcript);
      transcript = [];
    }
    said[current]?.push(line.trim());
  }
  said[current]?.push(...transcript);
  return said.map((lines) => lines.join('\n'));
}

const aCommand = /^\s*>>> rcpt to/;
const anAnswer = /^\s*<<</;
const ofTranscript = /^\s*(?:>>>|<<<|(?:\.\.\. )?while talking to)/;

/** What is told of all alike, before the first is named. A transcript is about whoever comes next. */
function beforeAny(text: string, addresses: readonly string[]): string {
  const lines = text.toLowerCase().split('\n', MAX_LINES);
  const named = lines.findIndex((line) => addresses.some((address) => line.includes(address.toLowerCase())));
  return lines
    .slice(0, Math.max(0, named))
    .filter((line) => !ofTranscript.test(line))
    .join('\n');
}

/** The SMTP answer that a text quotes, from the first reply code to the end of its paragraph, or nothing. */
export function answerIn(text: string): string {
  const start = text.search(/(?<![\d.])[45]\d\d[ -]{1,2}(?:[45]\d\d[ -])?(?:[45]\.\d{1,3}\.\d|[a-z<'"([])/i);
  if (start === -1) return '';
  return text.slice(start).split(/\n[ \t]*\n/, 1)[0] ?? '';
}

const unique = (addresses: readonly string[]): string[] => {
  const seen = new Map<string, string>();
  for (const address of addresses) if (!seen.has(address.toLowerCase())) seen.set(address.toLowerCase(), address);
  return [...seen.values()].slice(0, MAX_RECIPIENTS);
};
