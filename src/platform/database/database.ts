import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import { Client, type ClientBase, Pool, type PoolClient, types } from 'pg';
import { AppError, UnavailableError } from '../../shared/errors.js';
import { type Config } from '../config/index.js';
import { withCertainCommits } from './certain-commit.js';
import { CopyIn } from './copy.js';
import { type DatabaseServer, openEmbeddedPostgres } from './embedded-postgres.js';
import { migrate, pendingMigrations, refuseNewer } from './migrate.js';
import { isDatabaseTrouble } from './trouble.js';

const { DATE, TIMESTAMP: TIMESTAMP_WITHOUT_ZONE, INT8: BIGINT, NUMERIC } = types.builtins;
// A calendar date and a wall-clock time are no instants: pg would read them in this process's zone and shift them.
types.setTypeParser(DATE, (text) => text);
types.setTypeParser(TIMESTAMP_WITHOUT_ZONE, (text) => text.replace(' ', 'T'));
// Counts and sequence numbers of ours stay far below 2^53.
types.setTypeParser(BIGINT, Number);
types.setTypeParser(NUMERIC, Number);

/** The server named by DATABASE_URL, or the embedded one. Throws UnavailableError with one clear line. */
export async function openDatabaseServer(config: Config): Promise<DatabaseServer> {
  if (config.databaseUrl === undefined) return openEmbeddedPostgres({ dataDir: config.dataDir, revives: true });
  return { connectionString: config.databaseUrl, embedded: false, release: () => Promise.resolve() };
}

/**
 * Between two statements of a transaction this service pauses for seconds. A process that is silent for longer is frozen,
 * and what it has locked, such as a campaign with a step that is due, is somebody else's then. Where the operator has
 * set a time, that one counts.
 */
function letGoOfTheFrozen(client: ClientBase): Promise<unknown> {
  return client.query(
    "select set_config(name, '5min', false) from pg_settings where name = 'idle_in_transaction_session_timeout' and setting = '0'",
  );
}

/** A server that vanished (a failover, a cut network) is noticed in 20 seconds and not in a quarter of an hour. */
export const KEPT_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const;

/** How long somebody waits for a connection, in milliseconds. Nothing of ours keeps all of them for so long. */
const PATIENCE = 30_000;
/** The same for one question that somebody with a lost COMMIT has, and may ask again. */
const ONE_ANSWER = 2_000;

/**
 * A connection pool with the typed query builder on it. `destroy()` closes it. A query for which there is no connection
 * within `patience` ends with UnavailableError `database-busy` or `database-unreachable`: those who hold one and wait
 * for a second might otherwise wait for each other for ever.
 */
export function connect<T>(connectionString: string, poolSize = 20, patience = PATIENCE): Kysely<T> {
  const pool = new Pool({
    connectionString,
    max: poolSize,
    connectionTimeoutMillis: patience,
    application_name: 'cqrs-comms',
    ...KEPT_ALIVE,
    // Not as a start-up parameter, which PgBouncer would refuse.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- pg-pool waits for it; its types do not say so
    onConnect: letGoOfTheFrozen,
  });
  // A connection that breaks (a restarted server) must not end the process, idle or between two statements of a
  // transaction: the next query reports the trouble.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const newConnection = async (): Promise<Client> => {
    const atMost = Math.min(patience, ONE_ANSWER);
    const client = new Client({ connectionString, connectionTimeoutMillis: atMost, query_timeout: atMost });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const certain = new WeakMap<PoolClient, PostgresPoolClient>();
  const patient = {
    connect: async (): Promise<PostgresPoolClient> => {
      const client = await pool.connect().catch(inTime);
      const known = certain.get(client) ?? withCertainCommits(client, newConnection, patience);
      certain.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
  return new Kysely<T>({ dialect: new PostgresDialect({ pool: patient, cursor: CopyIn }) });
}

/** pg-pool's own errors have no codes. */
function inTime(cause: Error): never {
  switch (cause.message) {
    case 'timeout exceeded when trying to connect':
      throw new UnavailableError('database-busy', 'The database has too much to do: try again in a minute', { cause });
    case 'Connection terminated due to connection timeout':
      throw new UnavailableError('database-unreachable', 'The database does not answer', { cause });
    default:
      throw cause;
  }
}

/**
 * Embedded and development databases are brought up to date at the start. In production migrations are a step of
 * the deployment (`cli migrate`): a process that finds some missing refuses to start, and so does one that finds some
 * it does not know.
 */
export async function ensureSchema<T>(db: Kysely<T>, config: Config): Promise<void> {
  try {
    if (config.environment !== 'production') {
      await migrate(db);
      return;
    }
    await refuseNewer(db);
    const pending = await pendingMigrations(db);
    if (pending.length === 0) return;
    throw new UnavailableError(
      'migrations-pending',
      `The database lacks ${pending.length} migrations (first: ${pending[0] ?? ''}): run the migrate command`,
    );
  } catch (error) {
    if (error instanceof UnavailableError || isDatabaseTrouble(error)) throw error;
    throw new UnavailableError('database-unusable', `The database cannot be used: ${wordsOf(error)}`, { cause: error });
  }
}

/** What ended a start or a command, with where the database is and without who signs in there; any other error as it is. */
export function placed(error: unknown, { connectionString }: Pick<DatabaseServer, 'connectionString'>): unknown {
  if (error instanceof AppError || !isDatabaseTrouble(error)) return error;
  const { host, port } = new Client({ connectionString });
  return new UnavailableError(
    'database-unreachable',
    `The database at ${host}:${port} does not answer, or ended the connection (${wordsOf(error)}): see whether it runs and what its log says, and try again`,
    { cause: error },
  );
}

function wordsOf(error: unknown): string {
  // An attempt at several addresses has no words of its own.
  const { message, code } = error as { message?: string; code?: string };
  return message || String(code);
}
