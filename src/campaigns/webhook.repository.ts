import { Injectable } from '@nestjs/common';
import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import {
  type DeliveredEventType,
  WEBHOOK_TEST,
  type WebhookDeliveryState,
  type WebhookTables,
} from './webhook.types.js';

export type WebhookRow = Selectable<WebhookTables['webhook']>;
type Db = Kysely<WebhookTables> | Transaction<WebhookTables>;

/** One delivery with its event, as the log shows it. */
export interface DeliveryLine {
  readonly id: number;
  readonly eventId: number;
  readonly type: DeliveredEventType;
  readonly occurredAt: Date;
  readonly state: WebhookDeliveryState;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly lastAttemptAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

/** A delivery that was claimed: everything that an attempt needs. */
export interface ClaimedDelivery {
  readonly id: number;
  readonly webhookId: string;
  readonly attempts: number;
  readonly url: string;
  readonly sealedSecret: string;
  readonly failingSince: Date | null;
  readonly eventId: number;
  readonly type: DeliveredEventType;
  readonly occurredAt: Date;
  readonly data: unknown;
}

@Injectable()
export class WebhookRepository {
  constructor(@InjectDatabase() readonly db: Kysely<WebhookTables>) {}

  async add(row: Insertable<WebhookTables['webhook']>, trx: Db): Promise<void> {
    await trx.insertInto('webhook').values(row).execute();
  }

  async find(id: string): Promise<WebhookRow | undefined> {
    return this.db.selectFrom('webhook').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Newest first: the ids are made in the order of time. */
  async page(limit: number, before?: string): Promise<WebhookRow[]> {
    let query = this.db.selectFrom('webhook').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    return query.execute();
  }

  /**
   * Before its deliveries, as whoever disables or removes it has it: attempts that learn at the same moment that it is to
   * be disabled would wait for each other's deliveries.
   */
  async lock(id: string, trx: Db): Promise<void> {
    await trx.selectFrom('webhook').select('id').where('id', '=', id).forNoKeyUpdate().execute();
  }

  async remove(id: string, trx: Db): Promise<boolean> {
    return (await trx.deleteFrom('webhook').where('id', '=', id).executeTakeFirst()).numDeletedRows === 1n;
  }

  async enable(id: string, trx: Db): Promise<WebhookRow | undefined> {
    return trx
      .updateTable('webhook')
      .set({ state: 'active', disabled_reason: null, failing_since: null })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
  }

  /** Also gives up on what has not been delivered yet; each of it can be redelivered by hand. */
  async disable(id: string, reason: string, trx: Db): Promise<WebhookRow | undefined> {
    const disabled = await trx
      .updateTable('webhook')
      .set({ state: 'disabled', disabled_reason: reason })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    await trx
      .updateTable('webhook_delivery')
      .set({ state: 'abandoned', next_attempt_at: null })
      .where('webhook_id', '=', id)
      .where('state', '=', 'pending')
      .execute();
    return disabled;
  }

  /** The log of one webhook, newest first. */
  async deliveries(
    webhookId: string,
    filter: { state?: WebhookDeliveryState | undefined; before?: number | undefined; limit: number },
  ): Promise<DeliveryLine[]> {
    let query = this.db
      .selectFrom('webhook_delivery as delivery')
      .innerJoin('webhook_event as event', 'event.id', 'delivery.event_id')
      .select(['delivery.id', 'event.id as eventId', 'event.type', 'event.occurred_at as occurredAt'])
      .select(['delivery.state', 'delivery.attempts', 'delivery.next_attempt_at as nextAttemptAt'])
      .select(['delivery.last_attempt_at as lastAttemptAt', 'delivery.last_status as lastStatus'])
      .select('delivery.last_error as lastError')
      .where('delivery.webhook_id', '=', webhookId)
      .orderBy('delivery.id', 'desc')
      .limit(filter.limit);
    if (filter.state !== undefined) query = query.where('delivery.state', '=', filter.state);
    if (filter.before !== undefined) query = query.where('delivery.id', '<', filter.before);
    return query.execute();
  }

  /** Puts a delivery that has ended back to be tried from the start. */
  async redeliver(webhookId: string, deliveryId: number, now: Date, trx: Db): Promise<boolean> {
    const { numUpdatedRows } = await trx
      .updateTable('webhook_delivery')
      .set({ state: 'pending', attempts: 0, next_attempt_at: now })
      .where('id', '=', deliveryId)
      .where('webhook_id', '=', webhookId)
      .where('state', '<>', 'pending')
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** An event for this webhook alone, to be delivered at once. */
  async addTest(webhookId: string, now: Date, trx: Db): Promise<void> {
    const { id } = await trx
      .insertInto('webhook_event')
      .values({ type: WEBHOOK_TEST, occurred_at: now, data: JSON.stringify({ webhook: webhookId }) })
      .returning('id')
      .executeTakeFirstOrThrow();
    await trx
      .insertInto('webhook_delivery')
      .values({ webhook_id: webhookId, event_id: id, state: 'pending', next_attempt_at: now })
      .execute();
  }

  async setSecret(id: string, sealed: string, trx: Db): Promise<WebhookRow | undefined> {
    return trx
      .updateTable('webhook')
      .set({ sealed_secret: sealed })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
  }

  async due(now: Date, limit: number): Promise<{ id: number; attempts: number }[]> {
    return this.db
      .selectFrom('webhook_delivery')
      .select(['id', 'attempts'])
      .where('state', '=', 'pending')
      .where('next_attempt_at', '<=', now)
      .orderBy('next_attempt_at')
      .limit(limit)
      .execute();
  }

  /** Takes a due delivery for one attempt; undefined when it is not due, or somebody else has it. */
  async claim(id: number, now: Date, leaseUntil: Date): Promise<ClaimedDelivery | undefined> {
    const { rows } = await sql<ClaimedDelivery>`
      update webhook_delivery delivery
      set attempts = delivery.attempts + 1, next_attempt_at = ${leaseUntil}, last_attempt_at = ${now}
      from webhook, webhook_event event
      where delivery.id = ${id} and delivery.state = 'pending' and delivery.next_attempt_at <= ${now}
        and webhook.id = delivery.webhook_id and event.id = delivery.event_id
      returning delivery.id, webhook.id as "webhookId", delivery.attempts, webhook.url,
        webhook.sealed_secret as "sealedSecret", webhook.failing_since as "failingSince",
        event.id as "eventId", event.type, event.occurred_at as "occurredAt", event.data`.execute(this.db);
    return rows[0];
  }

  async settle(
    id: number,
    outcome: { state: WebhookDeliveryState; nextAttemptAt: Date | null; status: number | null; error: string | null },
    trx: Db,
  ): Promise<void> {
    await trx
      .updateTable('webhook_delivery')
      .set({
        state: outcome.state,
        next_attempt_at: outcome.nextAttemptAt,
        last_status: outcome.status,
        last_error: outcome.error,
      })
      .where('id', '=', id)
      // A webhook that was disabled meanwhile has given up on it already.
      .where('state', '=', 'pending')
      .execute();
  }

  /** Remembers since when the webhook fails; a success forgets it. */
  async setFailing(webhookId: string, since: Date | null, trx: Db): Promise<void> {
    await trx
      .updateTable('webhook')
      .set({ failing_since: since })
      .where('id', '=', webhookId)
      .where('failing_since', since === null ? 'is not' : 'is', null)
      .execute();
  }
}
