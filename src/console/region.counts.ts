import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { type RegionProgress, SendingReads } from './sending.reads.js';

export interface RegionCount {
  readonly rows: readonly RegionProgress[];
  /** Where the campaign stood then: counts that have not changed since need not be worked out again. */
  readonly basis: string;
  readonly countedAt: Date;
}

/** For so long a page waits for a count before it shows the one before it, or that there is none yet. */
const PATIENCE_MS = 100;
const CAMPAIGNS_KEPT = 20;

/**
 * Where the messages of a campaign stand in each region. A million of them take seconds to count, as the ledger keeps
 * no regions: pages show the last count, with its time, while the next one is made.
 */
@Injectable()
export class RegionCounts implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RegionCounts.name);
  private readonly kept = new Map<string, RegionCount>();
  private readonly counting = new Map<string, Promise<RegionCount>>();

  constructor(
    private readonly sending: SendingReads,
    private readonly clock: Clock,
  ) {}

  /** `basis` changes with the progress of the campaign. @returns undefined while the first count is made. */
  async of(campaignId: string, planId: string, basis: string): Promise<RegionCount | undefined> {
    const kept = this.kept.get(campaignId);
    if (kept?.basis === basis) return kept;
    const counting = this.counting.get(campaignId) ?? this.count(campaignId, planId, basis);
    return Promise.race([counting, delay(PATIENCE_MS, kept, { ref: false })]);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.counting.values());
  }

  private count(campaignId: string, planId: string, basis: string): Promise<RegionCount> {
    const countedAt = this.clock.now();
    const counting = this.sending
      .byRegion(campaignId, planId)
      .then((rows) => {
        const count = { rows, basis, countedAt };
        this.kept.delete(campaignId);
        this.kept.set(campaignId, count);
        for (const oldest of [...this.kept.keys()].slice(0, -CAMPAIGNS_KEPT)) this.kept.delete(oldest);
        return count;
      })
      .finally(() => this.counting.delete(campaignId));
    counting.catch((error: unknown) => {
      this.logger.error({ message: 'counting by region failed', campaign: campaignId, fault: (error as Error).name });
    });
    this.counting.set(campaignId, counting);
    return counting;
  }
}
