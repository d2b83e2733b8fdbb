import { type RawBuilder, sql } from 'kysely';

/**
 * The messages of one dispatch with what became of them, for a join beside the dispatch. Lateral and fenced, so that it
 * is one range of the ledger's key for each dispatch: a cascade has many small ones, and a plain join read the whole
 * ledger for them (79,000 pages and 1.2 s of a million messages, each time that a cascade was looked at).
 */
export const messagesOf = (dispatchId: RawBuilder<unknown>) => sql`lateral (
  select message.organisation_codes, delivery.state, delivery.accepted_at, delivery.state_changed_at
  from message
  join delivery on delivery.dispatch_id = message.dispatch_id and delivery.ordinal = message.ordinal
  where message.dispatch_id = ${dispatchId}
  offset 0
) as message`;
