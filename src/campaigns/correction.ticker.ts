import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Tick } from '../platform/schedule/index.js';
import { CorrectionService } from './correction.service.js';

const EVERY = 1_000;

/** Looks for windows that moved. Several schedulers may run: one at a time works on a window. */
@Injectable()
export class CorrectionTicker implements BeforeApplicationShutdown {
  private readonly ticking = new Tick(() => this.run(), new Logger(CorrectionTicker.name));

  constructor(private readonly corrections: CorrectionService) {}

  @Interval(EVERY)
  async tick(): Promise<void> {
    await this.ticking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ticking.stop();
  }

  /** One round; one window's trouble does not hold up the others. */
  async run(): Promise<void> {
    for (const windowId of await this.corrections.unhandled()) {
      await this.ticking.part({ window: windowId }, () => this.corrections.windowMoved(windowId));
    }
  }
}
