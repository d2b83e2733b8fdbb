import { type Logger } from '@nestjs/common';

/** What failed is named by the kind of thing and its id: `{ campaign: '…' }`. */
export type TickSubject = Readonly<Record<string, string>>;

/**
 * Work that a timer asks for again and again. Rounds never overlap, the next one tries again after one that failed
 * (logged once for all that fail in a row, and once when it works again), and `stop` waits for the round that runs:
 * nobody then works on connections that are gone.
 */
export class Tick {
  private round: Promise<void> | undefined;
  private stopped = false;
  /** By subject, the whole round being one too: since when it fails, in milliseconds of the monotonic clock. */
  private readonly failing = new Map<string, number>();
  private failedThisRound = new Set<string>();

  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly logger: Logger,
  ) {}

  /** Runs a round, unless one runs already or the service stops. */
  async run(): Promise<void> {
    if (this.stopped || this.round) return;
    this.failedThisRound = new Set();
    this.round = this.part({}, this.work);
    await this.round;
    this.round = undefined;
    // What a later round no longer tried is news when it fails again.
    for (const key of this.failing.keys()) if (!this.failedThisRound.has(key)) this.failing.delete(key);
  }

  /** Call it in `beforeApplicationShutdown`. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.round;
  }

  /** Part of a round: its trouble does not hold up the parts behind it, and is logged as that of a whole round is. */
  async part(subject: TickSubject, work: () => Promise<unknown>): Promise<void> {
    const key = JSON.stringify(subject);
    const since = this.failing.get(key);
    try {
      await work();
      if (since === undefined) return;
      this.failing.delete(key);
      const seconds = Math.round((performance.now() - since) / 1_000);
      this.logger.log({ message: 'tick works again', ...subject, seconds });
    } catch (error) {
      this.failedThisRound.add(key);
      if (since !== undefined) return;
      this.failing.set(key, performance.now());
      const reason = error instanceof Error ? error.message : 'unknown';
      this.logger.error({ message: 'tick failed', ...subject, error: reason });
    }
  }
}
