import { addressOf, readDeliveryStatus, type StatusBlock } from './delivery-status.reader.js';
import { header, readHeaders, type Headers, type MimeMessage, type MimePart } from './mime.reader.js';
import { returnedMessageMarks } from './returned-message.rules.js';

const MAX_TEXT = 100_000;
const originalTypes = new Set([
  'message/rfc822',
  'text/rfc822-headers',
  'text/rfc822-header',
  'message/rfc822-headers',
  'message/global',
  'message/global-headers',
  'message/partial',
]);
const statusTypes = new Set(['message/delivery-status', 'message/global-delivery-status', 'message/delivery-report']);

/** A message taken apart into what a report is made of. */
export interface ReportParts {
  readonly headers: Headers;
  /** What a person would read, up to the quoted message. */
  readonly human: string;
  readonly blocks: readonly StatusBlock[];
  /** Fields of message/feedback-report (RFC 5965), or null. */
  readonly feedback: Headers | null;
  /** Header of the message that came back, as far as the report quotes it. */
  readonly original: Headers;
  /** That message, or as much of it as was attached or quoted. */
  readonly returned: string;
  /** A delivery report was declared: multipart/report of no other type (as of TLS reports), or message/delivery-status. */
  readonly declared: boolean;
}

export function readParts(message: MimeMessage): ReportParts {
  const { headers } = message;
  const isReport = isDeliveryReport(header(headers, 'content-type'));
  const parts = message.parts.map((part) =>
    isReport && isStatusFile(part) ? { ...part, type: 'message/delivery-status' } : part,
  );
  const readable = parts.filter(
    (part) => !originalTypes.has(part.type) && !statusTypes.has(part.type) && part.type !== 'message/feedback-report',
  );
  const plain = readable
    .filter((part) => part.type === 'text/plain')
    .map((part) => part.text)
    .join('\n');
  const shown =
    plain.trim() === ''
      ? readable
          .filter((part) => part.type === 'text/html')
          .map((part) => textOfHtml(part.text))
          .join('\n')
      : plain;
  const [human, quoted] = cutReturned(withoutFooters(shown.slice(0, MAX_TEXT)));
  const status = parts.filter((part) => statusTypes.has(part.type));
  const returned = parts.find((part) => originalTypes.has(part.type))?.text ?? quoted;
  const feedback = parts.find((part) => part.type === 'message/feedback-report');
  return {
    headers,
    human,
    blocks: status.length > 0 ? status.flatMap((part) => readDeliveryStatus(part.text)) : readDeliveryStatus(shown),
    feedback: feedback ? readHeaders(feedback.text) : null,
    original: readHeaders(headOf(returned)),
    returned,
    declared: status.length > 0 || isReport,
  };
}

const isDeliveryReport = (contentType: string): boolean =>
  /^\s*multipart\/report\b/i.test(contentType) && !/report-type\s*=\s*"?(?!delivery)[\w-]/i.test(contentType);

/** Some relays pass on as a mere file what they do not know. In a letter it would be what a person attached. */
const isStatusFile = (part: MimePart): boolean =>
  part.type === 'application/octet-stream' && /^\s*reporting-mta\s*:/i.test(part.text);

/** Drops the lines by which gateways sign all mail, reports too: they name viruses and spam that nobody found. */
const withoutFooters = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !signature.test(line) || outcome.test(line))
    .join('\n');

const signature =
  /\b(?:scanned|checked|swept|screened) (?:for|by|with)\b|\bfound to be clean\b|\bvirus[- ]free\b|\bfree (?:of|from) (?:known )?(?:virus|malware)/i;
/** A line that tells what became of the message is no signature. */
const outcome = /reject|block|refus|return|detect|infect|contains|fail|deliver|quarantin/i;

/** "Original Message ID: …", "Original Message Details": the report goes on behind them. */
const detail = /^(?:original )?message (?:headers? )?(?:id|details|size|subject|date)\b/;

/** Splits at the line that announces the returned message, or where its header visibly begins. */
function cutReturned(text: string): [string, string] {
  const lines = text.split('\n');
  for (let i = 1; i < lines.length; i++) {
    const line = (lines[i] ?? '').trim();
    const bare = line.replace(/^[-=#*_> ]{1,100}|[-=#*_>:. ]{1,100}$/g, '').toLowerCase();
    const announced =
      bare.length < 90 && returnedMessageMarks.some((mark) => bare.startsWith(mark)) && !detail.test(bare);
    if (announced) return [lines.slice(0, i).join('\n'), lines.slice(i + 1).join('\n')];
    const begins =
      /^Received: (?:from|by|\(qmail)\b/i.test(line) ||
      (/^(?:Received|Return-Path|DKIM-Signature): ./i.test(line) && (lines[i - 1] ?? '').trim() === '');
    if (begins) return [lines.slice(0, i).join('\n'), lines.slice(i).join('\n')];
  }
  return [text, ''];
}

const headOf = (text: string): string => {
  const trimmed = text.replace(/^[\s-]+/, '').replace(/^From .*\n/, '');
  return trimmed.split(/\n[ \t]*\n/, 1)[0] ?? '';
};

function textOfHtml(html: string): string {
  return html
    .slice(0, MAX_TEXT)
    .replace(/<(?:br|\/p|\/div|\/tr|\/h\d|\/li)\b[^<>]{0,200}>/gi, '\n')
    .replace(/<(?=[a-z/!])[^<>@]{0,1000}>/gi, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&nbsp;/g, ' ')
    .replace(/&#(\d{1,6});/g, (_, code: string) => String.fromCodePoint(Math.min(Number(code), 0xffff)))
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
}

/** Every address of a header field. */
export const addressesIn = (value: string): string[] =>
  value
    .slice(0, 20_000)
    .split(/[,\s]+/)
    .map((piece) => addressOf(piece.replace(/;/g, '')))
    .filter((address) => address !== '');
