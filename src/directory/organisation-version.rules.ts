import { createHash } from 'node:crypto';
import { type OrganisationFacts } from './directory.tables.js';

/** Before every date that ODS gives (its oldest practices opened on 1 April 1974). */
export const UNDATED = '1900-01-01';

/**
 * The last date in a row that lies not after `today`: when the facts of this row became true. A date in the future is
 * a plan and may be withdrawn, so it does not make a row newer.
 *
 * Versions of an organisation are ordered by this date, then by the same date of the whole file (the last one in any of
 * its rows), then by their facts. ODS files carry no date of publication: their "amended" column is only a flag. An
 * explicit `asOf` stands for both dates. Every step asks the contents alone, so the order of imports cannot matter.
 */
export function datedOn(facts: OrganisationFacts, today: string): string {
  const dates = [facts.opened_on, facts.closed_on, facts.joined_on, facts.left_on];
  return dates.reduce<string>((last, date) => (date !== null && date <= today && date > last ? date : last), UNDATED);
}

export function factsHash(facts: OrganisationFacts): string {
  return createHash('sha256')
    .update(JSON.stringify(facts, Object.keys(facts).sort()))
    .digest('hex');
}
