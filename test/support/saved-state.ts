import { type Kysely, sql } from 'kysely';

/** What may only be added to, and what the service keeps about its own schema. */
const KEPT = '^(audit_.*|declaration_window_change|kysely_.*)$';

/** Keeps what every table holds now. @returns what puts all of it back, as often as it is called. */
export async function saveState(db: Kysely<never>): Promise<() => Promise<void>> {
  const { rows } = await sql<{ table: string; columns: string }>`
    select table_name as table, string_agg(quote_ident(column_name), ', ') as columns
    from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER' and table_name !~ ${KEPT}
    group by table_name`.execute(db);
  await sql`drop schema if exists saved cascade`.execute(db);
  await sql`create schema saved`.execute(db);
  for (const { table } of rows) {
    await sql`create table ${sql.table(`saved.${table}`)} as table ${sql.table(table)}`.execute(db);
  }
  const back = rows
    .map(
      ({ table, columns }) =>
        `delete from ${table}; insert into ${table} (${columns}) overriding system value select ${columns} from saved.${table};`,
    )
    .join('\n');
  // Without triggers and foreign keys: they would tell of what nobody did.
  const restore = sql.raw(
    `do $$ begin perform set_config('session_replication_role', 'replica', true); ${back} end $$`,
  );
  return async () => {
    await restore.execute(db);
  };
}
