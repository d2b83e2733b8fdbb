import { type Logger } from '@nestjs/common';

/**
 * Work that a timer asks for again and again. Rounds never overlap, the next one tries again after one that failed
 * (logged once for all that fail in a row, and once when it works again), and `stop` waits for the round that runs: nobody then works on connections that are gone.
 */
export class Tick {
  private round: Promise<void> | undefined;
  private stopped = false;
  private failedSince: number | undefined;

  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly logger: Logger,
  ) {}

  /** Runs a round, unless one runs already or the service stops. */
  async run(): Promise<void> {
    if (this.stopped || this.round) return;
    this.round = this.guarded();
    await this.round;
    this.round = undefined;
  }

  /** Call it in `beforeApplicationShutdown`. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.round;
  }

  private async guarded(): Promise<void> {
    try {
      await this.work();
      if (this.failedSince === undefined) return;
      const seconds = Math.round((performance.now() - this.failedSince) / 1_000);
      this.failedSince = undefined;
      this.logger.log({ message: 'tick works again', seconds });
    } catch (error) {
      if (this.failedSince !== undefined) return;
      this.failedSince = performance.now();
      this.logger.error({ message: 'tick failed', error: error instanceof Error ? error.message : 'unknown' });
    }
  }
}
