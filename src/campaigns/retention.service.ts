import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { type Transaction } from 'kysely';
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
   * Purges everything that is due. One class's trouble does not hold up the others. @returns how many rows of each class
   * lost something, as the audit trail has it: in this purge, and in earlier ones that could not tell it any more.
   */
  async purge(): Promise<Readonly<Record<RetentionClass, number>>> {
    const now = this.clock.now();
    for (const of of RETENTION_CLASSES) {
      await this.ticking.part({ class: of }, async () => {
        let isMore = true;
        while (isMore && !this.stopping) isMore = await this.repository.purgeOne(of, purgeBefore(of, now), now);
      });
    }
    const counts = await this.repository.db.transaction().execute((trx) => this.tell(trx));
    if (Object.values(counts).some((count) => count > 0)) this.logger.log({ message: 'purged', ...counts });
    return counts;
  }

  private async tell(trx: Transaction<never>): Promise<Record<RetentionClass, number>> {
    const tally = await this.repository.takeTally(trx);
    const entries = RETENTION_CLASSES.map((of) => [of, tally.get(of) ?? 0] as const);
    const details = Object.fromEntries(entries) as Record<RetentionClass, number>;
    if (tally.size > 0) {
      const actor = systemPrincipal('scheduler').id;
      await this.audit.record({ actor, action: 'retention.purged', subject: 'retention', details }, trx);
    }
    return details;
  }
}
