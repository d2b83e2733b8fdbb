import { finished } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { type PostgresCursorConstructor, type QueryExecutorProvider, sql } from 'kysely';
import { from as copyFrom } from 'pg-copy-streams';

/** What COPY can be given for a column; an array becomes a text[], anything else of JSON is to be its text. */
export type CopyValue = string | number | null | readonly string[];

/**
 * Writes rows (from `copyRow`) by COPY FROM STDIN, in the transaction or on the connection that `db` stands for. For
 * many rows, wide ones most of all: PostgreSQL takes 8 us for one of 600 bytes, and 21 us to read it out of JSON.
 * @throws what the database says, as of any statement: a unique violation has code 23505.
 */
export async function copyInto(
  db: QueryExecutorProvider,
  table: string,
  columns: readonly string[],
  rows: readonly string[],
): Promise<void> {
  if (rows.length === 0) return;
  const statement = sql`copy ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))}) from stdin`;
  const { sql: text, query, queryId } = statement.compile(db);
  for await (const _ of db.getExecutor().stream({ sql: text, query, queryId, parameters: [rows.join('')] }, 1));
}

const ROWS_AT_ONCE = 2_000;
/** After so many the event loop has a turn: without one, what is written meanwhile would stand still, and so would requests. */
const ROWS_IN_A_TURN = 100;

/**
 * The same of rows that are made one by one: while the database writes some, the next are made, as either takes about as
 * long. No more than two batches are held.
 */
export async function copyAll(
  db: QueryExecutorProvider,
  table: string,
  columns: readonly string[],
  rows: AsyncIterable<string>,
): Promise<void> {
  let batch: string[] = [];
  let writing = Promise.resolve();
  const write = async (): Promise<void> => {
    const full = batch;
    batch = [];
    await writing;
    writing = copyInto(db, table, columns, full);
    writing.catch(() => undefined);
  };
  for await (const row of rows) {
    if (batch.push(row) % ROWS_IN_A_TURN === 0) await turn();
    if (batch.length >= ROWS_AT_ONCE) await write();
  }
  await write();
  await writing;
}

/** One row in the text format of COPY (PostgreSQL, "COPY", File Formats). */
export function copyRow(values: readonly CopyValue[]): string {
  let row = '';
  for (const [index, value] of values.entries()) row += index === 0 ? fieldOf(value) : `\t${fieldOf(value)}`;
  return `${row}\n`;
}

function fieldOf(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return SPECIAL.test(value) ? escaped(value) : value;
  return `{${value.map(elementOf).join(',')}}`;
}

function elementOf(element: string): string {
  if (PLAIN_ELEMENT.test(element)) return element;
  return escaped(`"${element.replace(/["\\]/g, '\\$&')}"`);
}

/** Any word but NULL, whose case does not matter. */
const PLAIN_ELEMENT = /^(?!null$)\w+$/i;
const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(text: string): string {
  return text.replace(/[\\\n\r\t]/g, (character) => ESCAPES[character] ?? character);
}

/**
 * Where the query builder takes a class of cursors for what it streams. It gives nobody the connection of a transaction,
 * but hands it one of these; ours sends rows instead of reading some, and is done after the first turn.
 */
export const CopyIn = function (statement: string, [rows]: unknown[]) {
  const stream = copyFrom(statement);
  const read = async (): Promise<[]> => {
    stream.end(rows);
    await finished(stream);
    return [];
  };
  return Object.assign(stream, { read, close: () => Promise.resolve() });
} as unknown as PostgresCursorConstructor;
