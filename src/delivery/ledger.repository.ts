import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type SqlBool, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { asOurs, type DeliveryTables } from './delivery.tables.js';
import {
  type Batch,
  type DispatchState,
  type LedgerFault,
  type MessageQuery,
  type UnsentFilter,
} from './ledger.types.js';
import { type MessageState, statesBefore, TERMINAL_STATES, UNSENT_STATES } from './message.states.js';

type Db = Kysely<DeliveryTables>;

/** Which part of a list; all of it without a limit. */
export interface Stretch {
  readonly limit?: number;
  readonly offset?: number;
  /** Only what comes behind this place, which need not be taken any more. */
  readonly after?: Place | undefined;
}

/** Where a message stands in a list by time, to the millisecond. */
export interface Place {
  readonly at: Date;
  readonly id: string;
}

/** Reads the ledger, and changes it on a person's or on feedback's word. Sending has repositories of its own. */
@Injectable()
export class LedgerRepository {
  constructor(@InjectDatabase() private readonly db: Db) {}

  /** From the tally that triggers keep in step with the rows: counting those takes 25 ms for 100,000 of them. */
  async countByState(batch: Batch): Promise<{ state: MessageState; messages: number }[]> {
    return this.db
      .selectFrom('delivery_tally')
      .innerJoin('dispatch', 'dispatch.id', 'delivery_tally.dispatch_id')
      .select(['delivery_tally.state', (eb) => eb.fn.sum<number>('delivery_tally.messages').as('messages')])
      .where(inBatch(batch))
      .groupBy('delivery_tally.state')
      .execute();
  }

  async dispatches(campaignId: string) {
    return this.db
      .selectFrom('dispatch')
      .selectAll()
      .where('campaign_id', '=', campaignId)
      .orderBy('due_at')
      .orderBy('id')
      .execute();
  }

  /** Returns the ids of the dispatches that changed. */
  async changeDispatches<Tables>(
    batch: Batch,
    from: readonly DispatchState[],
    to: DispatchState,
    now: Date,
    trx?: Transaction<Tables>,
  ) {
    const changed = await (trx ? asOurs(trx) : this.db)
      .updateTable('dispatch')
      .set({ state: to, state_changed_at: now })
      .where(inBatch(batch))
      .where('state', 'in', from)
      .returning('id')
      .execute();
    return changed.map(({ id }) => id);
  }

  /**
   * The pages of a campaign follow the order in which its messages were planned, dispatch by dispatch: each page is a
   * range of one index, where one query over all dispatches sorts the whole campaign (11 s for a million).
   */
  async page({ campaignId, dispatchId, states, after, limit = 100 }: MessageQuery): Promise<MessageRow[]> {
    const last = after === undefined ? undefined : await this.placeOf(after);
    const rows: MessageRow[] = [];
    for (const dispatch of await this.dispatches(campaignId)) {
      if (dispatchId !== undefined && dispatch.id !== dispatchId) continue;
      if (last && (dispatch.due_at < last.due_at || (dispatch.due_at <= last.due_at && dispatch.id < last.dispatch_id)))
        continue;
      let query = this.messages()
        .where('delivery.dispatch_id', '=', dispatch.id)
        .where('delivery.ordinal', '>', last?.dispatch_id === dispatch.id ? last.ordinal : 0);
      if (states) query = query.where('delivery.state', 'in', states);
      rows.push(
        ...(await query
          .orderBy('delivery.ordinal')
          .limit(limit - rows.length)
          .execute()),
      );
      if (rows.length >= limit) break;
    }
    return rows;
  }

  private async placeOf(messageId: string) {
    return this.db
      .selectFrom('message')
      .innerJoin('dispatch', 'dispatch.id', 'message.dispatch_id')
      .select(['message.dispatch_id', 'message.ordinal', 'dispatch.due_at'])
      .where('message.id', '=', messageId)
      .executeTakeFirst();
  }

  async byId<Tables>(id: string, trx?: Transaction<Tables>) {
    return this.messages(trx && asOurs(trx))
      .where('message.id', '=', id)
      .executeTakeFirst();
  }

  async byOrganisation(code: string, page: Stretch = {}) {
    return this.newestFirst(sql<SqlBool>`message.organisation_codes @> array[${code}]`, page);
  }

  async byAccount(accountId: string) {
    return this.newestFirst(sql<SqlBool>`message.account_ids @> array[${accountId}]`);
  }

  async byPerson(personKey: string) {
    return this.newestFirst(sql<SqlBool>`message.person_key = ${personKey}`);
  }

  async unknownCount(): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from delivery_unknown`.execute(this.db);
    return rows[0]?.n ?? 0;
  }

  async unknowns({ limit, after }: Stretch = {}) {
    const since = sql<Date>`date_trunc('milliseconds', delivery.state_changed_at)`;
    return this.messages()
      .innerJoin('delivery_unknown', (join) =>
        join
          .onRef('delivery_unknown.dispatch_id', '=', 'delivery.dispatch_id')
          .onRef('delivery_unknown.ordinal', '=', 'delivery.ordinal'),
      )
      .$if(after !== undefined, (query) =>
        query.where(sql<SqlBool>`(${since}, message.id) > (${after?.at}, ${after?.id})`),
      )
      .orderBy(since)
      .orderBy('message.id')
      .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
      .execute();
  }

  /** Moves one message, if its state allows that; returns the state that it has afterwards, or undefined. */
  async move(id: string, to: MessageState, reason: string, now: Date): Promise<MessageState | undefined> {
    const { rows } = await sql<{ state: MessageState }>`
      update delivery set state = ${to}, reason = ${reason}, state_changed_at = ${now}
      from message
      where message.id = ${id} and delivery.dispatch_id = message.dispatch_id and delivery.ordinal = message.ordinal
        and delivery.state = any(${statesBefore(to)}::message_state[])
      returning delivery.state`.execute(this.db);
    return rows[0]?.state;
  }

  /**
   * Decides about a message that may or may not have arrived; `since`: only if it is unknown since exactly then.
   * `queued` lets its slice be drained again.
   */
  async decide<Tables>(
    id: string,
    to: 'queued' | 'accepted' | 'failed',
    reason: string,
    now: Date,
    { since = null, trx }: { since?: Date | null; trx?: Transaction<Tables> | undefined },
  ): Promise<boolean> {
    const { rows } = await sql`
      with decided as (
        update delivery set state = ${to}, reason = ${reason}, state_changed_at = ${now}::timestamptz,
          accepted_at = case when ${to} = 'accepted' then ${now}::timestamptz else accepted_at end
        from message
        where message.id = ${id} and delivery.dispatch_id = message.dispatch_id and delivery.ordinal = message.ordinal
          and delivery.state = 'unknown' and (${since}::timestamptz is null or delivery.state_changed_at = ${since})
        returning delivery.dispatch_id, delivery.ordinal
      ), reopened as (
        update slice set due_at = ${now}::timestamptz from decided
        where ${to} = 'queued' and slice.dispatch_id = decided.dispatch_id
          and decided.ordinal between slice.first_ordinal and slice.last_ordinal
      )
      select from decided`.execute(trx ?? this.db);
    return rows.length > 0;
  }

  /** Stops what has not left. Whatever is on the wire at this moment is not touched and gets its outcome. */
  async cancelUnsent<Tables>(
    filter: UnsentFilter,
    reason: string,
    now: Date,
    trx?: Transaction<Tables>,
  ): Promise<number> {
    if (!trx) return this.db.transaction().execute((own) => this.cancelUnsent(filter, reason, now, own));
    // Whoever moves unsent messages has their slice, one after the other: so nobody waits here for somebody who waits back.
    await sql`
      select from slice join dispatch on dispatch.id = slice.dispatch_id
      where (dispatch.campaign_id = ${filter.campaignId ?? null} or dispatch.id = ${filter.dispatchId ?? null})
        and (slice.due_at is not null or slice.leased_by is not null)
      order by slice.id for update of slice`.execute(trx);
    const only = [sql<SqlBool>`true`];
    if (filter.campaignId !== undefined) only.push(sql`message.campaign_id = ${filter.campaignId}`);
    if (filter.dispatchId !== undefined) only.push(sql`message.dispatch_id = ${filter.dispatchId}`);
    if (filter.purposes) only.push(sql`message.purpose = any(${[...filter.purposes]})`);
    if (filter.personKeys) only.push(sql`message.person_key = any(${[...filter.personKeys]})`);
    if (filter.organisationCodes) only.push(sql`message.organisation_codes && ${[...filter.organisationCodes]}`);
    const { numAffectedRows = 0n } = await sql`
      update delivery set state = 'cancelled', reason = ${reason}, next_attempt_at = null, state_changed_at = ${now}
      from message
      where message.id = delivery.message_id and message.dispatch_id = delivery.dispatch_id
        and message.ordinal = delivery.ordinal and delivery.state = any(${statesBefore('cancelled')}::message_state[])
        and ${sql.join(only, sql` and `)}`.execute(trx);
    return Number(numAffectedRows);
  }

  /** At most 100: the first is what is wanted, and a broken ledger may have millions. */
  async faults(): Promise<LedgerFault[]> {
    const { rows } = await sql<LedgerFault>`
      select * from (
        select coalesce(message.id, delivery.message_id) as "messageId",
          case when delivery.message_id is null then 'has no delivery row' when message.id is null then 'has a delivery row only'
            else 'has the delivery row of another message' end as fault
        from message full join delivery using (dispatch_id, ordinal)
        where message.id is distinct from delivery.message_id
        union all
        select message_id, 'belongs to no dispatch' from delivery
        where not exists (select from dispatch where dispatch.id = delivery.dispatch_id)
        union all
        select message_id, 'is accepted without a time' from delivery
        where state in ('accepted', 'bounced', 'complained') and accepted_at is null
        union all
        select message_id, 'was accepted and never on the wire' from delivery where state = 'accepted' and attempt = 0
        union all
        select message_id, 'is deferred without a time' from delivery
        where state = 'deferred' and next_attempt_at is null
        union all
        select message_id, 'is ' || delivery.state || ' in a finished dispatch' from delivery
        join dispatch on dispatch.id = delivery.dispatch_id
        where dispatch.state = 'finished' and delivery.state <> all(${TERMINAL_STATES}::message_state[])
        union all
        select message_id, 'is sending and nobody holds its slice' from delivery
        join slice on slice.dispatch_id = delivery.dispatch_id
          and delivery.ordinal between slice.first_ordinal and slice.last_ordinal
        where delivery.state = 'sending' and slice.leased_by is null
        union all
        select coalesce((select message_id from delivery first where first.dispatch_id = found.dispatch_id limit 1),
            dispatch_id),
          'belongs to a dispatch with ' || coalesce(found.messages, 0) || ' messages ' || state || ', which are tallied as '
          || coalesce(counted.messages, 0)
        from (select dispatch_id, state, sum(messages) as messages from delivery_tally group by 1, 2) as counted
        full join (select dispatch_id, state, count(*) as messages from delivery group by 1, 2) as found
          using (dispatch_id, state)
        where coalesce(counted.messages, 0) <> coalesce(found.messages, 0)
        union all
        select message_id, 'is unsent and no slice is to send it' from delivery
        join dispatch on dispatch.id = delivery.dispatch_id and dispatch.state in ('waiting', 'running', 'paused')
        join slice on slice.dispatch_id = delivery.dispatch_id
          and delivery.ordinal between slice.first_ordinal and slice.last_ordinal
        where delivery.state = any(${UNSENT_STATES}::message_state[]) and slice.due_at is null and slice.leased_by is null
      ) as fault limit 100`.execute(this.db);
    return rows;
  }

  private newestFirst(condition: ReturnType<typeof sql<SqlBool>>, { limit, offset = 0, after }: Stretch = {}) {
    const at = sql<Date>`date_trunc('milliseconds', coalesce(delivery.accepted_at, dispatch.due_at))`;
    return this.messages()
      .where(condition)
      .$if(after !== undefined, (query) =>
        query.where(sql<SqlBool>`(${at} < ${after?.at} or (${at} = ${after?.at} and message.id > ${after?.id}))`),
      )
      .$if(limit !== undefined, (query) => query.limit(limit ?? 0).offset(offset))
      .orderBy(at, 'desc')
      .orderBy('message.id')
      .execute();
  }

  private messages(db: Db = this.db) {
    return db
      .selectFrom('message')
      .innerJoin('delivery', (join) =>
        join
          .onRef('delivery.dispatch_id', '=', 'message.dispatch_id')
          .onRef('delivery.ordinal', '=', 'message.ordinal'),
      )
      .innerJoin('dispatch', 'dispatch.id', 'message.dispatch_id')
      .selectAll('message')
      .select([
        'delivery.state',
        'delivery.attempt',
        'delivery.next_attempt_at',
        'delivery.code',
        'delivery.enhanced',
        'delivery.reason',
        'delivery.rendered_sha256',
        'delivery.transport',
        'delivery.accepted_at',
        'delivery.state_changed_at',
        'dispatch.due_at',
        'dispatch.expires_at',
      ]);
  }
}

export type MessageRow = NonNullable<Awaited<ReturnType<LedgerRepository['byId']>>>;

function inBatch(batch: Batch) {
  return 'campaignId' in batch
    ? sql<SqlBool>`dispatch.campaign_id = ${batch.campaignId}`
    : sql<SqlBool>`dispatch.id = ${batch.dispatchId}`;
}
