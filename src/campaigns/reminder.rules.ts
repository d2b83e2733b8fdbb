import { type Actor, type DeclarationStatus, type OrganisationBlockers } from '../deadlines/index.js';
import { groupBy } from '../shared/group-by.js';
import { type Obligation } from './recipient.types.js';

export interface OutstandingWork {
  /** Practices whose payment waits for the recipient, with what is missing in words. */
  readonly practices: readonly { readonly code: string; readonly name: string; readonly status: string }[];
  readonly organisationCodes: readonly string[];
  readonly guard: { readonly actor: Actor; readonly organisationCodes: readonly string[] };
}

/** How a reminder says what is missing. A status in which nobody waits for anybody is never said. */
const IN_WORDS: Readonly<Record<DeclarationStatus, string>> = {
  'not-declared': 'not yet declared',
  returned: 'returned to the practice, not yet declared again',
  declared: 'declared, not yet approved',
  approved: 'approved, not yet financially approved',
  'financially-approved': 'financially approved',
};

/** Answers, for any recipient, what of their obligations still holds payments up; no practices when nothing does. */
export function outstandingWork(
  blockers: readonly OrganisationBlockers[],
  nameOf: (code: string) => string,
): (obligations: readonly Obligation[]) => OutstandingWork {
  const byPractice = groupBy<OrganisationBlockers, string>(
    blockers.filter(({ practice }) => practice),
    ({ organisationCode }) => organisationCode,
  );
  const byCommissioner = groupBy<OrganisationBlockers, string>(
    blockers.filter(({ commissioner }) => commissioner),
    ({ commissionerCode }) => commissionerCode,
  );
  return (obligations) => {
    const actor = obligations[0]?.actor ?? 'practice';
    const waiting = obligations.flatMap(
      ({ organisation }) => (actor === 'practice' ? byPractice : byCommissioner).get(organisation) ?? [],
    );
    const practices = waiting.map(({ organisationCode, services }) => ({
      code: organisationCode,
      name: nameOf(organisationCode),
      status: services
        .filter(({ blocker }) => blocker === actor)
        .map(({ service, period, status }) => `${service} ${period}: ${IN_WORDS[status]}`)
        .join('; '),
    }));
    const practiceCodes = practices.map(({ code }) => code);
    return {
      practices,
      organisationCodes: actor === 'practice' ? practiceCodes : obligations.map(({ organisation }) => organisation),
      guard: { actor, organisationCodes: practiceCodes },
    };
  };
}
