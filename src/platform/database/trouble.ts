const CODES =
  /^(08...|57P0[123]|25P03|53[0-9]{3}|40001|40P01|55P03|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|database-busy|database-unreachable|outcome-unknown)$/;

/**
 * PostgreSQL gone, out of reach, starting or shutting down, a transaction it ended, a lock not obtained in time: trying
 * again may help. A connection that breaks in the middle of a query is an error of pg's without a code.
 */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error) return CODES.test(String(error.code));
  return /^Connection terminated|connection error and is not queryable/.test(error.message);
}

/** For what does no harm when it is done twice: once more after trouble, as the connection that broke is replaced. */
export async function inTwoTries<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (!isDatabaseTrouble(error)) throw error;
    return work();
  }
}

/** For `catch`: what need not succeed is left undone while the database is in trouble, and any other error is thrown. */
export function unlessDatabaseTrouble(error: unknown): void {
  if (!isDatabaseTrouble(error)) throw error;
}
