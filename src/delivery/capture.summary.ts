/** What the inbox lists and searches of a message, taken from it once when it is captured. */
export interface CapturedSummary {
  /** Envelope sender, empty for the null return path. */
  readonly from: string;
  /** Envelope recipients, comma-separated: who would really have got it. */
  readonly to: string;
  readonly subject: string;
  /** The Date header, as ISO 8601; null where there is none that can be read. */
  readonly date: string | null;
  /** The plain-text part with each run of white space as one space. */
  readonly text: string;
  /** Of the raw message, in bytes. */
  readonly size: number;
}

/** Deeper nesting than any real message has. */
const DEEPEST = 8;
const ENCODED_WORD = /=\?([\w-]+)(?:\*[\w-]*)?\?([qb])\?([^?]*)\?=/gi;

/**
 * Reads only what the summary needs: a whole MIME parser costs some fifty times as much, and the inbox keeps pace with
 * the sender. The inbox opens a message with a real parser.
 */
export function summarise(from: string, to: readonly string[], raw: Buffer): CapturedSummary {
  const message = raw.toString('latin1');
  const header = headerOf(message);
  const date = new Date(field(header, DATE));
  return {
    ...{ from, to: to.join(', '), size: raw.length },
    subject: decodeWords(field(header, SUBJECT)),
    date: Number.isNaN(date.getTime()) ? null : date.toISOString(),
    text: plainText(message, DEEPEST)?.replace(/\s+/g, ' ').trim() ?? '',
  };
}

const DATE = headerField('date');
const SUBJECT = headerField('subject');
const CONTENT_TYPE = headerField('content-type');
const ENCODING = headerField('content-transfer-encoding');

function plainText(part: string, depth: number): string | undefined {
  const header = headerOf(part);
  const contentType = field(header, CONTENT_TYPE) || 'text/plain';
  const body = part.slice(header.length).replace(/^\r?\n\r?\n/, '');
  if (/^text\/plain\b/i.test(contentType)) {
    const charset = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
    return decodeText(transferDecoded(body, field(header, ENCODING)), charset);
  }
  const boundary = /^multipart\/.*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  if (!boundary || depth === 0) return undefined;
  for (const piece of parts(body, `--${boundary[1] ?? boundary[2] ?? ''}`)) {
    const text = plainText(piece, depth - 1);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** What stands between the delimiters, one at a time: the text part usually is the first. */
function* parts(body: string, delimiter: string): Generator<string> {
  for (let start = body.indexOf(delimiter); start >= 0;) {
    const from = body.indexOf('\n', start) + 1;
    if (from === 0 || body.startsWith('--', start + delimiter.length)) return;
    const end = body.indexOf(delimiter, from);
    yield body.slice(from, end < 0 ? undefined : end);
    start = end;
  }
}

function headerOf(part: string): string {
  const end = /\r?\n\r?\n/.exec(part);
  return end ? part.slice(0, end.index) : part;
}

function headerField(name: string): RegExp {
  return new RegExp(`^${name}:(.*(?:\\r?\\n[ \\t].*)*)`, 'im');
}

function field(header: string, name: RegExp): string {
  return (
    name
      .exec(header)?.[1]
      ?.replace(/\r?\n(?=[ \t])/g, '')
      .trim() ?? ''
  );
}

function transferDecoded(body: string, encoding: string): Buffer {
  switch (encoding.toLowerCase()) {
    case 'quoted-printable':
      return hexDecoded(body.replace(/=[ \t]*\r?\n/g, ''));
    case 'base64':
      return Buffer.from(body, 'base64');
    default:
      return Buffer.from(body, 'latin1');
  }
}

function decodeWords(text: string): string {
  return text
    .replace(/(=\?[^?\s]+\?[qb]\?[^?]*\?=)\s+(?==\?[^?\s]+\?[qb]\?)/gi, '$1')
    .replace(ENCODED_WORD, (_word, charset: string, encoding: string, encoded: string) =>
      decodeText(
        encoding.toLowerCase() === 'b' ? Buffer.from(encoded, 'base64') : hexDecoded(encoded.replaceAll('_', ' ')),
        charset,
      ),
    );
}

function hexDecoded(text: string): Buffer {
  return Buffer.from(
    text.replace(/=([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
}

function decodeText(bytes: Buffer, charset: string): string {
  if (/^(?:utf-?8|us-ascii)$/i.test(charset)) return bytes.toString('utf8');
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // An unknown charset: what is ASCII in it can still be found.
    return bytes.toString('latin1');
  }
}
