import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase, PREPARED } from '../platform/database/index.js';
import { groupBy } from '../shared/group-by.js';
import { type DeliveryTables } from './delivery.tables.js';
import { type ReminderGuard } from './ledger.types.js';
import { type MessageState } from './message.states.js';
import { type Change } from './outcome.rules.js';

/** A worker's hold on a slice. Whoever has a later epoch has taken it over. */
export interface Lease {
  readonly sliceId: string;
  readonly epoch: number;
  readonly worker: string;
  readonly dispatchId: string;
  readonly firstOrdinal: number;
  readonly lastOrdinal: number;
  readonly sharedValues: Readonly<Record<string, unknown>>;
  readonly dueAt: Date;
  readonly expiresAt: Date | null;
  readonly ratePerMinute: number | null;
  readonly traceParent: string | null;
}

export type FormerLease = Pick<Lease, 'sliceId' | 'epoch' | 'dispatchId' | 'firstOrdinal' | 'lastOrdinal'>;

export interface QueuedMessage {
  readonly id: string;
  readonly ordinal: number;
  readonly address: string | null;
  readonly template: string;
  readonly templateVersion: string;
  /**
   * Template values as JSON: text until the message is made. As objects the values of whole slices outlived the garbage
   * collector's young generation, and a worker held 80 MB more.
   */
  readonly values: string | null;
  readonly guard: ReminderGuard | null;
  readonly attempt: number;
  readonly setbacks: number;
}

export interface Intent {
  readonly ordinal: number;
  /** In hex. */
  readonly sha256: string;
}

// The commit is on disk before the statement returns (or need not be), whatever the database's default.
const DURABLY = sql`durably as materialized (select set_config('synchronous_commit', 'on', true))`;
const LAZILY = sql`lazily as materialized (select set_config('synchronous_commit', 'off', true))`;

/** The SQL of draining a slice: lease, read, record intents, acknowledge, give back. */
@Injectable()
export class SliceRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DeliveryTables>) {}

  /**
   * Undefined when the slice is somebody else's, has nothing left, or its dispatch is not running. The lease need not be
   * on disk at once: it goes there with the first intent, before anything leaves, and one that is lost leaves the slice
   * to the next worker, with nothing intended under it.
   */
  async lease(sliceId: string, worker: string, seconds: number): Promise<Lease | undefined> {
    const { rows } = await sql<Lease>`${PREPARED}
      with ${LAZILY}
      update slice set epoch = slice.epoch + 1, leased_by = ${worker},
        lease_until = clock_timestamp() + ${seconds} * interval '1 second'
      from dispatch, lazily
      where slice.id = ${sliceId} and slice.leased_by is null and slice.due_at is not null
        and dispatch.id = slice.dispatch_id and dispatch.state = 'running'
      returning slice.id as "sliceId", slice.epoch, slice.leased_by as worker, slice.dispatch_id as "dispatchId",
        slice.first_ordinal as "firstOrdinal", slice.last_ordinal as "lastOrdinal",
        dispatch.shared_values as "sharedValues", dispatch.due_at as "dueAt", dispatch.expires_at as "expiresAt",
        dispatch.rate_per_minute as "ratePerMinute", dispatch.trace_parent as "traceParent"`.execute(this.db);
    return rows[0];
  }

  /** As somebody had it who has ended: for writing down what became of it. Undefined when there is no such slice here. */
  async formerLease(sliceId: string, epoch: number): Promise<FormerLease | undefined> {
    const slice = await this.db
      .selectFrom('slice')
      .select(['dispatch_id', 'first_ordinal', 'last_ordinal'])
      .where('id', '=', sliceId)
      .executeTakeFirst();
    if (!slice) return undefined;
    const { dispatch_id: dispatchId, first_ordinal: firstOrdinal, last_ordinal: lastOrdinal } = slice;
    return { sliceId, epoch, dispatchId, firstOrdinal, lastOrdinal };
  }

  /** False when the lease is lost. */
  async renew(lease: Lease, seconds: number): Promise<boolean> {
    const { rows } = await sql`${PREPARED}
      update slice set lease_until = clock_timestamp() + ${seconds} * interval '1 second'
      where ${this.held(lease)} returning id`.execute(this.db);
    return rows.length > 0;
  }

  /**
   * Those that came back last, so that one recipient at whom the server hangs up holds up nobody else. Not prepared: of
   * a ledger that holds a few messages the best plan looks through all of them for each, and it would be kept.
   */
  async queued(lease: Lease): Promise<QueuedMessage[]> {
    const { rows } = await sql<QueuedMessage>`
      select message.id, message.ordinal, message.address, message.template,
        message.template_version as "templateVersion", message.values::text as values, message.guard, delivery.attempt, delivery.setbacks
      from delivery
      join message on message.dispatch_id = delivery.dispatch_id and message.ordinal = delivery.ordinal
      where ${this.within(lease)} and delivery.state = 'queued'
        and message.ordinal between ${lease.firstOrdinal} and ${lease.lastOrdinal}
      order by delivery.setbacks, delivery.ordinal`.execute(this.db);
    return rows;
  }

  /**
   * Records, on disk, that these messages may leave from now on, and renews the lease in the same statement. Returns
   * the ordinals that may; none when the lease is lost, the dispatch was paused or cancelled meanwhile, or all mail was
   * stopped.
   */
  async intend(
    lease: Lease,
    intents: readonly Intent[],
    transport: string,
    now: Date,
    seconds: number,
  ): Promise<Set<number>> {
    const inOrder = intents.toSorted((one, other) => one.ordinal - other.ordinal);
    const ordinals = listOf(inOrder);
    // Ordinals that are asked for as one array are one walk along the index: a join with a list was a descent for each.
    const { rows } = await sql<{ ordinal: number }>`${PREPARED}
      with ${DURABLY}, held as (
        update slice set lease_until = clock_timestamp() + ${seconds} * interval '1 second'
        from durably, dispatch
        where ${this.held(lease)} and dispatch.id = slice.dispatch_id and dispatch.state = 'running'
          and not exists (select from mail_stop)
        returning slice.epoch
      )
      update delivery set state = 'sending', attempt = delivery.attempt + 1, epoch = held.epoch,
        rendered_sha256 = substring(${`\\x${inOrder.map(({ sha256 }) => sha256).join('')}`}::bytea
          from 32 * width_bucket(delivery.ordinal, ${ordinals}::integer[]) - 31 for 32),
        transport = ${transport}, next_attempt_at = null, state_changed_at = ${now}
      from held
      where ${this.within(lease)} and delivery.ordinal = any(${ordinals}::integer[]) and delivery.state = 'queued'
      returning delivery.ordinal`.execute(this.db);
    return new Set(rows.map(({ ordinal }) => ordinal));
  }

  /**
   * Writes outcomes down. They need not be on disk at once: one that is lost makes its message unknown, never sent
   * twice. An answer that comes after the lease was lost still counts, as long as nobody has sent the message again.
   * @returns how many messages it changed.
   */
  async acknowledge(
    lease: FormerLease,
    changes: readonly Change[],
    now: Date,
    from: readonly MessageState[] = ['sending', 'unknown'],
  ): Promise<number> {
    if (changes.length === 0) return 0;
    const { numAffectedRows = 0n } = await sql`${PREPARED} with ${LAZILY} ${this.write(lease, changes, now, from)}
      and delivery.epoch = ${lease.epoch}`.execute(this.db);
    return Number(numAffectedRows);
  }

  /** Writes down what will not be sent, while the lease is held. */
  async settle(lease: Lease, changes: readonly Change[], now: Date): Promise<void> {
    await sql`${PREPARED} with ${LAZILY} ${this.write(lease, changes, now, ['queued'])}
      and exists (select from slice where ${this.held(lease)})`.execute(this.db);
  }

  /**
   * Ends the lease and notes when the slice can go on, if ever. False when a message still counts as on the wire: an
   * outcome is missing, and the lease stays until it is written, or runs out and the message is unknown.
   */
  async release(lease: FormerLease, now: Date): Promise<boolean> {
    const { rows } = await sql`${PREPARED}
      with ${DURABLY}
      update slice set leased_by = null, lease_until = null, due_at = ${this.nextDue(lease, now)}
      from durably
      where id = ${lease.sliceId} and epoch = ${lease.epoch}
        and not exists (select from delivery where ${this.within(lease)} and delivery.state = 'sending')
      returning id`.execute(this.db);
    return rows.length > 0;
  }

  /** Another has had the slice meanwhile, and may have closed it: what this worker gave back since is to be sent too. */
  async reopen(lease: FormerLease, now: Date): Promise<void> {
    await sql`
      update slice set due_at = least(due_at, ${this.nextDue(lease, now)})
      where id = ${lease.sliceId} and epoch > ${lease.epoch}`.execute(this.db);
  }

  /** When the slice can go on; null when it has nothing left to send. */
  private nextDue(lease: FormerLease, now: Date) {
    return sql`(
      select min(case delivery.state when 'deferred' then delivery.next_attempt_at else ${now}::timestamptz end)
      from delivery where ${this.within(lease)} and delivery.state in ('planned', 'queued', 'deferred')
    )`;
  }

  private write(lease: FormerLease, changes: readonly Change[], now: Date, from: readonly MessageState[]) {
    // Nearly all outcomes are alike ("accepted", 250): their ordinals travel as one list, and what they say only once.
    const alike = [...groupBy(changes, kindOf).values()];
    const kinds = alike.flatMap(([first]) => first ?? []);
    return sql`
      update delivery set state = change.state::message_state, reason = change.reason, code = change.code,
        enhanced = change.enhanced, next_attempt_at = change.next_attempt_at,
        attempt = delivery.attempt - change.setback, setbacks = delivery.setbacks + change.setback,
        accepted_at = case when change.state = 'accepted' then ${now}::timestamptz end,
        state_changed_at = ${now}::timestamptz
      from lazily, unnest(
        ${alike.map(listOf)}::text[], ${kinds.map(({ state }) => state)}::text[],
        ${kinds.map(({ reason }) => reason?.slice(0, 500) ?? null)}::text[],
        ${kinds.map(({ code }) => code ?? null)}::integer[],
        ${kinds.map(({ enhanced }) => enhanced ?? null)}::text[],
        ${kinds.map(({ nextAttemptAt }) => nextAttemptAt ?? null)}::timestamptz[],
        ${kinds.map(({ setback }) => (setback ? 1 : 0))}::integer[]
      ) as change (ordinals, state, reason, code, enhanced, next_attempt_at, setback)
      where ${this.within(lease)} and delivery.ordinal = any(change.ordinals::integer[])
        and delivery.state = any(${from}::message_state[])`;
  }

  // With the slice's bounds in every statement no plan, however wrong its statistics, reads more than one slice.
  private within({ dispatchId, firstOrdinal, lastOrdinal }: FormerLease) {
    return sql`delivery.dispatch_id = ${dispatchId} and delivery.ordinal between ${firstOrdinal} and ${lastOrdinal}`;
  }

  private held({ sliceId, epoch, worker }: Lease) {
    return sql`slice.id = ${sliceId} and slice.epoch = ${epoch} and slice.leased_by = ${worker}
      and slice.lease_until > clock_timestamp()`;
  }
}

/** As PostgreSQL writes an array: the driver would quote and escape each number by itself. */
function listOf(places: readonly { readonly ordinal: number }[]): string {
  return `{${places.map(({ ordinal }) => ordinal).join(',')}}`;
}

function kindOf({ state, code, reason, enhanced, nextAttemptAt, setback }: Change): string {
  return [state, code, enhanced, nextAttemptAt?.getTime(), setback, reason].join(' ');
}
