import { type Readiness } from '../segments/index.js';

/** How many organisations of each kind are ready for the sign-in change, and how many are at risk. */
export function readinessByKind(rows: readonly Readiness[]): Record<string, { ready: number; atRisk: number }> {
  const kinds: Record<string, { ready: number; atRisk: number }> = {};
  for (const { kind, atRisk } of rows) {
    const row = (kinds[kind] ??= { ready: 0, atRisk: 0 });
    if (atRisk) row.atRisk += 1;
    else row.ready += 1;
  }
  return kinds;
}
