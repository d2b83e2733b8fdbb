import { isUtf8 } from 'node:buffer';
import { fromWindows1252 } from '../shared/windows-1252.js';

/** Limits on what a stranger's message may make us do. Of a part that is longer only the front is read. */
const MAX_BYTES = 2_000_000;
const MAX_PARTS = 100;
const MAX_DEPTH = 8;
const MAX_LEAF = 200_000;
const MAX_HEADERS = 500;

/** Header fields by lower-case name, in order of appearance, unfolded, encoded words decoded. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** One leaf of a message: decoded text and what it was declared to be. */
export interface MimePart {
  readonly type: string;
  readonly headers: Headers;
  readonly text: string;
}

/** A message, flattened: its own headers and its leaves in order. `message/rfc822` is a leaf: it is not ours to read into. */
export interface MimeMessage {
  readonly headers: Headers;
  readonly parts: readonly MimePart[];
}

/**
 * Reads a raw message as far as a report needs it. Never throws: what cannot be decoded stays as it came. A walk of its
 * own because mail parsers drop or attach just the parts that matter here (message/delivery-status, rfc822-headers), and
 * because reports often have broken boundaries.
 */
export function readMime(raw: Buffer | string): MimeMessage {
  const bytes = typeof raw === 'string' ? Buffer.from(raw, 'utf8') : raw;
  // latin1 keeps every byte as one character; each leaf is decoded with its own charset later.
  const text = withoutBulk(bytes).toString('latin1').replace(/\r\n?/g, '\n');
  const start = text.startsWith('From ') ? text.indexOf('\n') + 1 : 0;
  const [headers, body] = split(text.slice(start).replace(/^\n+/, ''));
  const parts: MimePart[] = [];
  collect(headers, body, 0, parts);
  return { headers, parts };
}

/**
 * Leaves out what lies more than a leaf's length behind the last line that may be a boundary: some systems return the
 * whole message, attachments too, before they say what became of it. Lines of base64 never start with two dashes.
 */
function withoutBulk(bytes: Buffer): Buffer {
  if (bytes.length <= MAX_BYTES) return bytes;
  const kept: Buffer[] = [];
  let size = 0;
  for (let start = 0; start < bytes.length && size < MAX_BYTES;) {
    const room = start + Math.min(MAX_LEAF, MAX_BYTES - size);
    const next = boundaryAfter(bytes, start);
    kept.push(bytes.subarray(start, Math.min(next, room)), LINE_END);
    size += Math.min(next, room) - start;
    start = next;
  }
  return Buffer.concat(kept);
}

const LINE_END = Buffer.from('\n');
const DASHES = Buffer.from('\n--');

/** Where the next line that starts with two dashes begins, or the end. */
function boundaryAfter(bytes: Buffer, start: number): number {
  const found = bytes.indexOf(DASHES, start);
  return found === -1 ? bytes.length : found + 1;
}

/** First value of a header, or an empty string. */
export const header = (headers: Headers, name: string): string => headers.get(name)?.[0] ?? '';

/** Parses a block of header fields, such as a text/rfc822-headers part or the head of a returned message. */
export function readHeaders(block: string): Headers {
  const headers = new Map<string, string[]>();
  let seen = 0;
  for (const line of block.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 1 || colon > 76 || ++seen > MAX_HEADERS) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (name.includes(' ')) continue;
    const values = headers.get(name) ?? [];
    values.push(decodeWords(line.slice(colon + 1).trim()));
    headers.set(name, values);
  }
  return headers;
}

function split(text: string): [Headers, string] {
  const end = text.search(/\n[ \t]*\n/);
  if (end === -1) return [readHeaders(inUtf8(text)), ''];
  return [readHeaders(inUtf8(text.slice(0, end))), text.slice(text.indexOf('\n', end + 1) + 1)];
}

/** RFC 6532: header fields may hold bare UTF-8, and reports in other languages do. What is none stays as it came. */
function inUtf8(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : latin1;
}

function collect(headers: Headers, body: string, depth: number, parts: MimePart[]): void {
  if (parts.length >= MAX_PARTS) return;
  const declared = header(headers, 'content-type');
  const type = (/^\s*([\w.+-]+\/[\w.+-]+)/.exec(declared)?.[1] ?? 'text/plain').toLowerCase();
  const sections = type.startsWith('multipart/') && depth < MAX_DEPTH ? sectionsOf(body, declared) : [];
  if (sections.length > 0) {
    for (const section of sections) {
      const [inner, rest] = section.startsWith('\n') ? [new Map() as Headers, section.slice(1)] : split(section);
      collect(inner, rest, depth + 1, parts);
    }
    return;
  }
  parts.push({
    // A multipart without any boundary in it is what is left of one: read it as the text that it has become.
    type: type.startsWith('multipart/') ? 'text/plain' : type,
    headers,
    // Decoded only when asked for: the HTML twin and the returned message seldom are, and they are most of the bytes.
    get text() {
      return decodeBody(body.slice(0, MAX_LEAF), headers, declared);
    },
  });
}

/** Cuts a multipart body at its boundary lines. White space before the dashes is forgiven: relays have added it. */
function sectionsOf(body: string, contentType: string): string[] {
  const boundary = /boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType)?.slice(1).find(Boolean);
  let delimiter = `--${boundary ?? ''}`;
  const lines = body.split('\n');
  if (boundary === undefined || !lines.some((line) => line.trimStart().startsWith(delimiter))) {
    // The declared boundary does not occur: take the first line that looks like one, as readers of broken mail do.
    delimiter = lines.find((line) => /^\s*--[^\s-][^\s]{5,200}\s*$/.test(line))?.trim() ?? '';
    if (delimiter === '') return [];
  }
  const sections: string[] = [];
  let current: string[] | undefined;
  for (const line of lines) {
    const candidate = line.trim();
    if (candidate === delimiter || candidate === `${delimiter}--`) {
      if (current !== undefined) sections.push(current.join('\n'));
      if (candidate !== delimiter || sections.length >= MAX_PARTS) return sections;
      current = [];
    } else current?.push(line);
  }
  if (current !== undefined) sections.push(current.join('\n'));
  return sections;
}

function decodeBody(body: string, headers: Headers, contentType: string): string {
  const encoding = header(headers, 'content-transfer-encoding').toLowerCase();
  const charset = /charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType)?.[1] ?? '';
  if (encoding.startsWith('base64')) return decodeCharset(Buffer.from(body, 'base64'), charset);
  if (encoding.startsWith('quoted')) return decodeCharset(decodeQuoted(body), charset);
  return decodeCharset(Buffer.from(body, 'latin1'), charset);
}

const decodeQuoted = (text: string): Buffer =>
  Buffer.from(
    text
      .replace(/=[ \t]*\n/g, '')
      .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );

/** Unknown and undeclared charsets are read as UTF-8, which is what undeclared 8-bit text has become. */
function decodeCharset(bytes: Buffer, charset: string): string {
  if (charset === '') return bytes.toString('utf8');
  try {
    // RFC 2781: the byte-order mark decides; the decoder takes the bare name for little-endian.
    const bigEndian = /^utf-?16$/i.test(charset) && bytes[0] === 0xfe && bytes[1] === 0xff;
    const decoder = new TextDecoder(bigEndian ? 'utf-16be' : charset);
    const text = decoder.decode(bytes);
    return decoder.encoding === 'windows-1252' ? fromWindows1252(text) : text;
  } catch (cause) {
    // A charset that nobody decodes any more, such as unicode-1-1-utf-7 in reports of old Hotmail.
    if ((cause as NodeJS.ErrnoException).code === 'ERR_ENCODING_NOT_SUPPORTED') return bytes.toString('utf8');
    throw cause;
  }
}

/** RFC 2047 encoded words. */
const decodeWords = (text: string): string =>
  text.includes('=?')
    ? text
        .replace(/\?=\s+=\?/g, '?==?')
        .replace(
          /=\?([\w.:-]{1,40})(?:\*[\w-]{1,20})?\?([bq])\?([^?\s]{0,500})\?=/gi,
          (_, charset: string, how: string, data: string) =>
            decodeCharset(
              how.toLowerCase() === 'b' ? Buffer.from(data, 'base64') : decodeQuoted(data.replace(/_/g, ' ')),
              charset,
            ),
        )
    : text;
