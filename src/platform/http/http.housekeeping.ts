import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { type Config, InjectConfig } from '../config/index.js';
import { Tick } from '../schedule/index.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { RequestRateRepository } from './request-rate.repository.js';

/** Forgets answered requests and past rate windows, in scheduler processes. Harmless when done twice at once. */
@Injectable()
export class HttpHousekeeping implements BeforeApplicationShutdown {
  private readonly ticking = new Tick(() => this.run(), new Logger(HttpHousekeeping.name));

  constructor(
    private readonly keys: IdempotencyRepository,
    private readonly rates: RequestRateRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Cron(CronExpression.EVERY_HOUR)
  async tick(): Promise<void> {
    if (this.config.roles.includes('scheduler')) await this.ticking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ticking.stop();
  }

  private async run(): Promise<void> {
    await this.keys.removeExpired();
    await this.rates.removePast();
  }
}
