import { type ImportWarning } from './import.report.js';

/** Only those that have anything to say. */
export function warningsOf(
  entries: readonly (readonly [code: string, message: string, items: string[]])[],
): ImportWarning[] {
  return entries.flatMap(([code, message, items]) => (items.length > 0 ? [{ code, message, items }] : []));
}
