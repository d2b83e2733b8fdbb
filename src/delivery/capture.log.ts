import { randomBytes } from 'node:crypto';
import { fstatSync, ftruncateSync, readSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '../shared/errors.js';
import { BLOCK_HEADER_LENGTH, type BlockHeader, decodeHeader, encodeBlock } from './capture.block.js';
import type { CapturedSummary } from './capture.summary.js';

/** Where a block stands. */
export interface BlockRef extends BlockHeader {
  readonly segment: string;
  readonly offset: number;
}

export interface CaptureLimits {
  /** Above this the oldest segments go. */
  readonly messages: number;
  /** Of compressed messages on disk. */
  readonly bytes: number;
}

interface Entry {
  readonly summary: CapturedSummary;
  readonly raw: Buffer;
  readonly resolve: (id: string) => void;
  readonly reject: (error: unknown) => void;
}

interface KnownSegment {
  readonly file: FileHandle;
  readonly blocks: BlockRef[];
  end: number;
}

interface Segment {
  readonly file: FileHandle;
  readonly name: string;
  length: number;
  count: number;
}

const SUFFIX = '.blocks';
/** A tenth of the bound, so that dropping the oldest segment never drops much. */
const SEGMENTS = 10;
/** A block larger than this is not joined by another message: opening one message decompresses its whole block. */
const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * Captured messages in append-only files. Whatever arrives while one block is compressed and written makes up the next,
 * so that blocks grow with the load. An entry is answered after its block is with the operating system: it survives the
 * end of the process, however sudden. Several processes may write (each has files of its own) and read.
 */
export class CaptureLog {
  private pending: Entry[] = [];
  private writing: Promise<void> | undefined;
  private segment: Segment | undefined;
  /** Blocks of each segment that are known so far, and where the next one would begin. */
  private known = new Map<string, KnownSegment>();

  constructor(
    private readonly folder: string,
    private readonly limits: CaptureLimits,
  ) {}

  /** The id of the message, by which `get` finds it. Rejects if it could not be written. */
  append(summary: CapturedSummary, raw: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.pending.push({ summary, raw, resolve, reject });
      this.writing ??= this.drain();
    });
  }

  /** All whole blocks, oldest first. */
  async blocks(): Promise<BlockRef[]> {
    const names = new Set(await this.segments());
    for (const name of this.known.keys()) if (!names.has(name)) await this.forget(name);
    for (const name of names) await this.catchUp(name);
    return [...this.known.values()].flatMap(({ blocks }) => blocks).sort(byAge);
  }

  /**
   * Bytes of a block, counted from the end of its header. Synchronous: a search reads thousands of pieces that the
   * operating system has at hand, and four trips through the thread pool would cost ten times the reading.
   * @throws NotFoundError if the block is gone, because the inbox was cleared meanwhile.
   */
  read(block: BlockRef, from: number, length: number): Buffer {
    const segment = this.known.get(block.segment);
    if (!segment) throw new NotFoundError('captured-message', 'This captured message is no longer kept');
    const bytes = Buffer.allocUnsafe(length);
    readSync(segment.file.fd, bytes, 0, length, block.offset + BLOCK_HEADER_LENGTH + from);
    return bytes;
  }

  async clear(): Promise<void> {
    await this.writing;
    await this.retireSegment();
    for (const name of await this.segments()) await this.remove(name);
  }

  async close(): Promise<void> {
    await this.writing;
    await this.retireSegment();
    for (const name of this.known.keys()) await this.forget(name);
  }

  private async drain(): Promise<void> {
    // Messages that arrive in the same turn of the event loop belong to one block.
    await new Promise(setImmediate);
    while (this.pending.length > 0) {
      const group = this.nextGroup();
      try {
        const { name, offset } = await this.write(group);
        group.forEach(({ resolve }, index) => {
          resolve(`${name}.${offset}.${index}`);
        });
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.writing = undefined;
  }

  private nextGroup(): Entry[] {
    let bytes = 0;
    const end = this.pending.findIndex(({ raw }) => (bytes += raw.length) > BLOCK_BYTES);
    return this.pending.splice(0, end < 0 ? this.pending.length : Math.max(1, end));
  }

  private async write(group: readonly Entry[]): Promise<{ name: string; offset: number }> {
    const block = await encodeBlock(
      group.map(({ summary }) => summary),
      group.map(({ raw }) => raw),
      Date.now(),
    );
    const segment = await this.currentSegment();
    const offset = segment.length;
    // Into the page cache, some 10 us: a trip through the thread pool costs more.
    try {
      writeFileSync(segment.file.fd, block);
    } catch (error) {
      // A full disk leaves half a block: nothing may be written behind it.
      ftruncateSync(segment.file.fd, offset);
      throw error;
    }
    segment.length += block.length;
    segment.count += group.length;
    return { name: segment.name, offset };
  }

  private async currentSegment(): Promise<Segment> {
    const { messages, bytes } = this.limits;
    const current = this.segment;
    if (current && current.count < messages / SEGMENTS && current.length < bytes / SEGMENTS) {
      // Another process may have cleared the inbox and with it the file.
      if (fstatSync(current.file.fd).nlink > 0) return current;
    }
    await this.retireSegment();
    await mkdir(this.folder, { recursive: true });
    await this.prune();
    const name = `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(4).toString('hex')}`;
    const file = await open(join(this.folder, name + SUFFIX), 'ax', 0o600);
    return (this.segment = { file, name, length: 0, count: 0 });
  }

  private async retireSegment(): Promise<void> {
    const { segment } = this;
    this.segment = undefined;
    await segment?.file.close();
  }

  private async prune(): Promise<void> {
    await this.blocks();
    const sizes = [...this.known].map(([name, { blocks, end }]) => ({
      name,
      bytes: end,
      count: blocks.reduce((sum, { count }) => sum + count, 0),
    }));
    let messages = sizes.reduce((sum, { count }) => sum + count, this.limits.messages / SEGMENTS);
    let bytes = sizes.reduce((sum, size) => sum + size.bytes, this.limits.bytes / SEGMENTS);
    for (const size of sizes) {
      if (messages <= this.limits.messages && bytes <= this.limits.bytes) return;
      await this.remove(size.name);
      messages -= size.count;
      bytes -= size.bytes;
    }
  }

  private async remove(name: string): Promise<void> {
    await rm(join(this.folder, name + SUFFIX), { force: true });
    await this.forget(name);
  }

  private async forget(name: string): Promise<void> {
    const segment = this.known.get(name);
    this.known.delete(name);
    await segment?.file.close();
  }

  /** Names begin with the time of their making: in order, oldest first. */
  private async segments(): Promise<string[]> {
    try {
      const files = await readdir(this.folder);
      return files
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length))
        .sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Undefined when another process has dropped it since it was listed. */
  private async openSegment(name: string): Promise<KnownSegment | undefined> {
    let file: FileHandle;
    try {
      file = await open(join(this.folder, name + SUFFIX), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const known = this.known.get(name);
    if (known) await file.close();
    else this.known.set(name, { file, blocks: [], end: 0 });
    return this.known.get(name);
  }

  private async catchUp(name: string): Promise<void> {
    const segment = this.known.get(name) ?? (await this.openSegment(name));
    if (!segment) return;
    const { file, blocks } = segment;
    const { size } = await file.stat();
    const bytes = Buffer.alloc(BLOCK_HEADER_LENGTH);
    while (segment.end + BLOCK_HEADER_LENGTH <= size) {
      readSync(file.fd, bytes, 0, BLOCK_HEADER_LENGTH, segment.end);
      const header = decodeHeader(bytes);
      if (!header) return;
      const end = segment.end + BLOCK_HEADER_LENGTH + header.summariesLength + header.rawsLength;
      // Its end is not written: in progress, or torn by a crash before anybody was told that it was there.
      if (end > size) return;
      blocks.push({ ...header, segment: name, offset: segment.end });
      segment.end = end;
    }
  }
}

function byAge(a: BlockRef, b: BlockRef): number {
  return a.time - b.time || (a.segment < b.segment ? -1 : Number(a.segment > b.segment)) || a.offset - b.offset;
}
