import type { MatchedBy, OwnNhsmail } from './nhsmail.match.js';
import type { SegmentFacts } from './segment.facts.js';
import type { Certainty, Evidence, Suggestion } from './segment.types.js';

export function says(source: Evidence['source'], fact: string, certainty: Certainty = 'certain'): readonly Evidence[] {
  return [{ fact, source, certainty }];
}

const OWN_EVIDENCE: Readonly<Record<MatchedBy, string>> = {
  record: 'The directory records this account for a live NHSmail entry',
  'primary-address': 'The registered address is the primary address of a live NHSmail entry whose name agrees',
  alias: 'The registered address is an alias of a live NHSmail entry',
  'tagged-address': 'The registered address without its plus-tag belongs to a live NHSmail entry whose name agrees',
  'unique-name':
    'One live NHSmail entry bears this full name in the same organisation, and one account: a likely match, not a proof',
};

/** How the directory's entry was tied to the account, if one was. */
export function ownEvidence({ own, account }: SegmentFacts): readonly Evidence[] {
  if (!own) return [];
  const evidence: Evidence[] = [{ fact: OWN_EVIDENCE[own.by], source: 'nhsmail-directory', certainty: own.certainty }];
  if (account.confirmedWithoutNhsmailOn !== null) {
    evidence.push(
      ...says('no-nhsmail-list', 'Was confirmed to have no NHSmail; the directory shows a live entry and outweighs it'),
    );
  }
  return evidence;
}

/** The cure of a mismatch: the person's other account if there is one under the right address, otherwise a new one. */
export function cure({ own, account }: SegmentFacts): Suggestion | undefined {
  if (!own) return undefined;
  const other = otherAccountUnder(own, account);
  return other === undefined
    ? { kind: 'new-account-with', address: own.entry.address, certainty: own.certainty }
    : { kind: 'use-account', accountId: other, certainty: own.certainty };
}

function otherAccountUnder({ entry }: OwnNhsmail, account: SegmentFacts['account']): string | undefined {
  return entry.accountsUnderAddress
    .filter(({ id, nameKey }) => id !== account.id && nameKey !== '' && nameKey === account.nameKey)
    .map(({ id }) => id)
    .sort()[0];
}

export function mismatchEvidence(fact: string): (facts: SegmentFacts) => readonly Evidence[] {
  return (facts) => {
    const evidence = [...says('account', fact), ...ownEvidence(facts)];
    if (facts.own && otherAccountUnder(facts.own, facts.account) !== undefined) {
      evidence.push(
        ...says(
          'account',
          'Another account of this name is already registered under that NHSmail address: use that one',
          facts.own.certainty,
        ),
      );
    }
    return evidence;
  };
}

/** The cure where the directory is certain; an address that cannot be used is no ground for a likely one. */
export function certainCure(facts: SegmentFacts): Suggestion | undefined {
  return facts.own?.certainty === 'certain' ? cure(facts) : undefined;
}

/** For a slip in the domain: the person's recorded address if there is one, otherwise the address that was likely meant. */
export function slipSuggestion(facts: SegmentFacts): Suggestion | undefined {
  return certainCure(facts) ?? didYouMean(facts.atNhsmail);
}

/** For a plus-tag on an address that the directory does not know: the address without it, as a question. */
export function tagSuggestion(facts: SegmentFacts): Suggestion | undefined {
  return cure(facts) ?? didYouMean(facts.untagged);
}

function didYouMean(address: string | undefined): Suggestion | undefined {
  return address === undefined ? undefined : { kind: 'did-you-mean', address, certainty: 'probable' };
}
