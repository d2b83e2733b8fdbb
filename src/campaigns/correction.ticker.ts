import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Tick } from '../platform/schedule/index.js';
import { CorrectionService } from './correction.service.js';

const EVERY = 1_000;

/** Looks for windows that moved. Several schedulers may run: one at a time works on a window. */
@Injectable()
export class CorrectionTicker implements BeforeApplicationShutdown {
  private readonly ticking: Tick;

  constructor(corrections: CorrectionService) {
    this.ticking = new Tick(() => corrections.catchUp(), new Logger(CorrectionTicker.name));
  }

  @Interval(EVERY)
  async tick(): Promise<void> {
    await this.ticking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ticking.stop();
  }
}
