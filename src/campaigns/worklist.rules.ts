import { type Segment } from '../segments/index.js';
import { groupBy } from '../shared/group-by.js';
import { type AudienceOrganisation, type AudiencePerson } from './audience.rules.js';

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

interface PracticeLine {
  readonly code: string;
  readonly name: string;
  readonly atRisk: boolean;
  readonly peopleToHelp: number;
}

interface Totals {
  readonly practices: number;
  readonly practicesAtRisk: number;
  readonly peopleToHelp: number;
}

/**
 * What a cascade request tells a commissioner of its practices, and a region of its commissioners: those at risk of
 * missing payment first, then by how many people need help. Counts only: the message is made to be passed on.
 */
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
    (practices.get(commissioner) ?? [])
      .map(({ code, name }) => ({ code, name, atRisk: atRisk.has(code), peopleToHelp: help.get(code) ?? 0 }))
      .sort(
        (a, b) => Number(b.atRisk) - Number(a.atRisk) || b.peopleToHelp - a.peopleToHelp || (a.code < b.code ? -1 : 1),
      );

  const valuesOf = ({ code, name, kind }: AudienceOrganisation): Readonly<Record<string, unknown>> => {
    const organisation = { code, name };
    if (kind !== 'region') {
      const lines = linesOf(code);
      return { organisation, practices: lines, totals: totalsOf(lines) };
    }
    const below = (commissioners.get(code) ?? []).map((commissioner) => ({
      code: commissioner.code,
      name: commissioner.name,
      totals: totalsOf(linesOf(commissioner.code)),
    }));
    return {
      organisation,
      commissioners: below.map(({ code: own, name: title, totals }) => ({
        code: own,
        name: title,
        practiceCount: totals.practices,
        practicesAtRisk: totals.practicesAtRisk,
        peopleToHelp: totals.peopleToHelp,
      })),
      totals: below.reduce((sum, { totals }) => add(sum, totals), {
        practices: 0,
        practicesAtRisk: 0,
        peopleToHelp: 0,
      }),
    };
  };

  return (organisation) => {
    const values = made.get(organisation.code) ?? valuesOf(organisation);
    made.set(organisation.code, values);
    return values;
  };
}

function totalsOf(lines: readonly PracticeLine[]): Totals {
  return {
    practices: lines.length,
    practicesAtRisk: lines.filter((line) => line.atRisk).length,
    peopleToHelp: lines.reduce((sum, line) => sum + line.peopleToHelp, 0),
  };
}

function add(a: Totals, b: Totals): Totals {
  return {
    practices: a.practices + b.practices,
    practicesAtRisk: a.practicesAtRisk + b.practicesAtRisk,
    peopleToHelp: a.peopleToHelp + b.peopleToHelp,
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
