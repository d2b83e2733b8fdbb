import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Tick } from '../platform/schedule/index.js';
import { CampaignRunner } from './campaign.runner.js';

const EVERY = 2_000;

/** Looks every few seconds for steps that are due. Several schedulers may run: each step is claimed in PostgreSQL. */
@Injectable()
export class CampaignTicker implements BeforeApplicationShutdown {
  private readonly logger = new Logger(CampaignTicker.name);
  private readonly ticking = new Tick(() => this.run(), this.logger);

  constructor(private readonly runner: CampaignRunner) {}

  @Interval(EVERY)
  async tick(): Promise<void> {
    await this.ticking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ticking.stop();
  }

  /** One round; one campaign's trouble does not hold up the others. */
  async run(): Promise<void> {
    for (const id of await this.runner.due()) {
      await this.ticking.part({ campaign: id }, async () => {
        const planned = await this.runner.runDueSteps(id);
        if (planned > 0) this.logger.log({ message: 'step dispatched', campaign: id, messages: planned });
      });
    }
    for (const found of await this.runner.overtaken()) {
      await this.ticking.part({ campaign: found.id }, async () => {
        const stopped = await this.runner.withholdOutdated(found);
        if (stopped > 0) this.logger.log({ message: 'messages withheld', campaign: found.id, messages: stopped });
      });
    }
    for (const found of await this.runner.withoutWaitingSteps()) {
      await this.ticking.part({ campaign: found.id }, () => this.runner.finishIfDone(found));
    }
  }
}
