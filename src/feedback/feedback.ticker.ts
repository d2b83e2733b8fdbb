import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Tick } from '../platform/schedule/index.js';
import { FeedbackService } from './feedback.service.js';

/** A bounce that was faster than the acknowledgement of its message is applied within this time after it. */
const TICK_MS = 60_000;

@Injectable()
export class FeedbackTicker implements BeforeApplicationShutdown {
  private readonly round = new Tick(() => this.feedback.applyWaiting(), new Logger(FeedbackTicker.name));

  constructor(private readonly feedback: FeedbackService) {}

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    await this.round.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.round.stop();
  }
}
