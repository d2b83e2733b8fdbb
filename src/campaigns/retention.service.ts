import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { AuditTrail, systemPrincipal } from '../access/index.js';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { addDays, LondonTime } from '../shared/london-time.js';
import { RetentionRepository } from './retention.repository.js';
import { purgeBefore, RETENTION_CLASSES, type RetentionClass } from './retention.rules.js';

/** London time. */
const PURGES_AT = '03:15';

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

  @Cron(`${PURGES_AT.slice(3)} ${PURGES_AT.slice(0, 2)} * * *`, { timeZone: 'Europe/London' })
  async tick(): Promise<void> {
    await this.ticking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.ticking.stop();
  }

  /** How much of each class a purge at that instant would take people out of; nothing is changed. */
  async dueAt(instant: Date): Promise<Readonly<Record<RetentionClass, number>>> {
    const counts: [RetentionClass, number][] = [];
    for (const of of RETENTION_CLASSES) counts.push([of, await this.repository.countDue(of, purgeBefore(of, instant))]);
    return Object.fromEntries(counts) as Record<RetentionClass, number>;
  }

  /** When the next purge begins. */
  nextPurge(): LondonTime {
    const now = this.clock.now();
    const { date } = LondonTime.fromInstant(now);
    const today = LondonTime.parse(`${date}T${PURGES_AT}`);
    return today.toInstant() > now ? today : LondonTime.parse(`${addDays(date, 1)}T${PURGES_AT}`);
  }

  /**
   * Purges everything that is due, and says how many rows of each class lost something. One class's trouble does not hold
   * up the others.
   */
  async purge(): Promise<Readonly<Record<RetentionClass, number>>> {
    const now = this.clock.now();
    const counts = Object.fromEntries(RETENTION_CLASSES.map((of) => [of, 0])) as Record<RetentionClass, number>;
    for (const of of RETENTION_CLASSES) {
      await this.ticking.part({ class: of }, async () => {
        while (!this.stopping) {
          const purged = await this.repository.purgeOne(of, purgeBefore(of, now), now);
          if (purged === undefined) break;
          counts[of] += purged;
        }
      });
    }
    if (Object.values(counts).some((count) => count > 0)) {
      const actor = systemPrincipal('scheduler').id;
      await this.audit.record({ actor, action: 'retention.purged', subject: 'retention', details: counts });
      this.logger.log({ message: 'purged', ...counts });
    }
    return counts;
  }
}
