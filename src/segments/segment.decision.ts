import { gatherFacts } from './segment.facts.js';
import { SEGMENT_RULES, type SegmentRule } from './segment.rules.js';
import type { KnownNhsmail, SegmentAccount, SegmentResult } from './segment.types.js';

/**
 * The sign-in group of one account: pure, total, and the same for any order of `known`.
 * @param known directory entries that may have to do with the account; more than that do no harm
 * @throws when no rule applies, which the last rule of the table makes impossible
 */
export function segmentOf(
  account: SegmentAccount,
  known: readonly KnownNhsmail[],
  rules: readonly SegmentRule[] = SEGMENT_RULES,
): SegmentResult {
  const facts = gatherFacts(account, known);
  const rule = rules.find(({ applies }) => applies(facts));
  if (!rule) throw new Error('No segment rule applies: the last rule of the table must always apply');

  const evidence = rule.evidence(facts);
  const suggestion = rule.suggestion?.(facts);
  return {
    accountId: account.id,
    segment: rule.segment,
    rule: rule.id,
    certainty: evidence.every(({ certainty }) => certainty === 'certain') ? 'certain' : 'probable',
    evidence,
    ...(suggestion && { suggestion }),
    ...(facts.email && { address: facts.email.normalised }),
    ...(facts.own && { nhsmail: { address: facts.own.entry.address, certainty: facts.own.certainty } }),
  };
}
