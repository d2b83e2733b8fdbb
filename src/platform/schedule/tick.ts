import { type Logger } from '@nestjs/common';

/**
 * Work that a timer asks for again and again. Rounds never overlap, a failed round is logged and the next one tries
 * again, and `stop` waits for the round that runs: nobody then works on connections that are gone.
 */
export class Tick {
  private round: Promise<void> | undefined;
  private stopped = false;

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
    } catch (error) {
      this.logger.error({ message: 'tick failed', error: error instanceof Error ? error.message : 'unknown' });
    }
  }
}
