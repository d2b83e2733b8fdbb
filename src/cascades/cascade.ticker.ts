import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { CascadeFreezer } from './cascade.freezer.js';
import { CascadeRepository, type CascadeRow } from './cascade.repository.js';
import { EscalationRepository } from './escalation.repository.js';
import { EscalationService } from './escalation.service.js';
import { FreezeRepository } from './freeze.repository.js';
import { LoopService } from './loop.service.js';
import { ReopeningService } from './reopening.service.js';

const EVERY = 30_000;

/** Looks from time to time what became of each cascade, and takes silence further. */
@Injectable()
export class CascadeTicker implements BeforeApplicationShutdown {
  private readonly logger = new Logger(CascadeTicker.name);
  private readonly ticking = new Tick(() => this.run(), this.logger);

  constructor(
    private readonly freezing: FreezeRepository,
    private readonly freezer: CascadeFreezer,
    private readonly cascades: CascadeRepository,
    private readonly escalations: EscalationRepository,
    private readonly escalation: EscalationService,
    private readonly loop: LoopService,
    private readonly reopening: ReopeningService,
    private readonly clock: Clock,
  ) {}

  @Interval(EVERY)
  async tick(): Promise<void> {
    await this.ticking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ticking.stop();
  }

  /** One round: new trees, what the ledger and the imports show, answers that stop messages, and the rungs that are due. */
  async run(): Promise<void> {
    for (const campaignId of await this.freezing.campaignsWithoutTree()) {
      await this.ticking.part({ campaign: campaignId }, () => this.freezer.freeze(campaignId));
    }
    for (const id of await this.cascades.live()) await this.ticking.part({ cascade: id }, () => this.runOne(id));
  }

  /** One round for one cascade, if no other process works on it now. */
  async runOne(id: string): Promise<void> {
    await this.cascades.inTurn(id, (cascade) => this.work(cascade));
  }

  private async work(cascade: CascadeRow): Promise<void> {
    const { id } = cascade;
    await this.escalations.observeDelivery(id, this.clock.now());
    await this.cascades.refreshReach(id);
    // A drill has no dates that can move, and its silence is what it is there to show.
    if (cascade.campaign_id !== null) await this.goOn(cascade);
    if (this.clock.now() >= cascade.links_expire_at) await this.cascades.close(id, this.clock.now());
  }

  private async goOn(cascade: CascadeRow): Promise<void> {
    const { id } = cascade;
    await this.loop.compare(cascade);
    await this.escalation.stopAnswered(id);
    const reopened = await this.reopening.run(cascade);
    if (reopened > 0) this.logger.log({ message: 'steps reopened', cascade: id, organisations: reopened });
    const planned = await this.escalation.run(cascade);
    if (planned > 0) this.logger.log({ message: 'silence escalated', cascade: id, messages: planned });
  }
}
