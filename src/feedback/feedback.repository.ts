import { Injectable } from '@nestjs/common';
import { type Insertable, type Kysely, type Selectable, sql, type SqlBool, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import type { FeedbackTables, ReportState } from './feedback.tables.js';
import type { Reason } from './report.types.js';

export type ReportRow = Selectable<FeedbackTables['feedback_report']>;
export type RecipientRow = Selectable<FeedbackTables['feedback_recipient']>;

type Db = Kysely<FeedbackTables> | Transaction<FeedbackTables>;

/** All SQL of this module. */
@Injectable()
export class FeedbackRepository {
  constructor(@InjectDatabase() readonly db: Kysely<FeedbackTables>) {}

  /** False when the same raw message was stored before. */
  async add(report: ReportRow, recipients: readonly RecipientRow[]): Promise<boolean> {
    return this.db.transaction().execute(async (trx) => {
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto('feedback_report')
        .values(storable(report))
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows === 0n) return false;
      if (recipients.length > 0) await trx.insertInto('feedback_recipient').values(recipients.map(storable)).execute();
      return true;
    });
  }

  async bySha256(sha256: Buffer): Promise<ReportRow> {
    return this.db.selectFrom('feedback_report').selectAll().where('sha256', '=', sha256).executeTakeFirstOrThrow();
  }

  async byId(id: string): Promise<ReportRow | undefined> {
    return this.db.selectFrom('feedback_report').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async recipients(reportId: string): Promise<RecipientRow[]> {
    return this.db
      .selectFrom('feedback_recipient')
      .selectAll()
      .where('report_id', '=', reportId)
      .orderBy('ordinal')
      .execute();
  }

  /** Oldest first, from behind `after` on. */
  async inState(state: ReportState, after: string | undefined, limit: number): Promise<ReportRow[]> {
    let query = this.db.selectFrom('feedback_report').selectAll().where('state', '=', state);
    if (after !== undefined) {
      query = query.where(
        sql<SqlBool>`(received_at, id) > (select received_at, id from feedback_report where id = ${after})`,
      );
    }
    return query.orderBy('received_at').orderBy('id').limit(limit).execute();
  }

  /** How many reports are open in each way, and since when the oldest of them. */
  async open(): Promise<{ state: 'waiting' | 'review'; reports: number; oldest: Date | null }[]> {
    const states = ['waiting', 'review'] as const;
    const rows = await this.db
      .selectFrom('feedback_report')
      .select(['state', (eb) => eb.fn.countAll<number>().as('reports'), (eb) => eb.fn.min('received_at').as('oldest')])
      .where('state', 'in', states)
      .groupBy('state')
      .execute();
    return states.map((state) => {
      const { reports = 0, oldest = null } = rows.find((row) => row.state === state) ?? {};
      return { state, reports, oldest };
    });
  }

  /** Moves a report on, if it is still in the state that the decision was made for. */
  async settle(
    id: string,
    from: ReportState,
    to: { state: ReportState; reason: string; messageId?: string },
    now: Date,
    db: Db = this.db,
  ): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('feedback_report')
      .set({
        state: to.state,
        state_reason: to.reason,
        state_changed_at: now,
        ...(to.messageId === undefined ? {} : { message_id: to.messageId }),
      })
      .where('id', '=', id)
      .where('state', '=', from)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async addFailure(failure: Insertable<FeedbackTables['feedback_failure']>): Promise<void> {
    await this.db
      .insertInto('feedback_failure')
      .values(failure)
      .onConflict((conflict) => conflict.column('report_id').doNothing())
      .execute();
  }

  async countFailures(address: string, reason: Reason, since: Date): Promise<number> {
    const { failures } = await this.db
      .selectFrom('feedback_failure')
      .select((eb) => eb.fn.countAll<number>().as('failures'))
      .where('address', '=', address)
      .where('reason', '=', reason)
      .where('occurred_at', '>', since)
      .executeTakeFirstOrThrow();
    return failures;
  }

  /** False when the address has a standing wish already. */
  async addOptOut(wish: Insertable<FeedbackTables['opt_out']>): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.db
      .insertInto('opt_out')
      .values(wish)
      .onConflict((conflict) => conflict.column('address').where('lifted_at', 'is', null).doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }

  async optOuts(addresses: readonly string[] | 'all') {
    const only = addresses === 'all' ? undefined : [...addresses];
    return this.db
      .selectFrom('opt_out')
      .selectAll()
      .$if(only !== undefined, (query) => query.where('address', '=', sql<string>`any(${only})`))
      .where('lifted_at', 'is', null)
      .execute();
  }

  /** The message from which the wish came that stood until now, if one did. */
  async liftOptOut(address: string, actor: string, now: Date, trx: Transaction<FeedbackTables>): Promise<string[]> {
    const rows = await trx
      .updateTable('opt_out')
      .set({ lifted_at: now, lifted_by: actor })
      .where('address', '=', address)
      .where('lifted_at', 'is', null)
      .returning('message_id')
      .execute();
    return rows.map(({ message_id }) => message_id);
  }
}

/** PostgreSQL's text holds no NUL character, and what strangers send may hold any. */
function storable<Row extends object>(row: Row): Row {
  const entries = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? value.replaceAll('\0', '') : value,
  ]);
  return Object.fromEntries(entries) as Row;
}
