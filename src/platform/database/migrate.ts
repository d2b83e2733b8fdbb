import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Kysely, type Migration, type MigrationProvider, Migrator, sql } from 'kysely';
import { UnavailableError } from '../../shared/errors.js';

/**
 * How long a migration waits for a table that somebody works on, in milliseconds. While it waits for the whole table,
 * everybody who comes after waits behind it: a launch that writes a million messages would stop all sending.
 */
const PATIENCE = 10_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** Forward-only migrations: numbered SQL files, each run once, in order, all that are missing in one transaction. */
class SqlFiles implements MigrationProvider {
  constructor(
    private readonly folder: string,
    private readonly patience: number,
  ) {}

  async getMigrations(): Promise<Record<string, Migration>> {
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.sql')).sort();
    const entries = names.map(async (name): Promise<[string, Migration]> => {
      const text = await readFile(join(this.folder, name), 'utf8');
      return [
        name.replace(/\.sql$/, ''),
        {
          up: async (db: Kysely<unknown>) => {
            await sql.raw(`set local lock_timeout = ${this.patience}`).execute(db);
            await sql.raw(text).execute(db);
          },
        },
      ];
    });
    return Object.fromEntries(await Promise.all(entries));
  }
}

function migratorOf(db: Kysely<unknown>, patience = PATIENCE): Migrator {
  return new Migrator({
    db,
    provider: new SqlFiles(join(import.meta.dirname, 'migrations'), patience),
    // Numbers are dealt out in ranges by module, so a later migration may stand before an earlier one.
    allowUnorderedMigrations: true,
  });
}

/**
 * Brings the schema up to date and returns the names of the migrations it applied. Safe with several at once.
 * @throws UnavailableError `migration-failed` also when a table does not come free within `patience`; nothing is changed.
 * `database-newer` as `refuseNewer`.
 */
export async function migrate<T>(db: Kysely<T>, patience?: number): Promise<string[]> {
  await refuseNewer(db);
  const { error, results = [] } = await migratorOf(db as Kysely<unknown>, patience).migrateToLatest();
  if (error) {
    const failed = results.find((result) => result.status === 'Error');
    // Before the first migration is tried there is nothing but a database that cannot be reached or used.
    if (!failed) throw error as Error;
    throw new UnavailableError('migration-failed', `Migration ${failed.migrationName} failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return results.map((result) => result.migrationName);
}

/**
 * For whoever goes back to an older version: what it would write, a newer one may have given another meaning.
 * @throws UnavailableError `database-newer` when the database has a migration that this code has not.
 */
export async function refuseNewer<T>(db: Kysely<T>): Promise<void> {
  const { rows: tables } = await sql`select where to_regclass('kysely_migration') is not null`.execute(db);
  if (tables.length === 0) return;
  const known = (await migratorOf(db as Kysely<unknown>).getMigrations()).map(({ name }) => name);
  const { rows } = await sql<{ name: string }>`
    select name from kysely_migration where name <> all(${known}::text[]) order by name`.execute(db);
  const [first, ...more] = rows;
  if (first === undefined) return;
  const which = more.length === 0 ? first.name : `${first.name} and ${more.length} more`;
  throw new UnavailableError(
    'database-newer',
    `A newer version of the service has changed this database (${which}): start that version, or restore the backup from before the upgrade`,
  );
}

/** Names of the migrations that this code has and the database has not. */
export async function pendingMigrations<T>(db: Kysely<T>): Promise<string[]> {
  const migrations = await migratorOf(db as Kysely<unknown>).getMigrations();
  return migrations.filter((migration) => !migration.executedAt).map((migration) => migration.name);
}

function messageOf(error: unknown): string {
  if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) {
    return 'the service is at work on a table that it changes. Nothing was changed: try again, or stop the service first';
  }
  return error instanceof Error ? error.message : JSON.stringify(error);
}
