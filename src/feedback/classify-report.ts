import type { StatusBlock } from './delivery-status.reader.js';
import { aboutEach, answerIn, readFreeText } from './free-text.reader.js';
import {
  isDelayNotice,
  isFromMailSystem,
  isReceipt,
  isUnaddressedNotice,
  looksLikeAutoReply,
  looksLikeBounce,
} from './message-kind.classifier.js';
import { header, readMime } from './mime.reader.js';
import { judge } from './reason.classifier.js';
import { addressesIn, readParts, type ReportParts } from './report.reader.js';
import type { FeedbackReport, RecipientKind, ReportedRecipient, ReportKind, ReportReferences } from './report.types.js';
import { readSesNotification } from './ses-notification.reader.js';

const MAX_DIAGNOSTIC = 500;
const MAX_MESSAGES = 20;
/** The shape of a return path with a tag, as `name+b<id and signature>@domain`. */
const tagged = /\+b[0-9a-z]{20,60}@/i;
/** Most urgent first: see {@link FeedbackReport.kind}. */
const urgency: readonly RecipientKind[] = ['hard', 'complaint', 'soft', 'auto-reply', 'delivered'];

/**
 * Reads one raw message (RFC 5322 bytes, or an mbox file of several) and says whether it is a bounce, a complaint, an
 * automatic reply or ordinary mail, and what it says about each recipient. Pure, bounded in time and memory, and total:
 * garbage is `not-bounce`, never an exception. Sources: RFC 3464, RFC 3834, RFC 5965, RFC 3463, vendors' formats.
 */
export function classifyReport(raw: Buffer | string): Promise<FeedbackReport> {
  const reports = messagesIn(raw).map(classifyOne);
  const [first = nothing] = reports;
  if (reports.length <= 1) return Promise.resolve(first);
  const recipients = reports.flatMap((report) => report.recipients);
  return Promise.resolve({ ...first, kind: kindOf(recipients), recipients });
}

const nothing: FeedbackReport = { kind: 'not-bounce', recipients: [], references: {} };

/** A file that a mail program saved may hold several reports (mbox, RFC 4155); only a file of reports is split. */
function messagesIn(raw: Buffer | string): (Buffer | string)[] {
  const text = typeof raw === 'string' ? raw : raw.toString('latin1');
  if (!text.startsWith('From ')) return [raw];
  return text
    .split(/\n\r?\n(?=From MAILER-DAEMON)/, MAX_MESSAGES)
    .map((each) => (typeof raw === 'string' ? each : Buffer.from(each, 'latin1')));
}

function classifyOne(raw: Buffer | string): FeedbackReport {
  const report = unwrapped(readParts(readMime(raw)));
  const references = referencesOf(report);
  const made = (recipients: readonly ReportedRecipient[], more: Partial<FeedbackReport> = {}): FeedbackReport => ({
    kind: kindOf(recipients),
    recipients: withoutRepeats(recipients),
    references,
    ...more,
  });

  const notification = readSesNotification(report.human);
  if (notification?.kind === 'complaint') {
    return made(complaints(notification.addresses), {
      feedbackType: notification.feedbackType,
      references: withId(references, notification.messageId),
    });
  }
  if (notification)
    return made(fromBlocks(notification.blocks, report), { references: withId(references, notification.messageId) });
  if (report.feedback) return complaintOf(report, references);
  // In plain text such fields may have been pasted by a person: then the message itself must look like a report.
  const isReport = report.declared || looksLikeBounce(report);
  if (isReport && report.blocks.length > 0) return made(fromBlocks(report.blocks, report));
  if (isHotmailComplaint(report))
    return made(complaints(addressesIn(header(report.original, 'x-hmxmroriginalrecipient')).slice(0, 1)), {
      feedbackType: 'abuse',
    });
  if (isReadReceipt(report)) {
    return made(isRejection(report) ? fromFreeText(report) : [replyOf(report, 'undefined')]);
  }
  if (isReport) {
    const told = fromFreeText(report);
    const aimed = told.some(({ address }) => address !== null) || isFromMailSystem(report.headers);
    if (aimed && (told.some(saysAnything) || report.returned.trim() !== '')) return made(told);
  }
  if (looksLikeAutoReply(report.headers) || isUnaddressedNotice(report.headers))
    return made([replyOf(report, 'vacation')]);
  return { ...nothing, references };
}

/** Gateways wrap a report into a message of their own, with a disclaimer. A person's forward is left as it is. */
function unwrapped(report: ReportParts): ReportParts {
  if (report.blocks.length > 0 || !/multipart\/report/i.test(header(report.original, 'content-type'))) return report;
  if (!looksLikeBounce(report)) return report;
  const inner = readParts(readMime(Buffer.from(report.returned)));
  return inner.blocks.length > 0 ? { ...inner, headers: report.headers } : report;
}

function fromBlocks(blocks: readonly StatusBlock[], report: ReportParts): ReportedRecipient[] {
  const said = aboutEach(
    report.human,
    blocks.map((block) => block.addresses.at(-1) ?? block.addresses[0] ?? '\0'),
  );
  // An X.500 name or a local one, of a single recipient: then whoever the rest of the report names is meant.
  const unnamed = blocks.length === 1 && blocks[0]?.addresses.length === 0;
  const elsewhere = unnamed ? (readFreeText(report)[0]?.address ?? null) : null;
  const ours = writersOf(report);
  return blocks.map((block, i) => {
    const about = blocks.length === 1 ? report.human : (said[i] ?? '');
    // Some systems quote the answer in their prose alone; a number in it is nothing against a code that says enough.
    const coded = block.status !== '' && !block.status.endsWith('.0.0');
    const diagnostic = block.diagnostic || (coded ? '' : answerIn(about));
    const namesSender = namesOnly(ours, block.addresses, diagnostic);
    const verdict = judge({ ...block, diagnostic, context: `${block.remarks}\n${about}`, namesSender });
    const gaveUp = block.action !== 'delayed';
    return {
      address: block.addresses[0] ?? elsewhere,
      ...verdict,
      gaveUp,
      diagnostic: shorten(block.diagnostic || about),
    };
  });
}

/** Whoever sent what came back, as far as it tells. Few: each is looked for in every answer. */
const writersOf = (report: ReportParts): string[] =>
  ['from', 'sender', 'return-path']
    .map((name) => header(report.original, name))
    .flatMap((value) => addressesIn(value).slice(0, 3));

/** "550 <me@example.com> unknown": what is said of the writer alone is not said of a recipient. */
function namesOnly(writers: readonly string[], recipients: readonly string[], answer: string): boolean {
  const named = new Set(addressesIn(answer).map((address) => address.toLowerCase()));
  const isAmong = (address: string): boolean => named.has(address.toLowerCase());
  return writers.some(isAmong) && !recipients.some(isAmong);
}

function fromFreeText(report: ReportParts): ReportedRecipient[] {
  const gaveUp = !isDelayNotice(report);
  const action = isReceipt(report) ? 'delivered' : gaveUp ? '' : 'delayed';
  return readFreeText(report).map((entry) => ({
    address: entry.address,
    ...judge({ action, status: '', diagnosticType: '', ...entry }),
    gaveUp,
    diagnostic: shorten(entry.diagnostic),
  }));
}

/** Prose that names no address, no code and no reason reports nothing: couriers and postmasters write of delays too. */
const saysAnything = ({ address, status, reason }: ReportedRecipient): boolean =>
  address !== null || status !== null || !(reason === 'undefined' || reason === 'expired');

/** ARF (RFC 5965). `not-spam` takes a complaint back, so it is no complaint. */
function complaintOf(report: ReportParts, references: ReportReferences): FeedbackReport {
  const fields = report.feedback ?? new Map<string, string[]>();
  const feedbackType = header(fields, 'feedback-type').toLowerCase() || 'abuse';
  if (feedbackType === 'not-spam') return { ...nothing, references, feedbackType };
  const named = ['original-rcpt-to', 'removal-recipient']
    .flatMap((name) => fields.get(name) ?? [])
    .flatMap(addressesIn);
  const addresses = named.length > 0 ? named : addressesIn(header(report.original, 'to'));
  return { kind: 'complaint', recipients: complaints(addresses), references, feedbackType };
}

const complaints = (addresses: readonly string[]): ReportedRecipient[] =>
  (addresses.length > 0 ? [...new Set(addresses)].slice(0, 100) : [null]).map((address) => ({
    address,
    kind: 'complaint',
    reason: 'feedback',
    status: null,
    gaveUp: true,
    diagnostic: '',
  }));

const replyOf = (report: ReportParts, reason: 'vacation' | 'undefined'): ReportedRecipient => ({
  address: addressesIn(header(report.headers, 'from'))[0] ?? null,
  kind: 'auto-reply',
  reason,
  status: null,
  gaveUp: false,
  diagnostic: '',
});

/** Outlook.com's junk mail reports, from before RFC 5965: the reported message tells its reader in a field of theirs. */
const isHotmailComplaint = (report: ReportParts): boolean =>
  /^\s*complaint about message from/i.test(header(report.headers, 'subject')) &&
  (/staff@hotmail\.com/i.test(header(report.headers, 'from')) || report.original.has('x-hmxmroriginalrecipient'));

const isReadReceipt = (report: ReportParts): boolean =>
  /report-type\s*=\s*"?disposition-notification/i.test(header(report.headers, 'content-type'));

/** A mailbox may refuse in the form of a receipt (RFC 5429, Sieve), as Dovecot does when it is full. */
const isRejection = (report: ReportParts): boolean =>
  /was automatically rejected/i.test(report.human) || /\(rejected\)/i.test(header(report.headers, 'auto-submitted'));

function referencesOf(report: ReportParts): ReportReferences {
  const named = [
    header(report.original, 'message-id'),
    /^[ \t]*message-id:[ \t]*(\S{3,300})/im.exec(report.human)?.[1],
    header(report.headers, 'in-reply-to'),
  ];
  const originalMessageId = named.map((value) => /[^\s<>]{1,300}/.exec(value ?? '')?.[0]).find(Boolean);
  const addressed = ['to', 'delivered-to', 'x-original-to', 'envelope-to'].flatMap(
    (name) => report.headers.get(name) ?? [],
  );
  // Complaints go to the address of a feedback loop; the return path is then only in the message that came back.
  const returnedFrom = report.original.get('return-path') ?? [];
  const returnPathToken = [...addressed, ...returnedFrom].flatMap(addressesIn).find((address) => tagged.test(address));
  return {
    ...(originalMessageId === undefined ? {} : { originalMessageId }),
    ...(returnPathToken === undefined ? {} : { returnPathToken }),
  };
}

const withId = (references: ReportReferences, originalMessageId: string | undefined): ReportReferences =>
  originalMessageId === undefined ? references : { ...references, originalMessageId };

/** Sendmail tells the same of an address for every alias on the way to it. */
const withoutRepeats = (recipients: readonly ReportedRecipient[]): ReportedRecipient[] => {
  const told = ({ address, kind, reason, gaveUp }: ReportedRecipient): string =>
    JSON.stringify([address?.toLowerCase(), kind, reason, gaveUp]);
  return [...new Map(recipients.toReversed().map((each) => [told(each), each])).values()].toReversed();
};

const kindOf = (recipients: readonly ReportedRecipient[]): ReportKind =>
  urgency.find((kind) => recipients.some((recipient) => recipient.kind === kind)) ?? 'not-bounce';

const shorten = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, MAX_DIAGNOSTIC);
