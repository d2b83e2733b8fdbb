import { type RawBuilder, sql } from 'kysely';

/**
 * The messages of one dispatch, each with what became of it: `cross join lateral ${dispatchMessages(…)} as message`. Two
 * ranges of two indexes. The fence (`offset 0`) keeps it so: joined plainly, with dispatches large enough PostgreSQL read
 * the whole ledger for the fifty messages of one (1.2 million rows, 7 s, at each look at a cascade).
 */
export function dispatchMessages(dispatchId: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
    select message.*, delivery.state, delivery.accepted_at, delivery.state_changed_at
    from message join delivery on delivery.dispatch_id = message.dispatch_id and delivery.ordinal = message.ordinal
    where message.dispatch_id = ${dispatchId} offset 0
  )`;
}
