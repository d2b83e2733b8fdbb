import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { copyAll, copyRow, InjectDatabase } from '../platform/database/index.js';
import { ConflictError } from '../shared/errors.js';
import { asOurs, type DeliveryTables, type MessageTable } from './delivery.tables.js';
import { type NewDispatch, type ReminderGuard } from './ledger.types.js';
import { type MessageState } from './message.states.js';

/** What is written down of a message; its campaign and dispatch are those of the whole batch. */
export interface LedgerRow {
  readonly id: string;
  readonly ordinal: number;
  readonly person_key: string;
  readonly purpose: string;
  readonly account_ids: readonly string[];
  readonly organisation_codes: readonly string[];
  readonly route: string;
  readonly segment: string | null;
  readonly address: string;
  readonly address_hash: string;
  readonly template: string;
  readonly template_version: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly guard: ReminderGuard | null;
}

const MESSAGE_COLUMNS = [
  ...['id', 'campaign_id', 'dispatch_id', 'ordinal', 'person_key', 'purpose'],
  ...['account_ids', 'organisation_codes', 'route', 'segment', 'address', 'address_hash'],
  ...['template', 'template_version', 'values', 'guard'],
] as const satisfies readonly (keyof MessageTable)[];

async function* textsOf(
  { campaignId, id: dispatchId }: NewDispatch,
  rows: AsyncIterable<LedgerRow>,
): AsyncGenerator<string> {
  for await (const row of rows) {
    yield copyRow([
      ...[row.id, campaignId, dispatchId, row.ordinal, row.person_key, row.purpose],
      ...[row.account_ids, row.organisation_codes, row.route, row.segment, row.address, row.address_hash],
      ...[row.template, row.template_version, JSON.stringify(row.values), row.guard && JSON.stringify(row.guard)],
    ]);
  }
}

type Db = Kysely<DeliveryTables>;
const UNIQUE_VIOLATION = '23505';

/** Writes a dispatch, its messages and its slices. */
@Injectable()
export class PlanRepository {
  constructor(@InjectDatabase() private readonly db: Db) {}

  /** In the caller's transaction when there is one, else in one of its own: all or nothing. */
  inTransaction<Tables, T>(trx: Transaction<Tables> | undefined, work: (trx: Db) => Promise<T>): Promise<T> {
    return trx ? work(asOurs(trx)) : this.db.transaction().execute(work);
  }

  /** False when the dispatch is there already; a second planner waits here until the first has committed. */
  async addDispatch(db: Db, dispatch: NewDispatch, now: Date, traceParent: string | null): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await db
      .insertInto('dispatch')
      .values({
        id: dispatch.id,
        campaign_id: dispatch.campaignId,
        purpose: dispatch.purpose,
        shared_values: JSON.stringify(dispatch.sharedValues ?? {}),
        due_at: dispatch.dueAt,
        expires_at: dispatch.expiresAt,
        rate_per_minute: dispatch.ratePerMinute ?? null,
        trace_parent: traceParent,
        created_at: now,
        state_changed_at: now,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0n;
  }

  async plannedOf(db: Db, dispatchId: string): Promise<number> {
    const row = await db
      .selectFrom('dispatch')
      .select('planned')
      .where('id', '=', dispatchId)
      .executeTakeFirstOrThrow();
    return row.planned;
  }

  /**
   * 1,000,000 take half a minute and more, most of it the five indexes.
   * @throws ConflictError `already-planned`.
   */
  async addMessages(db: Db, dispatch: NewDispatch, rows: AsyncIterable<LedgerRow>): Promise<void> {
    try {
      await copyAll(db, 'message', MESSAGE_COLUMNS, textsOf(dispatch, rows));
    } catch (error) {
      if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
      throw new ConflictError(
        'already-planned',
        `Dispatch ${dispatch.id}: a person appears twice, or has a message for the purpose ${dispatch.purpose} in this campaign already`,
        { cause: error },
      );
    }
  }

  async addDeliveries(db: Db, dispatchId: string, state: MessageState, now: Date): Promise<number> {
    const { numAffectedRows = 0n } = await sql`
      insert into delivery (dispatch_id, ordinal, message_id, state, state_changed_at)
      select dispatch_id, ordinal, id, ${state}::message_state, ${now}::timestamptz
      from message where dispatch_id = ${dispatchId} order by ordinal`.execute(db);
    await db
      .updateTable('dispatch')
      .set({ planned: Number(numAffectedRows) })
      .where('id', '=', dispatchId)
      .execute();
    return Number(numAffectedRows);
  }

  async addSlices(db: Db, dispatch: NewDispatch, messages: number, size: number): Promise<void> {
    await sql`
      insert into slice (id, dispatch_id, first_ordinal, last_ordinal, due_at)
      select gen_random_uuid(), ${dispatch.id}, first, least(first + ${size} - 1, ${messages}), ${dispatch.dueAt}::timestamptz
      from generate_series(1, ${messages}::integer, ${size}::integer) as first`.execute(db);
  }

  /**
   * Tells the planner of the rows that have just come: with the statistics of an empty table it joins messages and
   * deliveries row by row, and one cancel of 100,000 messages ran for more than five minutes. Of the wide table only what plans
   * depend on: all of its columns took 0.55 s for 100,000 messages, these take 0.25 s; autovacuum looks at the rest.
   */
  async analyse(db: Db): Promise<void> {
    await sql`analyze message (campaign_id, dispatch_id, ordinal, person_key), delivery, slice`.execute(db);
  }
}
