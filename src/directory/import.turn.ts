import { sql, type Transaction } from 'kysely';
import { ConflictError } from '../shared/errors.js';
import { type DirectoryTables, type ImportKind } from './directory.tables.js';

/** @throws ConflictError while another import of this kind runs, anywhere on this database. */
export async function takeTurn(trx: Transaction<DirectoryTables>, kind: ImportKind): Promise<void> {
  const lock = sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(hashtext(${`import ${kind}`})) as taken`;
  const { rows } = await lock.execute(trx);
  if (rows[0]?.taken) return;
  throw new ConflictError('import-running', `Another import of ${kind} is running; wait for it to end.`);
}
