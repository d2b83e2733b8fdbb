import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type DeliveryTables } from './delivery.tables.js';

export interface Limits {
  readonly ratePerMinute: number | null;
  /** Messages in any 24 hours. */
  readonly dayBudget: number | null;
}

export interface PaceState {
  /** Milliseconds until the transport may be used again; 0 when it may be used now. */
  readonly closedForMs: number;
  readonly closedReason: string | null;
  /** Milliseconds until the rate lets the next message leave; 0 when it does now. */
  readonly nextSlotInMs: number;
  readonly trouble: number;
  /** Messages of the last 24 hours, counted where there is a budget. */
  readonly dayUsed: number;
}

export interface Grant {
  /** How many of the messages asked for may leave. */
  readonly granted: number;
  /** Milliseconds until the first may leave; with nothing granted, until it is worth asking again. */
  readonly waitMs: number;
}

/** Slots further ahead are not handed out: a worker that stops would waste them. */
const HORIZON_MS = 5_000;
/** With the database's clock, which all workers share. */
const NOW = sql`clock_timestamp()`;
/** How long a message counts against a budget of 24 hours: its minute is known, its second is not. */
export const COUNTED_AGAINST_BUDGET = sql`interval '24 hours 1 minute'`;

/** One token bucket and one budget of 24 hours for each name, shared by all workers, kept over restarts. */
@Injectable()
export class PaceRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DeliveryTables>) {}

  async ensure(...names: string[]): Promise<void> {
    await this.db
      .insertInto('pace')
      .values(names.map((name) => ({ name })))
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
  }

  async states(limits: ReadonlyMap<string, Limits>): Promise<Map<string, PaceState>> {
    const names = [...limits.keys()];
    const budgets = names.map((name) => limits.get(name)?.dayBudget ?? null);
    const { rows } = await sql<PaceState & { name: string }>`
      select name, greatest(0, 1000 * extract(epoch from ends - ${NOW}))::float8 as "closedForMs",
        case when ends > ${NOW} then case when spent then 'the day''s budget is spent' else closed_reason end end
          as "closedReason",
        greatest(0, 1000 * extract(epoch from greatest(next_slot_at, 'epoch') - ${NOW}))::float8 as "nextSlotInMs",
        trouble, counted as "dayUsed"
      from (
        select pace.*, counted, spent,
          greatest(closed_until, 'epoch', case when spent then oldest + ${COUNTED_AGAINST_BUDGET} end) as ends
        from pace join unnest(${names}::text[], ${budgets}::integer[]) as asked (name, budget) using (name),
          lateral (
            select coalesce(sum(used), 0)::integer as counted, min(minute) as oldest from pace_minute
            where pace_minute.name = pace.name and minute > ${NOW} - ${COUNTED_AGAINST_BUDGET}
          ) as minutes,
          lateral (select coalesce(counted >= budget, false) as spent) as left_over
      ) as gate`.execute(this.db);
    return new Map(rows.map(({ name, ...state }) => [name, state]));
  }

  /** Whether somebody has stopped all mail. */
  async isStopped(): Promise<boolean> {
    return (await this.db.selectFrom('mail_stop').select('since').executeTakeFirst()) !== undefined;
  }

  /** Hands out the next slots, one interval apart. The row's lock makes the workers take turns. */
  async reserve(name: string, { ratePerMinute, dayBudget }: Limits, wanted: number): Promise<Grant> {
    const { rows } = await sql<Grant>`
      with turn as materialized (select * from pace where name = ${name} for update),
      timed as materialized (select *, ${NOW} as now from turn),
      gone as (
        delete from pace_minute using timed
        where pace_minute.name = ${name} and minute <= now - ${COUNTED_AGAINST_BUDGET} returning pace_minute.used
      ),
      decided as materialized (
        select now, greatest(next_slot_at, closed_until, now) as first, still,
          case
            when closed_until > now or next_slot_at > now + ${HORIZON_MS} * interval '1 millisecond' then 0
            else greatest(0, least(${wanted}::integer, ${dayBudget}::integer - still))
          end as granted
        from timed, lateral (select timed.used - coalesce(sum(gone.used), 0)::integer as still from gone) as counted
      ),
      noted as (
        insert into pace_minute (name, minute, used)
        select ${name}, date_trunc('minute', first), granted from decided
        where granted > 0 and ${dayBudget}::integer is not null
        on conflict (name, minute) do update set used = pace_minute.used + excluded.used
      )
      update pace set used = still + case when ${dayBudget}::integer is null then 0 else granted end,
        next_slot_at = case
          when granted > 0 and ${ratePerMinute}::float8 is not null
          then first + granted * interval '1 minute' / ${ratePerMinute}::float8 else next_slot_at end
      from decided where name = ${name}
      returning granted, 1000 * extract(epoch from first - now)::float8 as "waitMs"`.execute(this.db);
    return rows[0] ?? { granted: 0, waitMs: HORIZON_MS };
  }

  /** Closes for a while, twice as long as the last time; once only for what several workers meet together. */
  async closeFor(name: string, reason: string, firstSeconds: number, longestSeconds: number): Promise<boolean> {
    const { rows } = await sql`
      update pace set trouble = least(trouble + 1, 10), closed_reason = ${reason},
        closed_until = ${NOW} + least(${firstSeconds}::float8 * 2 ^ trouble, ${longestSeconds}::float8)
          * (0.8 + 0.4 * random()) * interval '1 second'
      where name = ${name} and closed_until <= ${NOW} returning name`.execute(this.db);
    return rows.length > 0;
  }

  /** A batch went well: one step back towards full speed. */
  async recover(name: string): Promise<void> {
    await sql`update pace set trouble = trouble - 1 where name = ${name} and trouble > 0 and closed_until <= ${NOW}`.execute(
      this.db,
    );
  }
}
