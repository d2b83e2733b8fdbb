import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../database/index.js';

interface IdempotencyTables {
  idempotency_key: {
    caller: string;
    key: string;
    fingerprint: string;
    claimed_until: Date;
    status: number | null;
    headers: Record<string, string> | null;
    body: string | null;
    expires_at: Date;
  };
}

export interface RequestKey {
  readonly caller: string;
  readonly key: string;
}

export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Sealed text. */
  readonly body: string;
}

/** A key that somebody else holds: its request is being worked on (`answer` undefined) or was answered. */
export interface HeldKey {
  readonly fingerprint: string;
  readonly answer: StoredAnswer | undefined;
}

@Injectable()
export class IdempotencyRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<IdempotencyTables>) {}

  /** Takes the key (undefined), unless it is held. A key whose holder died, or that has expired, is taken over. */
  async claim({ caller, key }: RequestKey, fingerprint: string): Promise<HeldKey | undefined> {
    const values = {
      caller,
      key,
      fingerprint,
      claimed_until: sql<Date>`clock_timestamp() + interval '5 minutes'`,
      status: null,
      headers: null,
      body: null,
      expires_at: sql<Date>`clock_timestamp() + interval '24 hours'`,
    };
    const { caller: _caller, key: _key, ...renewed } = values;
    const claimed = await this.db
      .insertInto('idempotency_key')
      .values(values)
      .onConflict((conflict) =>
        conflict
          .columns(['caller', 'key'])
          .doUpdateSet(renewed)
          .where((eb) =>
            eb.or([
              eb('idempotency_key.expires_at', '<', sql<Date>`clock_timestamp()`),
              // The same request only: another body under a key in use stays a mistake of the caller.
              eb.and([
                eb('idempotency_key.status', 'is', null),
                eb('idempotency_key.fingerprint', '=', fingerprint),
                eb('idempotency_key.claimed_until', '<', sql<Date>`clock_timestamp()`),
              ]),
            ]),
          ),
      )
      .returning('key')
      .executeTakeFirst();
    if (claimed) return undefined;
    const held = await this.row({ caller, key }).executeTakeFirst();
    // Released between the two statements: it is free now.
    return held ? heldKey(held) : this.claim({ caller, key }, fingerprint);
  }

  async answered({ caller, key }: RequestKey, answer: StoredAnswer): Promise<void> {
    await this.db
      .updateTable('idempotency_key')
      .set({ status: answer.status, headers: JSON.stringify(answer.headers) as never, body: answer.body })
      .where('caller', '=', caller)
      .where('key', '=', key)
      .execute();
  }

  /** After a request that failed: it changed nothing, so the caller may try again under the same key. */
  async release({ caller, key }: RequestKey): Promise<void> {
    await this.db
      .deleteFrom('idempotency_key')
      .where('caller', '=', caller)
      .where('key', '=', key)
      .where('status', 'is', null)
      .execute();
  }

  async removeExpired(): Promise<void> {
    await this.db
      .deleteFrom('idempotency_key')
      .where('expires_at', '<', sql<Date>`clock_timestamp()`)
      .execute();
  }

  private row({ caller, key }: RequestKey) {
    return this.db
      .selectFrom('idempotency_key')
      .select(['fingerprint', 'status', 'headers', 'body'])
      .where('caller', '=', caller)
      .where('key', '=', key);
  }
}

type HeldRow = Pick<IdempotencyTables['idempotency_key'], 'fingerprint' | 'status' | 'headers' | 'body'>;

function heldKey({ fingerprint, status, headers, body }: HeldRow): HeldKey {
  const answer = status === null ? undefined : { status, headers: headers ?? {}, body: body ?? '' };
  return { fingerprint, answer };
}
