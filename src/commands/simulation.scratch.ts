import { randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { type Kysely, sql } from 'kysely';
import { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { connect, type DatabaseServer, migrate } from '../platform/database/index.js';
import { UnavailableError } from '../shared/errors.js';
import { type Hold } from './terminal.js';

const PREFIX = 'cqrs_comms_simulation_';
/** A simulation takes minutes: what is older was left by one that was killed. */
const ABANDONED_MS = 6 * 3_600_000;

/** Whether what has happened so far is part of the simulation, or it begins before the window's first campaign. */
export type History = 'kept' | 'left-out';

interface Source {
  readonly table: string;
  /** Which rows; `$window` stands for the window's id. */
  readonly where?: string;
  readonly history?: true;
}

const OF_WINDOW = 'in (select id from campaign where window_id = $window)';
const OF_DISPATCH = `in (select id from dispatch where campaign_id ${OF_WINDOW})`;

/** What the window's campaigns read, in an order that the foreign keys allow. */
const SOURCES: readonly Source[] = [
  ...['import_batch', 'organisation_version', 'organisation', 'account', 'membership'].map((table) => ({ table })),
  ...['nhsmail_entry', 'nhsmail_alias', 'no_nhsmail', 'suppression', 'opt_out'].map((table) => ({ table })),
  { table: 'declaration_window', where: 'id = $window' },
  { table: 'declaration_window_change', where: 'window_id = $window' },
  { table: 'declaration' },
  { table: 'declaration_feed' },
  { table: 'campaign', where: 'window_id = $window', history: true },
  { table: 'plan', where: `campaign_id ${OF_WINDOW}`, history: true },
  { table: 'plan_recipient', where: `plan_id in (select id from plan where campaign_id ${OF_WINDOW})`, history: true },
  { table: 'campaign_step', where: `campaign_id ${OF_WINDOW}`, history: true },
  { table: 'window_correction', where: 'window_id = $window', history: true },
  { table: 'dispatch', where: `campaign_id ${OF_WINDOW}`, history: true },
  { table: 'message', where: `campaign_id ${OF_WINDOW}`, history: true },
  { table: 'delivery', where: `dispatch_id ${OF_DISPATCH}`, history: true },
  { table: 'slice', where: `dispatch_id ${OF_DISPATCH}`, history: true },
];

/** Tables of which a simulation needs nothing: who may do what, what others are told, how a cascade was answered. */
export const LEFT_BEHIND: readonly RegExp[] = [
  /^(audit|cascade|feedback|webhook)_/,
  /^(kysely|import_previous|cascade$|webhook$|pace(_minute)?$|person$|session$|sign_in_link$|api_key$|idempotency_key$)/,
  /^(contact_picture|directory_picture|request_rate|retention_tally|scheduler_heartbeat|simulation_run|staged_upload|mail_stop)/,
  // Triggers fill these from what is copied.
  /^delivery_(tally|unknown)$/,
];
export const COPIED: readonly string[] = SOURCES.map(({ table }) => table);

/**
 * A database beside the service's own, with one window's data as it was at one instant. A simulation does there what it
 * likes; letting go drops it.
 * @throws UnavailableError `scratch-database-refused` where the server's user may not create one.
 */
export async function openScratch(
  server: DatabaseServer,
  windowId: string,
  history: History,
  hold: Hold,
): Promise<DatabaseServer> {
  const name = `${PREFIX}${Date.now()}_${randomBytes(4).toString('hex')}`;
  const url = new URL(server.connectionString);
  url.pathname = `/${name}`;
  const admin = connect<unknown>(server.connectionString, 1);
  hold(async () => {
    await sql`drop database if exists ${sql.id(name)} with (force)`.execute(admin).finally(() => admin.destroy());
  });
  await dropAbandoned(admin);
  await create(admin, name);
  const scratch = connect<unknown>(url.toString(), 1);
  await migrate(scratch)
    .then(() => forgetful(scratch))
    .finally(() => scratch.destroy());
  await copy(server.connectionString, url.toString(), windowId, history);
  return { connectionString: url.toString(), embedded: false, release: () => Promise.resolve() };
}

async function create(admin: Kysely<unknown>, name: string): Promise<void> {
  try {
    await sql`create database ${sql.id(name)} template template0`.execute(admin);
  } catch (error) {
    throw new UnavailableError(
      'scratch-database-refused',
      `A simulation works in a database of its own, and the server refuses one: ${(error as Error).message}. Grant CREATEDB to the user of DATABASE_URL`,
      { cause: error },
    );
  }
}

/** The tables in which a simulation writes most: what a crash may lose needs no log of changes. */
async function forgetful(scratch: Kysely<unknown>): Promise<void> {
  for (const table of ['plan_recipient', 'delivery', 'delivery_tally', 'slice', 'message']) {
    await sql`alter table ${sql.table(table)} set unlogged`.execute(scratch);
  }
  // A plan's or a dispatch's values are long: reading 30,000 of them for statistics takes seconds, each time.
  await sql`do $$ begin execute format('alter database %I set default_statistics_target = 10', current_database()); end $$`.execute(
    scratch,
  );
  // For questions about one organisation or account, that nobody asks here: half of the time that a message takes to write.
  await sql`drop index message_organisations, message_accounts`.execute(scratch);
}

/** Those of simulations that were killed. Without force: one that is in use stays. */
async function dropAbandoned(admin: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select datname as name from pg_database where datname like ${`${PREFIX}%`}
      and not exists (select from pg_stat_activity where pg_stat_activity.datname = pg_database.datname)`.execute(
    admin,
  );
  for (const { name } of rows) {
    const madeAt = Number(name.slice(PREFIX.length).split('_')[0]);
    if (Date.now() - madeAt > ABANDONED_MS) await sql`drop database if exists ${sql.id(name)}`.execute(admin);
  }
}

/** Streams every table across in one snapshot, so that ledger and campaigns agree while the service goes on. */
async function copy(from: string, to: string, windowId: string, history: History): Promise<void> {
  const source = new Client({ connectionString: from });
  const target = new Client({ connectionString: to });
  await source.connect();
  await target.connect();
  try {
    await source.query('begin isolation level repeatable read read only');
    for (const { table, where = 'true', history: isHistory } of SOURCES) {
      if (isHistory && history === 'left-out') continue;
      const columns = await columnsOf(source, table);
      const rows = `select ${columns} from ${table} where ${where.replaceAll('$window', source.escapeLiteral(windowId))}`;
      await pipeline(
        source.query(copyTo(`copy (${rows}) to stdout`)),
        target.query(copyFrom(`copy ${table} (${columns}) from stdin`)),
      );
    }
    await source.query('commit');
    await settleCopy(target);
  } finally {
    await source.end();
    await target.end();
  }
}

/** All but those that the database works out itself. */
async function columnsOf(client: Client, table: string): Promise<string> {
  const { rows } = await client.query<{ column: string }>(
    `select quote_ident(attname) as column from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table],
  );
  return rows.map(({ column }) => column).join(', ');
}

/** Numbers go on behind those that were copied; what was on the wire at that instant counts as unknown. */
async function settleCopy(target: Client): Promise<void> {
  await target.query(`
    do $$ declare found record; begin
      for found in select table_name, column_name from information_schema.columns
        where table_schema = 'public' and is_identity = 'YES'
      loop
        execute format('select setval(pg_get_serial_sequence(%L, %L), coalesce((select max(%I) from %I), 0) + 1, false)',
          found.table_name, found.column_name, found.column_name, found.table_name);
      end loop;
    end $$`);
  await target.query(`update delivery set state = 'unknown', reason = 'on the wire' where state = 'sending'`);
  await target.query(`update slice set leased_by = null, lease_until = null where leased_by is not null`);
  await target.query('analyze');
}
