import { Injectable } from '@nestjs/common';
import { type Kysely } from 'kysely';
import { AuditTrail } from '../access/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError } from '../shared/errors.js';
import { type DeliveryTables } from './delivery.tables.js';

/** Why nothing leaves. */
export interface StandingStop {
  readonly since: Date;
  /** A principal's id. */
  readonly by: string;
  /** In the words of whoever stopped the mail. */
  readonly reason: string;
}

const SUBJECT = 'delivery:all-mail';

/**
 * The switch that stops all mail: campaigns, reminders, cascades and tests, over all workers, until somebody lets it go
 * on. Nothing is put on the wire that was not on its way there already; what waits meanwhile waits in the ledger, and
 * expires at its cutoff like everything else.
 */
@Injectable()
export class MailStop {
  constructor(
    @InjectDatabase() private readonly db: Kysely<DeliveryTables>,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** Undefined while mail may leave. */
  async standing(): Promise<StandingStop | undefined> {
    return this.db.selectFrom('mail_stop').select(['since', 'stopped_by as by', 'reason']).executeTakeFirst();
  }

  /** From now on nothing more leaves. @returns false, and changes nothing, where mail is stopped already. */
  async stop(reason: string, by: string): Promise<boolean> {
    return this.db.transaction().execute(async (trx) => {
      const stopped = await trx
        .insertInto('mail_stop')
        .values({ since: this.clock.now(), stopped_by: by, reason })
        .onConflict((conflict) => conflict.column('is_only').doNothing())
        .returning('since')
        .executeTakeFirst();
      if (!stopped) return false;
      await this.audit.record({ actor: by, action: 'delivery.stopped', subject: SUBJECT, details: { reason } }, trx);
      return true;
    });
  }

  /**
   * What waits leaves again, within the limits of its transport. With `seen`, the beginning of the stop that somebody
   * decided about, no other one ends. @returns false where nothing was stopped. @throws ConflictError `stopped-again`.
   */
  async resume(by: string, seen?: Date): Promise<boolean> {
    return this.db.transaction().execute(async (trx) => {
      const ended = await trx.deleteFrom('mail_stop').returning('since').executeTakeFirst();
      if (!ended) return false;
      if (seen && ended.since.getTime() !== seen.getTime())
        throw new ConflictError(
          'stopped-again',
          'Somebody has stopped all mail again since your page was opened, and it stays stopped: read why first',
        );
      const details = { since: ended.since.toISOString() };
      await this.audit.record({ actor: by, action: 'delivery.resumed', subject: SUBJECT, details }, trx);
      return true;
    });
  }
}
