import { setTimeout as delay } from 'node:timers/promises';
import { type Clock } from '../shared/clock.js';
import { type Change } from './outcome.rules.js';
import { type Lease, type SliceRepository } from './slice.repository.js';

const MOST_AT_ONCE = 500;
const RETRY_MS = 250;

/** Collects outcomes and writes them down together. */
export class Acknowledgements {
  private readonly all: Change[] = [];
  private waiting: Change[] = [];
  private timer: NodeJS.Timeout | undefined;
  private written: Promise<void> = Promise.resolve();
  private failure: unknown;

  constructor(
    private readonly slices: SliceRepository,
    private readonly lease: Lease,
    private readonly clock: Clock,
    private readonly everyMs: number,
    /** Past it the rows are unknown, and an answer is still worth writing but not worth waiting for. */
    private readonly isWorthRetrying: () => boolean,
  ) {}

  add(change: Change): void {
    this.all.push(change);
    this.waiting.push(change);
    if (this.waiting.length >= MOST_AT_ONCE) this.write();
    else
      this.timer ??= setTimeout(() => {
        this.write();
      }, this.everyMs);
  }

  /** Resolves when everything is written. @throws what kept it from being written, once the lease is over. */
  async flush(): Promise<void> {
    this.write();
    await this.written;
    if (this.failure !== undefined) throw this.failure as Error;
  }

  /** Writes everything once more, as `flush` does: outcomes that are in the ledger already change nothing there. */
  async repeat(): Promise<void> {
    this.waiting = [...this.all];
    await this.flush();
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    const changes = this.waiting;
    this.waiting = [];
    const now = this.clock.now();
    this.written = this.written.then(() => this.insist(changes, now));
  }

  /** A database that restarts costs no outcome, as long as the lease lasts. */
  private async insist(changes: readonly Change[], now: Date): Promise<void> {
    for (;;) {
      try {
        await this.slices.acknowledge(this.lease, changes, now);
        return;
      } catch (error) {
        if (!this.isWorthRetrying()) {
          this.failure = error;
          return;
        }
        await delay(RETRY_MS);
      }
    }
  }
}
