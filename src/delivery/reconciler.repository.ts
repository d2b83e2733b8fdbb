import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type DeliveryTables } from './delivery.tables.js';
import { type MessageState, statesBefore, TERMINAL_STATES, UNSENT_STATES } from './message.states.js';

const QUEUEABLE_STATES = statesBefore('queued').filter((state) => UNSENT_STATES.includes(state));

export interface DueSlice {
  readonly id: string;
  readonly epoch: number;
}

/**
 * The SQL that keeps the ledger moving. Every statement stands alone, takes only rows that nobody else holds, and does
 * nothing when repeated, so any number of processes may run them at once.
 */
@Injectable()
export class ReconcilerRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DeliveryTables>) {}

  async startDue(now: Date): Promise<number> {
    const { numUpdatedRows } = await this.db
      .updateTable('dispatch')
      .set({ state: 'running', state_changed_at: now })
      .where('state', '=', 'waiting')
      .where('due_at', '<=', now)
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  /** What a worker had on the wire when its lease ran out may have arrived or not: only a person can tell. */
  async breakLeases(now: Date): Promise<number> {
    const { rows } = await sql<{ unknown: number }>`
      with lost as materialized (
        select * from slice where leased_by is not null and lease_until < clock_timestamp() for update skip locked
      ), unsure as (
        update delivery set state = 'unknown', reason = 'the worker fell silent', state_changed_at = ${now}::timestamptz
        where ${inSlices('lost', ['sending'])}
        returning 1
      ), freed as (
        update slice set leased_by = null, lease_until = null, due_at = (
          select min(case delivery.state when 'deferred' then delivery.next_attempt_at else ${now}::timestamptz end)
          from delivery
          where delivery.dispatch_id = slice.dispatch_id
            and delivery.ordinal between slice.first_ordinal and slice.last_ordinal
            and delivery.state = any(${UNSENT_STATES}::message_state[])
        ) from lost where slice.id = lost.id
      )
      select count(*) as unknown from unsure`.execute(this.db);
    return rows[0]?.unknown ?? 0;
  }

  /**
   * A worker that was frozen past its lease gives back what it had not sent, and may be killed right behind that: the
   * slice is then closed, by whoever did the rest, over messages that wait. Looked for where nothing else goes on and
   * the tally knows of such messages, which costs a look at a few rows for each dispatch.
   */
  async reopen(now: Date): Promise<void> {
    await sql`
      with forgotten as materialized (
        select id from dispatch where state in ('running', 'paused', 'cancelled') and not exists (
          select from slice where slice.dispatch_id = dispatch.id and (slice.due_at is not null or slice.leased_by is not null)
        ) and 0 < (
          select coalesce(sum(messages), 0) from delivery_tally
          where dispatch_id = dispatch.id and state = any(${UNSENT_STATES}::message_state[])
        )
      )
      update slice set due_at = ${now} from forgotten
      where slice.dispatch_id = forgotten.id and slice.due_at is null and slice.leased_by is null and exists (
        select from delivery where delivery.dispatch_id = slice.dispatch_id
          and delivery.ordinal between slice.first_ordinal and slice.last_ordinal
          and delivery.state = any(${UNSENT_STATES}::message_state[])
      )`.execute(this.db);
  }

  /** Also in paused dispatches: what is too late stays unsent whoever resumes. */
  async expire(now: Date): Promise<number> {
    const { rows } = await sql<{ expired: number }>`
      with late as materialized (
        select slice.* from slice join dispatch on dispatch.id = slice.dispatch_id
        where slice.due_at is not null and slice.leased_by is null
          and dispatch.state in ('waiting', 'running', 'paused') and dispatch.expires_at <= ${now}
        for update of slice skip locked
      ), over as (
        update delivery set state = 'expired', next_attempt_at = null, state_changed_at = ${now}::timestamptz
        where ${inSlices('late', UNSENT_STATES)}
        returning 1
      ), closed as (
        update slice set due_at = null from late where slice.id = late.id
      )
      select count(*) as expired from over`.execute(this.db);
    return rows[0]?.expired ?? 0;
  }

  /** What was on the wire when its dispatch was cancelled, and came back from there, stays unsent too. */
  async stopCancelled(now: Date): Promise<void> {
    await sql`
      with left_over as materialized (
        select slice.* from slice join dispatch on dispatch.id = slice.dispatch_id
        where slice.due_at is not null and slice.leased_by is null and dispatch.state = 'cancelled'
        for update of slice skip locked
      ), stopped as (
        update delivery set state = 'cancelled', next_attempt_at = null, state_changed_at = ${now}::timestamptz
        where ${inSlices('left_over', UNSENT_STATES)}
      )
      update slice set due_at = null from left_over where slice.id = left_over.id`.execute(this.db);
  }

  /** Marks what can be sent now as queued and returns its slices, the longest due first. */
  async queueDue(now: Date, limit: number): Promise<DueSlice[]> {
    const { rows } = await sql<DueSlice>`
      with due as materialized (
        select slice.* from slice join dispatch on dispatch.id = slice.dispatch_id
        where slice.due_at <= ${now} and slice.leased_by is null and dispatch.state = 'running'
        order by slice.due_at, slice.first_ordinal limit ${limit} for update of slice skip locked
      ), queued as (
        update delivery set state = 'queued', next_attempt_at = null, state_changed_at = ${now}::timestamptz
        where ${inSlices('due', QUEUEABLE_STATES)} and (next_attempt_at is null or next_attempt_at <= ${now})
      )
      select id, epoch from due`.execute(this.db);
    return rows;
  }

  /**
   * A dispatch is finished when every row of it is terminal: counted in rows, which the tally only says when to do. One
   * whose last message is unknown waits for a person, and was counted twice a second meanwhile.
   */
  async finish(now: Date): Promise<number> {
    const { rows: drained } = await sql<{ id: string }>`
      select id from dispatch where state in ('running', 'paused') and not exists (
        select from slice where slice.dispatch_id = dispatch.id and (slice.due_at is not null or slice.leased_by is not null)
      ) and planned = (
        select coalesce(sum(messages), 0) from delivery_tally
        where dispatch_id = dispatch.id and state = any(${TERMINAL_STATES}::message_state[])
      )`.execute(this.db);
    let finished = 0;
    for (const { id } of drained) {
      const { numAffectedRows = 0n } = await sql`
        update dispatch set state = 'finished', state_changed_at = ${now} where id = ${id}
          and state in ('running', 'paused') and planned = (
            select count(*) from delivery where dispatch_id = ${id} and state = any(${TERMINAL_STATES}::message_state[])
          )`.execute(this.db);
      finished += Number(numAffectedRows);
    }
    return finished;
  }
}

/**
 * The rows of `delivery` in these states that belong to the slices of a common table expression. Looked up slice by
 * slice: as a plain join PostgreSQL, knowing that such rows are rare, read the whole table twice a second to find that
 * there are none (1.2 million rows, 0.9 s each time).
 */
function inSlices(slices: 'lost' | 'late' | 'left_over' | 'due', states: readonly MessageState[]) {
  const wanted = sql`state = any(${states}::message_state[])`;
  return sql`delivery.ctid = any(array(
    select found.ctid from ${sql.table(slices)} as slice cross join lateral (
      select ctid from delivery where delivery.dispatch_id = slice.dispatch_id
        and delivery.ordinal between slice.first_ordinal and slice.last_ordinal and ${wanted} offset 0
    ) as found
  )) and ${wanted}`;
}
