import { Queue } from 'bullmq';
import { doneInTime } from './stop-patience.js';

export class ClosingQueue extends Queue {
  /** BullMQ says goodbye to Redis, and waits for the answer for ever when Redis is frozen. */
  override async close(): Promise<void> {
    if (await doneInTime(super.close())) return;
    void this.disconnect().catch(() => undefined);
  }
}
