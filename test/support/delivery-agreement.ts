import { type Kysely } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';

/**
 * Where the ledger and the server disagree; empty when they agree: what was accepted arrived once, what is unknown
 * arrived once or not at all, nothing else arrived.
 */
export async function disagreements(
  db: Kysely<DeliveryTables>,
  sink: { copies(): ReadonlyMap<string, number> },
): Promise<string[]> {
  const copies = sink.copies();
  const rows = await db.selectFrom('delivery').select(['message_id', 'state']).execute();
  const known = new Set(rows.map(({ message_id }) => message_id));
  const strangers = [...copies.keys()].filter((id) => !known.has(id)).map((id) => `${id}: not in the ledger`);
  const wrong = rows.flatMap(({ message_id, state }) => {
    const arrived = copies.get(message_id) ?? 0;
    const right = state === 'accepted' ? arrived === 1 : state === 'unknown' ? arrived <= 1 : arrived === 0;
    return right ? [] : [`${message_id}: ${state}, arrived ${arrived} times`];
  });
  return [...strangers, ...wrong];
}
