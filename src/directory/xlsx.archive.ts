import { createWriteStream } from 'node:fs';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { type SaxesParser } from 'saxes';
import { InvalidInputError } from '../shared/errors.js';

const MAX_ENTRIES = 5_000;
/** Unpacked, all parts together. A workbook of a million rows takes about half. */
const MAX_UNPACKED = 1_073_741_824;
/** Sheets pack 5 to 40 times; a bomb packs about 1,000 times. Small parts may be anything. */
const MAX_RATIO = 200;
const RATIO_MATTERS_FROM = 16_777_216;

/** The zip file of a workbook, opened after its size was found harmless. */
export class XlsxArchive {
  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly fileName: string,
  ) {}

  /** @throws InvalidInputError when it is no zip, is encrypted, or would unpack to an unreasonable size. */
  static async open(path: string, fileName: string): Promise<XlsxArchive> {
    let zip: ZipFile | undefined;
    try {
      zip = await openPromise(path, { lazyEntries: true, autoClose: false });
      const entries = new Map<string, Entry>();
      let unpacked = 0;
      if (zip.entryCount > MAX_ENTRIES) throw tooLarge(fileName);
      for await (const entry of zip.eachEntry()) {
        unpacked += entry.uncompressedSize;
        if (entry.isEncrypted()) throw refused(fileName, 'is locked with a password; save it without one');
        if (unpacked > MAX_UNPACKED || packsTooWell(entry)) throw tooLarge(fileName);
        entries.set(entry.fileName, entry);
      }
      return new XlsxArchive(zip, entries, fileName);
    } catch (error) {
      zip?.close();
      throw error instanceof InvalidInputError ? error : this.damaged(fileName, error);
    }
  }

  has(part: string): boolean {
    return this.entries.has(part);
  }

  get isWorkbook(): boolean {
    return this.has('xl/workbook.xml') || this.has('[Content_Types].xml');
  }

  get parts(): string[] {
    return [...this.entries.keys()];
  }

  async save(part: string, path: string): Promise<void> {
    const entry = this.entries.get(part);
    if (!entry) throw XlsxArchive.damaged(this.fileName);
    try {
      await pipeline(await this.zip.openReadStreamPromise(entry), createWriteStream(path));
    } catch (error) {
      throw XlsxArchive.damaged(this.fileName, error);
    }
  }

  /** Unpacked size in bytes as the archive declares it; reading fails when that was a lie. */
  sizeOf(part: string): number {
    return this.entries.get(part)?.uncompressedSize ?? 0;
  }

  /**
   * Feeds a part to an XML parser and yields after each chunk, so that the caller can take what has been collected.
   * Entities other than XML's own five are errors to saxes, so that none can be expanded into a bomb.
   */
  async *parse(part: string, parser: SaxesParser): AsyncGenerator<{ bytes: number }> {
    const entry = this.entries.get(part);
    if (!entry) throw XlsxArchive.damaged(this.fileName);
    let stream: Readable | undefined;
    try {
      stream = await this.zip.openReadStreamPromise(entry);
      stream.setEncoding('utf8');
      let bytes = 0;
      for await (const chunk of stream as AsyncIterable<string>) {
        parser.write(chunk);
        bytes += Buffer.byteLength(chunk);
        yield { bytes };
      }
      parser.close();
    } catch (error) {
      throw error instanceof InvalidInputError ? error : XlsxArchive.damaged(this.fileName, error);
    } finally {
      stream?.destroy();
    }
  }

  close(): void {
    this.zip.close();
  }

  private static damaged(fileName: string, cause?: unknown): InvalidInputError {
    const text = `${fileName} is a damaged workbook or another kind of zip file. Expected CSV or .xlsx as Excel saves it.`;
    return new InvalidInputError('workbook-damaged', text, { cause });
  }
}

function packsTooWell({ uncompressedSize, compressedSize }: Entry): boolean {
  return uncompressedSize > RATIO_MATTERS_FROM && uncompressedSize > MAX_RATIO * Math.max(1, compressedSize);
}

function tooLarge(fileName: string): InvalidInputError {
  return refused(fileName, 'would unpack to more than a workbook should hold; save the sheet as CSV');
}

function refused(fileName: string, what: string): InvalidInputError {
  return new InvalidInputError('workbook-refused', `${fileName} ${what}.`);
}
