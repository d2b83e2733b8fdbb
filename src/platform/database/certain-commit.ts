import { setTimeout as delay } from 'node:timers/promises';
import { type PostgresPoolClient, type PostgresQueryResult } from 'kysely';
import { type ClientBase, type PoolClient, type QueryResult } from 'pg';
import { UnavailableError } from '../../shared/errors.js';
import { nameOfPrepared } from './prepared.js';

/** Names the transaction in the same round trip. Isolation levels other than the default are asked for in other words. */
const BEGIN = 'begin; select pg_current_xact_id()::text as id, pg_postmaster_start_time()::text as "server"';
const FATE = `select pg_xact_status($1::text::xid8) as status, pg_postmaster_start_time()::text as "server"`;

/** What nobody reads of the answer to a COMMIT or a ROLLBACK. */
const ENDED = { command: 'COMMIT', rowCount: null, rows: [] };

interface Name {
  readonly id: string;
  /** When the server was started that gave the id. */
  readonly server: string;
}

/** A connection of its own for one question, which `end` closes. */
export type NewConnection = () => Promise<Pick<ClientBase, 'query'> & { end(): Promise<void> }>;

/** In milliseconds. The server notices at once that its client is gone, unless it is still at work on the COMMIT. */
const LONGEST = 5_000;
const PAUSE = 50;

/**
 * A client whose COMMIT tells the truth. When the connection breaks before the answer is there, the transaction may have
 * been kept or not: the server is asked which it was, over another connection. Kept: the COMMIT succeeds as if nothing
 * had happened. Not kept: it fails with what broke.
 * @throws UnavailableError `outcome-unknown` when the server cannot be asked within `patience`, or within five seconds.
 */
export function withCertainCommits(
  client: PoolClient,
  newConnection: NewConnection,
  patience: number,
): PostgresPoolClient {
  let name: Name | undefined;
  const begin = async (): Promise<unknown> => {
    try {
      // With several statements in it the answer is a list.
      const [begun, named] = (await client.query(BEGIN)) as unknown as [QueryResult, QueryResult<Name>];
      name = named.rows[0];
      return begun;
    } catch (error) {
      // Begun, and not named: nobody else would end it.
      if (isAnswer(error)) await client.query('rollback');
      throw error;
    }
  };
  const wasKept = async ({ id, server }: Name): Promise<boolean | undefined> => {
    const deadline = performance.now() + Math.min(patience, LONGEST);
    while (performance.now() < deadline) {
      const fate = await fateOf(id, newConnection).catch(() => undefined);
      if (fate?.status === 'aborted') return false;
      // A server that crashed, or another in its place, may have given the id to a second transaction.
      if (fate !== undefined && fate.server !== server) return undefined;
      if (fate?.status === 'committed') return true;
      await delay(PAUSE);
    }
    return undefined;
  };
  const commit = async (): Promise<unknown> => {
    const ended = name;
    name = undefined;
    try {
      return await client.query('commit');
    } catch (error) {
      if (ended === undefined || isAnswer(error)) throw error;
      switch (await wasKept(ended)) {
        case true:
          return ENDED;
        case false:
          throw error;
        case undefined:
          throw new UnavailableError(
            'outcome-unknown',
            'The database was lost while this was being kept, and it may have been. Look before you do it again',
            { cause: error },
          );
      }
    }
  };
  // A transaction whose connection is gone is none any more: what ended it is the error that counts.
  const rollback = async (): Promise<unknown> => {
    name = undefined;
    return client.query('rollback').catch((error: unknown) => {
      if (isAnswer(error)) throw error;
      return ENDED;
    });
  };
  const query = (text: string, parameters: unknown[]): Promise<unknown> => {
    if (text === 'begin') return begin();
    if (text === 'commit') return commit();
    if (text === 'rollback') return rollback();
    const name = nameOfPrepared(text);
    return name === undefined ? client.query(text, parameters) : client.query({ name, text, values: parameters });
  };
  return {
    query: query as unknown as QueryOf,
    release: () => {
      client.release();
    },
  };
}
type QueryOf = PostgresPoolClient['query'] & (() => Promise<PostgresQueryResult<never>>);

/** An error that the server reports without giving up the connection, such as a deferred constraint. */
function isAnswer(error: unknown): boolean {
  return (error as { severity?: string }).severity === 'ERROR';
}

async function fateOf(
  id: string,
  newConnection: NewConnection,
): Promise<{ status: string; server: string } | undefined> {
  const connection = await newConnection();
  try {
    return (await connection.query<{ status: string; server: string }>(FATE, [id])).rows[0];
  } finally {
    await connection.end().catch(() => undefined);
  }
}
