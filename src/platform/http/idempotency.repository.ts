import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { ConflictError } from '../../shared/errors.js';
import { InjectDatabase, inTwoTries } from '../database/index.js';

interface IdempotencyTables {
  idempotency_key: {
    caller: string;
    key: string;
    fingerprint: string;
    /** Who works on the request: a try of it, which may ask again. */
    holder: string | null;
    claimed_until: Date;
    /** Set in the transaction that does what the request asks for. */
    done: boolean;
    status: number | null;
    headers: Record<string, string> | null;
    body: string | null;
    expires_at: Date;
  };
}

export interface RequestClaim {
  readonly caller: string;
  readonly key: string;
  /** A new id for each try. */
  readonly holder: string;
}

export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Sealed text. */
  readonly body: string;
}

/** A key that somebody else holds. `lost`: its request was done, and nobody will ever know what the answer was. */
export interface HeldKey {
  readonly fingerprint: string;
  readonly answer: StoredAnswer | 'awaited' | 'lost';
}

/**
 * A key is held for so long, by the database's clock, and again with each `renew`: when its process dies, the caller may
 * soon try again under it.
 */
const CLAIMED_UNTIL = sql<Date>`clock_timestamp() + interval '15 seconds'`;

const beingWorkedOn = new AsyncLocalStorage<RequestClaim>();

/** Does what a request asks for: what `work` keeps is marked with the request's key by `markDone`. */
export function workOn<R>(claim: RequestClaim, work: () => Promise<R>): Promise<R> {
  return beingWorkedOn.run(claim, work);
}

/**
 * Says of the request that is being worked on, if it has a key, that it is done as soon as `trx` is kept. From then on it
 * is not done again, whatever becomes of its answer.
 * @throws ConflictError `request-in-progress` when this process was silent for so long that another has taken it over.
 */
export async function markDone<T>(trx: Transaction<T>): Promise<void> {
  const claim = beingWorkedOn.getStore();
  if (!claim) return;
  const db = trx as unknown as Transaction<IdempotencyTables>;
  const { numUpdatedRows } = await held(db, claim).set({ done: true }).executeTakeFirst();
  // No row at all: its request has failed, and was given up, before this that it left behind.
  if (numUpdatedRows > 0n || !(await rowOf(db, claim).executeTakeFirst())) return;
  throw new ConflictError('request-in-progress', 'The same request is being worked on by another process.');
}

@Injectable()
export class IdempotencyRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<IdempotencyTables>) {}

  /** Takes the key (undefined), unless it is held. A key whose holder died, or that has expired, is taken over. */
  async claim(claim: RequestClaim, fingerprint: string): Promise<HeldKey | undefined> {
    const { caller, key, holder } = claim;
    const values = {
      caller,
      key,
      fingerprint,
      holder,
      claimed_until: CLAIMED_UNTIL,
      done: false,
      status: null,
      headers: null,
      body: null,
      expires_at: sql<Date>`clock_timestamp() + interval '24 hours'`,
    };
    const { caller: _caller, key: _key, ...renewed } = values;
    const insert = this.db
      .insertInto('idempotency_key')
      .values(values)
      .onConflict((conflict) =>
        conflict
          .columns(['caller', 'key'])
          .doUpdateSet(renewed)
          .where((eb) =>
            eb.or([
              eb('idempotency_key.expires_at', '<', sql<Date>`clock_timestamp()`),
              // This try took it, and never heard so.
              eb('idempotency_key.holder', '=', holder),
              // The same request only: another body under a key in use stays a mistake of the caller.
              eb.and([
                eb('idempotency_key.status', 'is', null),
                eb('idempotency_key.done', '=', false),
                eb('idempotency_key.fingerprint', '=', fingerprint),
                eb('idempotency_key.claimed_until', '<', sql<Date>`clock_timestamp()`),
              ]),
            ]),
          ),
      )
      .returning('key');
    if (await inTwoTries(() => insert.executeTakeFirst())) return undefined;
    const row = await rowOf(this.db, claim).executeTakeFirst();
    // Released between the two statements: it is free now.
    return row ? heldKey(row) : this.claim(claim, fingerprint);
  }

  async renew(claim: RequestClaim): Promise<void> {
    await held(this.db, claim).set({ claimed_until: CLAIMED_UNTIL }).execute();
  }

  async answered(claim: RequestClaim, { status, headers, body }: StoredAnswer): Promise<void> {
    const answer = { status, headers: JSON.stringify(headers) as never, body };
    await inTwoTries(() => held(this.db, claim).set(answer).execute());
  }

  /** After a request that failed: if it changed nothing, the caller may try again under the same key. */
  async release(claim: RequestClaim): Promise<void> {
    const { caller, key, holder } = claim;
    const nothingDone = this.db
      .deleteFrom('idempotency_key')
      .where('caller', '=', caller)
      .where('key', '=', key)
      .where('holder', '=', holder)
      .where('done', '=', false);
    const noAnswer = held(this.db, claim).set({ claimed_until: sql<Date>`clock_timestamp()` });
    await inTwoTries(async () => {
      await nothingDone.execute();
      await noAnswer.execute();
    });
  }

  async removeExpired(): Promise<void> {
    await this.db
      .deleteFrom('idempotency_key')
      .where('expires_at', '<', sql<Date>`clock_timestamp()`)
      .execute();
  }
}

function rowOf(db: Kysely<IdempotencyTables>, { caller, key }: RequestClaim) {
  return db
    .selectFrom('idempotency_key')
    .select(['fingerprint', 'done', 'status', 'headers', 'body'])
    .select(sql<boolean>`claimed_until < clock_timestamp()`.as('is_over'))
    .where('caller', '=', caller)
    .where('key', '=', key);
}

function held(db: Kysely<IdempotencyTables>, { caller, key, holder }: RequestClaim) {
  return db
    .updateTable('idempotency_key')
    .where('caller', '=', caller)
    .where('key', '=', key)
    .where('holder', '=', holder);
}

type HeldRow = Pick<IdempotencyTables['idempotency_key'], 'fingerprint' | 'done' | 'status' | 'headers' | 'body'> & {
  is_over: boolean;
};

function heldKey({ fingerprint, done, status, headers, body, is_over: isOver }: HeldRow): HeldKey {
  if (status !== null) return { fingerprint, answer: { status, headers: headers ?? {}, body: body ?? '' } };
  return { fingerprint, answer: done && isOver ? 'lost' : 'awaited' };
}
