import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CampaignService } from './campaign.service.js';

const EVERY = 2_000;

/** Looks every few seconds for steps that are due. Several schedulers may run: each step is claimed in PostgreSQL. */
@Injectable()
export class CampaignTicker {
  private readonly logger = new Logger(CampaignTicker.name);
  private busy = false;

  constructor(private readonly campaigns: CampaignService) {}

  @Interval(EVERY)
  async tick(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.run();
    } catch (error) {
      this.logger.error(error);
    } finally {
      this.busy = false;
    }
  }

  /** One round; one campaign's trouble does not hold up the others. */
  async run(): Promise<void> {
    for (const id of await this.campaigns.due()) {
      try {
        const planned = await this.campaigns.runDueSteps(id);
        if (planned > 0) this.logger.log({ message: 'step dispatched', campaign: id, messages: planned });
      } catch (error) {
        this.logger.error({
          message: 'campaign step failed',
          campaign: id,
          error: error instanceof Error ? error.message : 'unknown',
        });
      }
    }
    await this.campaigns.finishDone();
  }
}
