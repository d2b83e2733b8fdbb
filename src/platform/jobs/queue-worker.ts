import { setTimeout as delay } from 'node:timers/promises';
import { type Job, Worker } from 'bullmq';

/** Milliseconds. */
const AFTER_FAILURE = 1_000;

export class QueueWorker extends Worker {
  /**
   * BullMQ asks again at once when the answer was a fault. Where a fault needs no network, as after a failed start of the
   * connection, which it remembers, it went round for ever without a turn for anything else in the process; and a
   * PostgreSQL that was starting was asked thousands of times a second.
   */
  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      await delay(AFTER_FAILURE);
      throw error;
    }
  }

  /** For when `close` waits for a queue that is away: its timers, of locks and of stalled jobs, keep a process alive. */
  async leave(): Promise<void> {
    await this.pause(true);
    await this.lockManager.close();
    await this.disconnect();
  }
}
