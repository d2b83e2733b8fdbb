import { withoutNumber } from './local-part.rules.js';
import { isLive, isPerson } from './nhsmail.match.js';
import {
  certainCure,
  cure,
  mismatchEvidence,
  ownEvidence,
  says,
  slipSuggestion,
  tagSuggestion,
} from './segment.evidence.js';
import { namesDesk, type SegmentFacts } from './segment.facts.js';
import type { Evidence, Segment, Suggestion } from './segment.types.js';

/** One line of the decision table. The first rule that applies decides; the last one always applies. */
export interface SegmentRule {
  readonly id: string;
  readonly segment: Segment;
  /** Why this is the right group, for the person who doubts it. */
  readonly reason: string;
  readonly applies: (facts: SegmentFacts) => boolean;
  readonly evidence: (facts: SegmentFacts) => readonly Evidence[];
  readonly suggestion?: (facts: SegmentFacts) => Suggestion | undefined;
}

const isNhsmail = ({ domain }: SegmentFacts): boolean => domain === 'nhsmail';
const isOwnAddress = ({ own, email }: SegmentFacts): boolean =>
  own !== undefined && own.entry.address === email?.normalised && (own.by === 'record' || own.by === 'primary-address');
const ownLocal = ({ own }: SegmentFacts): string =>
  own?.entry.address.slice(0, own.entry.address.lastIndexOf('@')) ?? '';

/**
 * The decision table. Nobody reaches `nhsmail` or `nhsmail-unconfirmed` while anything known speaks against it: telling
 * somebody to use single sign-on who cannot locks a practice out, and every other mistake costs one more email.
 */
export const SEGMENT_RULES: readonly SegmentRule[] = [
  // Account status comes before the address: nobody needs to repair the address of an account that is not in use.
  {
    id: 'excluded.disabled',
    segment: 'excluded',
    reason: 'A disabled account signs in to nothing, before or after the change.',
    applies: ({ account }) => account.status === 'disabled',
    evidence: () => says('account', 'The account is disabled'),
  },
  {
    id: 'excluded.no-membership',
    segment: 'excluded',
    reason: 'Without a membership the account can do nothing in CQRS.',
    applies: ({ account }) => account.organisations.length === 0,
    evidence: () => says('account', 'The account belongs to no organisation'),
  },
  {
    id: 'excluded.organisations-closed',
    segment: 'excluded',
    reason: 'Every organisation of the account has closed: there is nothing left to declare or approve.',
    applies: ({ account }) => account.organisations.every(({ closed }) => closed),
    evidence: () => says('organisations', 'Every organisation of the account is closed'),
  },

  // An address that cannot be used.
  {
    id: 'invalid.missing',
    segment: 'invalid',
    reason: 'Without an address nothing can be sent and nobody can be matched at sign-in.',
    applies: ({ emailFault }) => emailFault === 'empty',
    evidence: () => says('account', 'No email address is registered'),
    suggestion: certainCure,
  },
  {
    id: 'invalid.near-miss',
    segment: 'invalid',
    reason:
      'A slip for the NHSmail domain: it is suggested and never repaired, because the mailbox that was meant is a guess.',
    applies: (facts) => facts.domain === 'near-miss',
    evidence: (facts) => [
      ...says('domain-list', 'The domain is one slip away from the NHSmail domain'),
      ...ownEvidence(facts),
    ],
    suggestion: slipSuggestion,
  },
  {
    id: 'invalid.lookalike',
    segment: 'invalid',
    reason: 'A domain in foreign letters that passes for the NHSmail domain is another domain. Nothing is sent there.',
    applies: ({ domain }) => domain === 'lookalike',
    evidence: (facts) => [
      ...says('domain-list', 'The domain imitates the NHSmail domain with letters of another alphabet'),
      ...ownEvidence(facts),
    ],
    suggestion: slipSuggestion,
  },
  {
    id: 'invalid.unreadable',
    segment: 'invalid',
    reason: 'What is registered is not an email address.',
    applies: ({ email }) => email === undefined,
    evidence: ({ emailFault }) =>
      says('account', `The registered email address cannot be read (${emailFault ?? 'empty'})`),
    suggestion: certainCure,
  },

  // A mailbox that is no person's. The directory's record of a person for this account is the stronger evidence.
  {
    id: 'not-a-person.directory',
    segment: 'not-a-person',
    reason:
      'A shared mailbox, application account or list cannot sign in, and many people read it: a contact, not a user.',
    applies: ({ desk, own }) => desk !== undefined && own?.by !== 'record',
    evidence: ({ desk }) =>
      says('nhsmail-directory', `The directory lists the address as ${DESK_NAMES[desk?.type ?? 'shared']}`),
  },

  // The registered address is the person's own.
  {
    id: 'nhsmail.recorded',
    segment: 'nhsmail',
    reason: 'The directory itself links this account to the entry whose primary address is registered.',
    applies: (facts) => isOwnAddress(facts) && facts.own?.by === 'record',
    evidence: ownEvidence,
  },
  {
    id: 'nhsmail.primary',
    segment: 'nhsmail',
    reason:
      'The registered address is a live primary address of somebody of this name; a confirmation of having none is out of date.',
    applies: isOwnAddress,
    evidence: ownEvidence,
  },

  // Somebody confirmed that this account's person has none. Only exact evidence of a live entry outweighs that.
  {
    id: 'without-nhsmail.confirmed',
    segment: 'without-nhsmail',
    reason:
      'Confirmed to have no NHSmail, and the directory shows no live entry for the account, the address or its record.',
    applies: ({ own, account }) =>
      account.confirmedWithoutNhsmailOn !== null && own?.certainty !== 'certain' && own?.by !== 'record',
    evidence: () => says('no-nhsmail-list', 'Was confirmed to have no NHSmail address'),
  },

  // The person has NHSmail and something else is registered.
  {
    id: 'mismatched.alias',
    segment: 'mismatched',
    reason: 'Single sign-on goes by the primary address. An alias receives mail and does not sign in.',
    applies: ({ own, email }) => own !== undefined && own.entry.aliases.includes(email?.normalised ?? ''),
    evidence: mismatchEvidence('The registered address is an alias or a former address of the person'),
    suggestion: cure,
  },
  {
    id: 'mismatched.plus-tag',
    segment: 'mismatched',
    reason:
      'A plus-tagged address reaches a mailbox and is nobody’s primary address. Even where the directory does not know the address behind it, it cannot sign in.',
    applies: (facts) =>
      facts.untagged !== undefined && (facts.own !== undefined || (facts.atAddress.length === 0 && !namesDesk(facts))),
    evidence: (facts) => [
      ...mismatchEvidence('The registered address carries a plus-tag')(facts),
      ...(facts.own
        ? []
        : says('nhsmail-directory', 'The directory does not know the address behind the tag', 'probable')),
    ],
    suggestion: tagSuggestion,
  },
  {
    id: 'mismatched.numbered-variant',
    segment: 'mismatched',
    reason: 'NHSmail numbers its namesakes: with or without the number it is another person’s address.',
    applies: (facts) =>
      isNhsmail(facts) && facts.own !== undefined && isNumberedVariant(facts.email?.local ?? '', ownLocal(facts)),
    evidence: mismatchEvidence('The registered address differs from the person’s NHSmail address in its number'),
    suggestion: cure,
  },
  {
    id: 'mismatched.another-nhsmail',
    segment: 'mismatched',
    reason: 'An NHSmail address is registered, and it is not the one that the person signs in with.',
    applies: (facts) => isNhsmail(facts) && facts.own !== undefined,
    evidence: mismatchEvidence('The registered NHSmail address is not the person’s own'),
    suggestion: cure,
  },
  {
    id: 'mismatched.nhs-domain',
    segment: 'mismatched',
    reason: 'The person has NHSmail and an nhs.uk or other NHS address is registered: it cannot sign in.',
    applies: ({ own, domain }) => own !== undefined && (domain === 'nhs' || domain === 'nhsmail-service'),
    evidence: mismatchEvidence('The registered address is of the NHS and not of NHSmail'),
    suggestion: cure,
  },
  {
    id: 'mismatched.another-domain',
    segment: 'mismatched',
    reason: 'The person has NHSmail and an address elsewhere is registered: it cannot sign in.',
    applies: ({ own }) => own !== undefined,
    evidence: mismatchEvidence('The registered address is not an NHSmail address'),
    suggestion: cure,
  },

  // The directory knows something that forbids single sign-on, and not what should be done instead.
  {
    id: 'unknown.entry-ended',
    segment: 'unknown',
    reason:
      'The NHSmail entry is inactive, a leaver’s, disabled or deleted, so it signs in to nothing. That the person has another one, or none, is not known: both paths and a question.',
    applies: ({ ended }) => ended.length > 0,
    evidence: () =>
      says(
        'nhsmail-directory',
        'The NHSmail entry at the registered address, or recorded for the account, can no longer sign in',
      ),
  },
  {
    id: 'unknown.address-of-another',
    segment: 'unknown',
    reason:
      'The registered address belongs to somebody of another name or account. Whether this person has NHSmail is not known.',
    applies: (facts) => facts.atAddress.some((entry) => isPerson(entry) || isNhsmail(facts)),
    evidence: () =>
      says(
        'nhsmail-directory',
        'The directory holds the registered address under an entry that is not shown to be this person’s',
      ),
  },
  {
    id: 'unknown.namesake',
    segment: 'unknown',
    reason:
      'The directory knows somebody of this name here under another address, and does not know the registered one. One of the two is not this person’s.',
    applies: (facts) => isNhsmail(facts) && facts.namesakes.length > 0,
    evidence: ({ namesakes }) =>
      says(
        'nhsmail-directory',
        `The directory does not know the address, and bears this name on ${entriesOf(namesakes.length)}`,
        'probable',
      ),
  },
  {
    id: 'not-a-person.local-part',
    segment: 'not-a-person',
    reason: 'An NHSmail address that names a desk, unknown to the directory: nobody signs in with a desk.',
    applies: (facts) => isNhsmail(facts) && namesDesk(facts),
    evidence: () => says('name-list', 'The address names a desk or a team and not a person', 'probable'),
  },

  // Nothing is known that speaks against it, or nothing is known at all.
  {
    id: 'nhsmail-unconfirmed.directory-silent',
    segment: 'nhsmail-unconfirmed',
    reason:
      'An NHSmail address of which the directory extract knows nothing: extracts are incomplete, and the address is of the right kind.',
    applies: isNhsmail,
    evidence: () =>
      says('nhsmail-directory', 'The directory knows neither the address nor anybody of this name here', 'probable'),
  },
  {
    id: 'unknown.nothing-known',
    segment: 'unknown',
    reason: 'Not an NHSmail address, and neither list says whether the person has one.',
    applies: () => true,
    evidence: (facts) => [
      ...says('domain-list', 'The registered address is not an NHSmail address'),
      ...(facts.namesakes.some(isLive)
        ? says(
            'nhsmail-directory',
            'The directory has the name here, but not on one entry and one account alone',
            'probable',
          )
        : []),
      ...(namesDesk(facts) ? says('name-list', 'The address names a desk or a team and not a person', 'probable') : []),
    ],
  },
];

const DESK_NAMES = {
  person: 'a person',
  shared: 'a shared mailbox',
  application: 'an application account',
  list: 'a distribution list',
} as const;

function entriesOf(count: number): string {
  return count === 1 ? 'one entry' : `${count} entries`;
}

function isNumberedVariant(one: string, other: string): boolean {
  return one !== other && (withoutNumber(one) ?? one) === (withoutNumber(other) ?? other);
}
