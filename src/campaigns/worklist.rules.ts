import { type Segment } from '../segments/index.js';
import { groupBy } from '../shared/group-by.js';
import { type AudienceOrganisation, type AudiencePerson } from './audience.rules.js';
import { commissionerValues, type PracticeLine, regionValues } from './request.values.js';

/** People who cannot sign in after the change, or of whom nobody knows, unless somebody helps them. */
const NEEDS_HELP: ReadonlySet<Segment> = new Set<Segment>(['mismatched', 'unknown', 'invalid']);

/**
 * Whom a commissioner is asked to get a new account: people with NHSmail none of whose accounts is under it. Of the
 * others who need help it is the same email that names every way.
 */
export function peopleForNewAccounts(persons: readonly AudiencePerson[]): AudiencePerson[] {
  return persons.filter(({ accounts }) => {
    const told = accounts.filter(({ segment }) => segment !== 'excluded');
    return told.length > 0 && told.every(({ segment }) => segment === 'mismatched');
  });
}

/** What a cascade request tells a commissioner of its practices, and a region of its commissioners. */
export function worklists(
  persons: readonly AudiencePerson[],
  organisations: readonly AudienceOrganisation[],
  atRisk: ReadonlySet<string>,
): (organisation: AudienceOrganisation) => Readonly<Record<string, unknown>> {
  const help = peopleToHelp(persons);
  const practices = groupBy(
    organisations.filter(({ kind, active }) => kind === 'practice' && active),
    ({ commissionerCode }) => commissionerCode,
  );
  const commissioners = groupBy(
    organisations.filter(({ kind, active }) => kind === 'commissioner' && active),
    ({ regionCode }) => regionCode,
  );
  const made = new Map<string, Readonly<Record<string, unknown>>>();

  const linesOf = (commissioner: string): PracticeLine[] =>
    (practices.get(commissioner) ?? []).map(({ code, name }) => ({
      code,
      name,
      atRisk: atRisk.has(code),
      peopleToHelp: help.get(code) ?? 0,
    }));

  const valuesOf = (organisation: AudienceOrganisation): Readonly<Record<string, unknown>> => {
    const { code, kind } = organisation;
    if (kind !== 'region') return commissionerValues(organisation, linesOf(code));
    const below = commissioners.get(code) ?? [];
    return regionValues(
      organisation,
      below.map((commissioner) => ({ ...commissioner, lines: linesOf(commissioner.code) })),
    );
  };

  return (organisation) => {
    const values = made.get(organisation.code) ?? valuesOf(organisation);
    made.set(organisation.code, values);
    return values;
  };
}

/** A person who works in two practices needs help in both. */
function peopleToHelp(persons: readonly AudiencePerson[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const person of persons) {
    if (!NEEDS_HELP.has(person.segment)) continue;
    const codes = new Set(
      person.accounts.flatMap(({ memberships }) => memberships.map(({ organisation }) => organisation.code)),
    );
    for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}
