import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { folderFault } from '../platform/config/index.js';
import { InvalidInputError } from '../shared/errors.js';

export type TextEncoding = 'utf-8' | 'windows-1252';
export type Delimiter = ',' | ';' | '\t';

/** A file that was looked at from its first byte to its last, but not yet read as a table. */
export type TableFile = {
  readonly path: string;
  /** Without its folder: what reports and errors say. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
} & (
  | {
      readonly format: 'csv';
      readonly encoding: TextEncoding;
      readonly delimiter: Delimiter;
      /** The byte at which the first row starts: after the line that tells Excel the delimiter, where there is one. */
      readonly start: number;
    }
  | { readonly format: 'xlsx' }
);

const HEAD = 65_536;

/**
 * Tells CSV from XLSX by content, never by the file's name, and finds the encoding by reading all of it: one stray byte
 * at the end of a million rows decides between UTF-8 and Windows-1252.
 * @throws InvalidInputError with one sentence for a file that is missing, a folder, empty, or no table.
 */
export async function inspectTableFile(path: string): Promise<TableFile> {
  const name = basename(path);
  await requireReadableFile(path, name);
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let head = Buffer.alloc(0);
  let bytes = 0;
  let isUtf8 = true;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      if (head.length < HEAD) head = Buffer.concat([head, chunk]).subarray(0, HEAD);
      isUtf8 &&= decodes(decoder, chunk);
    }
  } catch (error) {
    throw unreadable(name, error);
  }
  isUtf8 &&= decodes(decoder);
  const about = { path, name, bytes, sha256: hash.digest('hex') };
  if (head.subarray(0, 4).toString('latin1') === 'PK\x03\x04') return { ...about, format: 'xlsx' };
  refuseWhatIsNoText(head, name);
  const encoding = isUtf8 ? 'utf-8' : 'windows-1252';
  return { ...about, format: 'csv', encoding, ...layoutOf(head.toString('latin1')) };
}

async function requireReadableFile(path: string, name: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new InvalidInputError('file-missing', `There is no readable file ${name} at ${path}.`, { cause });
  });
  if (found.isDirectory()) throw new InvalidInputError('file-is-a-folder', `${name} is a folder; name a file in it.`);
  if (!found.isFile()) throw new InvalidInputError('not-a-table', `${name} is no ordinary file.`);
}

/** A fault of the disk, or a file or folder that this user may not read. */
export function unreadable(name: string, cause: unknown): InvalidInputError {
  return new InvalidInputError('file-unreadable', `${name} cannot be read: ${folderFault(cause)}.`, { cause });
}

function decodes(decoder: InstanceType<typeof TextDecoder>, chunk?: Buffer): boolean {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined });
    return true;
  } catch {
    return false; // the fatal decoder's only error: bytes that are not UTF-8, which is the answer asked for
  }
}

const EXPECTED = 'Expected a CSV file or an Excel workbook (.xlsx)';

const UTF_16 = 'is encoded as UTF-16; save it as "CSV UTF-8"';

const NO_TABLES: readonly { starts: RegExp; is: string }[] = [
  { starts: /^%PDF-/, is: 'is a PDF document' },
  { starts: /^\xd0\xcf\x11\xe0/, is: 'is an old Excel workbook (.xls) or is locked with a password; save it as .xlsx' },
  { starts: /^(?:\xff\xfe|\xfe\xff)/, is: UTF_16 },
  {
    starts: /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|head|body|table)\b/i,
    is: 'is a web page or XML, not a table',
  },
  { starts: /^\x1f\x8b/, is: 'is compressed with gzip; unpack it first' },
  { starts: /^(?:\xef\xbb\xbf)?\s*[[{]\s*["{[]/, is: 'is JSON, not a table' },
];

function refuseWhatIsNoText(head: Buffer, name: string): void {
  const text = head.toString('latin1');
  if (text.replace(/^\xef\xbb\xbf/, '').trim() === '') {
    throw new InvalidInputError('file-empty', `${name} is empty. ${EXPECTED} with a header row.`);
  }
  const known = NO_TABLES.find(({ starts }) => starts.test(text));
  if (known) throw new InvalidInputError('not-a-table', `${name} ${known.is}. ${EXPECTED}.`);
  const kind = kindByNulls(head);
  if (kind !== undefined) throw new InvalidInputError('not-a-table', `${name} ${kind}. ${EXPECTED}.`);
}

/** UTF-16 without a mark has one in every other place. A stray one in a text is a fault of its cell, which is named. */
function kindByNulls(head: Buffer): string | undefined {
  const nulls = (remainder: 0 | 1): number => head.filter((byte, i) => byte === 0 && i % 2 === remainder).length;
  const even = nulls(0);
  const odd = nulls(1);
  if (Math.max(even, odd) > head.length * 0.3 && Math.min(even, odd) < head.length * 0.02) return UTF_16;
  return even + odd > head.length * 0.01 + 1 ? 'is a binary file' : undefined;
}

/** Excel hides this line, so it is no row. */
const TELLS_EXCEL = /^(?:\xef\xbb\xbf)?"?sep=([,;\t])"?(?:\r\n?|\n)/i;

function layoutOf(text: string): { delimiter: Delimiter; start: number } {
  const told = TELLS_EXCEL.exec(text);
  return told === null
    ? { delimiter: delimiterOf(text), start: 0 }
    : { delimiter: told[1] as Delimiter, start: told[0].length };
}

/** The candidate that occurs most often in the first line outside quotation marks. */
function delimiterOf(text: string): Delimiter {
  const [line = ''] = text
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .replace(/"[^"]*"/g, '')
    .split(/[\r\n]/, 1);
  const count = (delimiter: string): number => line.split(delimiter).length;
  return ([',', ';', '\t'] as const).reduce((best, next) => (count(next) > count(best) ? next : best));
}
