import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { AuditTrail, systemPrincipal } from '../access/index.js';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { RetentionRepository } from './retention.repository.js';
import { purgeBefore, RETENTION_CLASSES, type RetentionClass } from './retention.rules.js';

/** Takes people out of what has outlived its purpose, every night. */
@Injectable()
export class Retention implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Retention.name);
  private readonly ticking = new Tick(() => this.purge(), this.logger);
  private stopping = false;

  constructor(
    private readonly repository: RetentionRepository,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  @Cron('15 3 * * *', { timeZone: 'Europe/London' })
  async tick(): Promise<void> {
    await this.ticking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.ticking.stop();
  }

  /** Purges everything that is due, and says how many rows of each class lost something. */
  async purge(): Promise<Readonly<Record<RetentionClass, number>>> {
    const now = this.clock.now();
    const counts = Object.fromEntries(RETENTION_CLASSES.map((of) => [of, 0])) as Record<RetentionClass, number>;
    for (const of of RETENTION_CLASSES) {
      while (!this.stopping) {
        const purged = await this.repository.purgeOne(of, purgeBefore(of, now), now);
        if (purged === undefined) break;
        counts[of] += purged;
      }
    }
    if (Object.values(counts).some((count) => count > 0)) {
      const actor = systemPrincipal('scheduler').id;
      await this.audit.record({ actor, action: 'retention.purged', subject: 'retention', details: counts });
      this.logger.log({ message: 'purged', ...counts });
    }
    return counts;
  }
}
