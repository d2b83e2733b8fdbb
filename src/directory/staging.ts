import { type RawBuilder, sql, type Transaction } from 'kysely';
import { type DirectoryTables } from './directory.tables.js';

export type Trx = Transaction<DirectoryTables>;

/**
 * Creates a temporary table for the rows of a file. `columns` is "name type, …"; the table goes with the transaction.
 * Rows are sent as one JSON document a batch: COPY (`copyInto`) spares PostgreSQL nothing that could be measured for rows
 * as narrow as these, and costs this process 12 us more for each.
 */
export async function createStage(
  trx: Trx,
  table: string,
  columns: string,
): Promise<(rows: object[]) => Promise<void>> {
  // What a million rows are sorted and joined in; the default of 4 MB goes to disk at once.
  await sql`set local work_mem = '64MB'`.execute(trx);
  await sql`create temporary table ${sql.table(table)} (${sql.raw(columns)}) on commit drop`.execute(trx);
  return async (rows) => {
    const json = JSON.stringify(rows);
    await sql`insert into ${sql.table(table)} select * from json_to_recordset(${json}::json) as r (${sql.raw(columns)})`.execute(
      trx,
    );
  };
}

/** Temporary tables are never analysed on their own, and a plan made for an empty table takes minutes on a full one. */
export async function createStageAs(trx: Trx, table: string, query: RawBuilder<unknown>): Promise<void> {
  await sql`create temporary table ${sql.table(table)} on commit drop as ${query}`.execute(trx);
  await analyse(trx, table);
}

export async function analyse(trx: Trx, table: string): Promise<void> {
  await sql`analyze ${sql.table(table)}`.execute(trx);
}
