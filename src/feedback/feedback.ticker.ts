import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Tick } from '../platform/schedule/index.js';
import { FeedbackRepository } from './feedback.repository.js';
import { ReportApplication } from './report.application.js';

/** A bounce that was faster than the acknowledgement of its message is applied within this time after it. */
const TICK_MS = 60_000;
const PAGE = 200;

/** Tries the waiting reports again, as a bounce can be faster than the acknowledgement of its message. */
@Injectable()
export class FeedbackTicker implements BeforeApplicationShutdown {
  private readonly round = new Tick(() => this.applyWaiting(), new Logger(FeedbackTicker.name));

  constructor(
    private readonly repository: FeedbackRepository,
    private readonly application: ReportApplication,
  ) {}

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    await this.round.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.round.stop();
  }

  /** Harmless when run twice at once. One report's trouble does not hold up the others. @returns how many are settled now. */
  async applyWaiting(): Promise<number> {
    let settled = 0;
    let after: string | undefined;
    for (;;) {
      const page = await this.repository.inState('waiting', after, PAGE);
      for (const report of page) {
        await this.round.part({ report: report.id }, async () => {
          if (await this.application.apply(report)) settled += 1;
        });
      }
      after = page.at(-1)?.id;
      if (page.length < PAGE) return settled;
    }
  }
}
