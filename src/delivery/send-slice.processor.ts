import { Injectable } from '@nestjs/common';
import { HandlesJob, type JobContext, type JobHandler } from '../platform/jobs/index.js';
import { SliceSender } from './slice.sender.js';

/** "Drain this slice": all that the queue ever carries of a campaign. */
@HandlesJob('send-slice')
@Injectable()
export class SendSliceProcessor implements JobHandler<'send-slice'> {
  constructor(private readonly sender: SliceSender) {}

  async handle({ sliceId }: { sliceId: string }, { signal }: JobContext): Promise<void> {
    await this.sender.drain(sliceId, signal);
  }
}
