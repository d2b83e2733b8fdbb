import { Injectable } from '@nestjs/common';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type RetentionClass } from './retention.rules.js';

type Db = Kysely<never>;
/** Takes the oldest that is left and says how many rows lost something; undefined when nothing is left. */
type PurgeOne = (before: Date, now: Date, trx: Transaction<never>) => Promise<number | undefined>;

/** Rows changed at a time where there can be millions of them. */
const AT_ONCE = 5_000;

/**
 * Purges step by step, each step a short transaction. Rows are locked and skipped, so that two processes purge
 * different ones, and what is done is marked, so that nothing is looked at twice.
 */
@Injectable()
export class RetentionRepository {
  constructor(@InjectDatabase() readonly db: Db) {}

  /** @returns false when nothing of the class is older. */
  async purgeOne(of: RetentionClass, before: Date, now: Date): Promise<boolean> {
    return this.db.transaction().execute(async (trx) => {
      const purged = await PURGES[of](before, now, trx);
      if (purged === undefined) return false;
      if (purged === 0) return true;
      await sql`
        insert into retention_tally (class, rows) values (${of}, ${purged})
        on conflict (class) do update set rows = retention_tally.rows + excluded.rows`.execute(trx);
      return true;
    });
  }

  /** How many rows of each class lost something since this was last asked. */
  async takeTally(trx: Transaction<never>): Promise<ReadonlyMap<RetentionClass, number>> {
    const { rows } = await sql<{ class: RetentionClass; rows: number }>`
      delete from retention_tally returning class, rows`.execute(trx);
    return new Map(rows.map((tally) => [tally.class, tally.rows]));
  }

  /** Messages and people of plans, reports, blocks and events that are older and still whole. */
  async countDue(of: RetentionClass, before: Date): Promise<number> {
    const { rows } = await sql<{ due: number }>`select ${DUE[of](before)} as due`.execute(this.db);
    return rows[0]?.due ?? 0;
  }
}

const DUE: Readonly<Record<RetentionClass, (before: Date) => RawBuilder<unknown>>> = {
  messages: (before) =>
    sql`(select coalesce(sum(planned), 0) from dispatch where redacted_at is null and due_at < ${before})`,
  plans: (before) => sql`(
    select coalesce(sum((summary ->> 'recipients')::integer), 0) from plan
    where redacted_at is null and made_at < ${before} and not exists (
      select from campaign where approved_plan_id = plan.id and state not in ('finished', 'cancelled')
    ))`,
  reports: (before) =>
    sql`(select count(*) from feedback_report where redacted_at is null and received_at < ${before})`,
  suppressions: (before) =>
    sql`(select count(*) from suppression where lifted_at < ${before} or expires_at < ${before})`,
  webhookEvents: (before) => sql`(select count(*) from webhook_event where occurred_at < ${before})`,
};

const PURGES: Readonly<Record<RetentionClass, PurgeOne>> = {
  /** Whatever its state: what was never sent so long after is not sent any more, as it has no address then. */
  messages: async (before, now, trx) => {
    const id = await one(trx)`
      select id from dispatch where redacted_at is null and due_at < ${before}
      order by due_at limit 1 for update skip locked`;
    if (id === undefined) return undefined;
    const { numAffectedRows = 0n } = await sql`
      update message set address = null, values = null, redacted_at = ${now}
      where dispatch_id = ${id} and ordinal in (
        select ordinal from message where dispatch_id = ${id} and redacted_at is null order by ordinal limit ${AT_ONCE}
      )`.execute(trx);
    if (numAffectedRows < AT_ONCE) {
      await sql`update dispatch set redacted_at = ${now}, shared_values = '{}' where id = ${id}`.execute(trx);
    }
    return Number(numAffectedRows);
  },

  plans: async (before, now, trx) => {
    const id = await one(trx)`
      select plan.id from plan
      where plan.redacted_at is null and plan.made_at < ${before} and not exists (
        select from campaign
        where approved_plan_id = plan.id and state not in ('finished', 'cancelled')
      )
      order by made_at limit 1 for update skip locked`;
    if (id === undefined) return undefined;
    const { numAffectedRows = 0n } = await sql`
      update plan_recipient set address = null, values = null
      where plan_id = ${id} and (address is not null or values is not null)`.execute(trx);
    await sql`update plan set redacted_at = ${now} where id = ${id}`.execute(trx);
    return Number(numAffectedRows);
  },

  reports: async (before, now, trx) => {
    const id = await one(trx)`
      select id from feedback_report where redacted_at is null and received_at < ${before}
      order by received_at limit 1 for update skip locked`;
    if (id === undefined) return undefined;
    await sql`update feedback_recipient set address = null where report_id = ${id}`.execute(trx);
    await sql`delete from feedback_failure where report_id = ${id}`.execute(trx);
    await sql`update feedback_report set excerpt = null, redacted_at = ${now} where id = ${id}`.execute(trx);
    return 1;
  },

  suppressions: async (before, _now, trx) =>
    deleted(
      await sql`delete from suppression where id in (
        select id from suppression
        where lifted_at < ${before} or expires_at < ${before}
        order by id limit ${AT_ONCE} for update skip locked
      )`.execute(trx),
    ),

  webhookEvents: async (before, _now, trx) =>
    deleted(
      await sql`delete from webhook_event where id in (
        select id from webhook_event where occurred_at < ${before}
        order by id limit ${AT_ONCE} for update skip locked
      )`.execute(trx),
    ),
};

function one(trx: Transaction<never>) {
  return async (strings: TemplateStringsArray, ...values: unknown[]): Promise<string | undefined> => {
    const { rows } = await sql<{ id: string }>(strings, ...values).execute(trx);
    return rows[0]?.id;
  };
}

function deleted({ numAffectedRows = 0n }: { numAffectedRows?: bigint }): number | undefined {
  return numAffectedRows === 0n ? undefined : Number(numAffectedRows);
}
