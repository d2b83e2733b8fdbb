import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';

/** What is known of a message. `waiting`: nothing of it has left. `left`: it may have arrived. `back`: it was refused. */
export type Flight = 'waiting' | 'left' | 'back' | Landing;

/** A server took it. */
export interface Landing {
  readonly at: Date;
  /** The SMTP reply code, 200 to 299. */
  readonly code: number;
}

/** Of a message. */
const BYTES = Float64Array.BYTES_PER_ELEMENT;
const LEFT = 1;
const BACK = 2;
/** From here on it is the time in milliseconds, and the code behind it in three digits. */
const LANDED = 1_000_000;

/**
 * What one run through a slice notes of each of its messages, in a file: as it leaves, and as it is answered. What was
 * written there outlives the process, and is not synchronised with the disk: a file of before the machine was started
 * counts for nothing. It holds neither an address nor an id.
 */
export class FlightRecord {
  private readonly note = Buffer.alloc(BYTES);
  private open = true;

  private constructor(
    readonly path: string,
    private readonly file: number,
    private readonly firstOrdinal: number,
  ) {}

  /** @throws what the file system says: there is none then. */
  static begin(path: string, firstOrdinal: number, lastOrdinal: number): FlightRecord {
    const file = openSync(path, 'wx', 0o600);
    try {
      // All of it at once, so that a full disk is noticed before anything leaves.
      writeSync(file, Buffer.alloc((lastOrdinal - firstOrdinal + 1) * BYTES));
    } catch (error) {
      closeSync(file);
      rmSync(path);
      throw error;
    }
    return new FlightRecord(path, file, firstOrdinal);
  }

  /** Of each message, by ordinal. Whoever was killed before the file was whole had let nothing leave. */
  static read(path: string, firstOrdinal: number, lastOrdinal: number): Map<number, Flight> {
    const messages = lastOrdinal - firstOrdinal + 1;
    const bytes = readFileSync(path);
    const isWhole = bytes.length === messages * BYTES;
    const flightAt = (i: number): Flight => (isWhole ? flightOf(bytes.readDoubleLE(i * BYTES)) : 'waiting');
    return new Map(Array.from({ length: messages }, (_, i) => [firstOrdinal + i, flightAt(i)]));
  }

  /** @throws what the file system says: the message may not leave then. */
  left(ordinal: number): void {
    this.write(ordinal, LEFT);
  }

  /** Never throws: without the note it counts as one that may have arrived. */
  answered(ordinal: number, landing: Landing | 'back'): void {
    try {
      this.write(ordinal, landing === 'back' ? BACK : landing.at.getTime() * 1_000 + landing.code);
    } catch {
      // Its outcome is on the way to the ledger.
    }
  }

  /** More may be noted. */
  get isOpen(): boolean {
    return this.open;
  }

  /** The ledger knows all of it. */
  end(): void {
    this.close();
    rmSync(this.path, { force: true });
  }

  /** The ledger does not know all of it: the file stays. */
  close(): void {
    closeSync(this.file);
    this.open = false;
  }

  private write(ordinal: number, note: number): void {
    this.note.writeDoubleLE(note);
    writeSync(this.file, this.note, 0, BYTES, (ordinal - this.firstOrdinal) * BYTES);
  }
}

function flightOf(note: number): Flight {
  if (note === 0) return 'waiting';
  if (note === BACK) return 'back';
  if (note < LANDED) return 'left';
  return { at: new Date(Math.floor(note / 1_000)), code: note % 1_000 };
}
