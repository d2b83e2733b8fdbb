import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { type DkimIdentity, prepareSigner } from './mime.dkim.js';
import { HEAD_ROOM, type Signed, type SigningTools, type ToSign } from './signing.memory.js';

/** The compiled program, also for a test that runs from the sources. */
const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'delivery', 'signing.thread.js');

/** The way to a thread and back costs 80 us, whatever it carries: as much as a signature by Ed25519. */
const TOGETHER = 16;
/** In milliseconds: so long a few wait for others. */
const PATIENCE = 5;
/** More would have nothing to do: four threads sign 9,000 messages a second by RSA-2048. */
const MOST_THREADS = 4;
/** While a thread signs some, others are with it: it is never idle. */
const WITH_A_THREAD = 2;

const THREADS = Math.min(availableParallelism(), MOST_THREADS);
/** So many messages keep all threads busy. */
export const BEING_SIGNED = THREADS * WITH_A_THREAD * TOGETHER;

/** A message with its head room: nearly all are smaller. */
const PLACE = 64 * 1024;

export interface SignedMessage {
  readonly mime: Buffer;
  /** To be called once when nobody reads `mime` any more. */
  readonly done: () => void;
}

interface Waiting extends ToSign {
  readonly settle: (signed: Signed) => void;
}

/**
 * Signs messages with DKIM in threads of their own. In the pool of libuv a signature by Ed25519 cost the main thread as
 * much as the signature itself (100 us, with the headers and the digest of the body): a third of all that it can do.
 * Messages lie in one piece of memory that all threads share: to hand over memory with each had the garbage collector
 * look through the heap after every few thousand.
 */
export class SigningPool {
  private readonly tools: SigningTools;
  private started: Piscina<ToSign[], Signed[]> | undefined;
  private readonly signHere: (mime: Buffer) => string;
  private readonly bytes: Buffer;
  private readonly free: number[];
  private waiting: Waiting[] = [];
  private patience: NodeJS.Timeout | undefined;
  private closed = false;

  /** Starts no thread yet. `most`: messages at once, from `sign` until they are done. */
  constructor(identity: DkimIdentity, most: number) {
    this.tools = { identity, memory: new SharedArrayBuffer(most * PLACE) };
    this.bytes = Buffer.from(this.tools.memory);
    this.free = Array.from({ length: most }, (_, i) => i * PLACE);
    this.signHere = prepareSigner(identity);
  }

  /** @throws Error when it cannot be signed. */
  async sign(mime: Buffer): Promise<SignedMessage> {
    const at = HEAD_ROOM + mime.length <= PLACE ? this.free.pop() : undefined;
    if (at === undefined) return { mime: Buffer.concat([Buffer.from(this.signHere(mime), 'latin1'), mime]), done() {} };
    const done = (): void => void this.free.push(at);
    const start = at + HEAD_ROOM;
    mime.copy(this.bytes, start);
    const signed = await this.inThread(at, mime.length);
    if (typeof signed === 'number') return { mime: this.bytes.subarray(start - signed, start + mime.length), done };
    done();
    throw new Error(signed);
  }

  /** What is not signed yet never is. */
  async close(): Promise<void> {
    this.closed = true;
    void this.signWaiting();
    await this.started?.destroy();
  }

  private inThread(at: number, length: number): Promise<Signed> {
    return new Promise((settle) => {
      this.waiting.push({ at, length, settle });
      if (this.waiting.length >= TOGETHER) void this.signWaiting();
      else this.patience ??= setTimeout(() => void this.signWaiting(), PATIENCE);
    });
  }

  private threads(): Piscina<ToSign[], Signed[]> {
    this.started ??= new Piscina({
      filename: PROGRAM,
      workerData: this.tools,
      // With fewer, what waits after the loss of all threads would wait until something else comes.
      minThreads: THREADS,
      maxThreads: THREADS,
      concurrentTasksPerWorker: WITH_A_THREAD,
    });
    return this.started;
  }

  private async signWaiting(): Promise<void> {
    clearTimeout(this.patience);
    this.patience = undefined;
    const batch = this.waiting;
    this.waiting = [];
    const work = batch.map(({ at, length }) => ({ at, length }));
    // The threads would begin anew.
    const signed = this.closed ? 'closed' : await this.threads().run(work).catch(nameOf);
    for (const [i, { settle }] of batch.entries()) settle(typeof signed === 'string' ? signed : (signed[i] ?? 'lost'));
  }
}

function nameOf(error: unknown): string {
  return (error as Error).name;
}
