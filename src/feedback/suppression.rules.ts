import type { Reason } from './report.types.js';

/** When an address is left alone, and for how long. */
export interface SuppressionRule {
  /** So many proven reports with this reason … */
  readonly reports: number;
  /** … within so many days. */
  readonly withinDays: number;
  /** Days until the address is written to again; null until a person lifts it. */
  readonly forDays: number | null;
}

const atOnce: SuppressionRule = { reports: 1, withinDays: 1, forDays: null };

/**
 * Suppression by reason, as data. An address that is gone is left alone until somebody lifts it. A soft failure passes:
 * it takes several to make an address rest, and the rest ends by itself, because a full mailbox is emptied and a locked
 * account is opened again. A reason without a rule says something about us or about the way there, never about the
 * address, and suppresses nothing.
 */
export const suppressionRules: Partial<Readonly<Record<Reason, SuppressionRule>>> = {
  userunknown: atOnce,
  hostunknown: atOnce,
  hasmoved: atOnce,
  notaccept: atOnce,
  mailboxfull: { reports: 3, withinDays: 14, forDays: 3 },
  suspend: { reports: 3, withinDays: 30, forDays: 7 },
  filtered: { reports: 3, withinDays: 30, forDays: 14 },
};

/** Soft twins of hard reasons (a 4xx "user unknown") are failures on the way, whatever their name: no rule. */
export const ruleFor = (reason: Reason, kind: 'hard' | 'soft'): SuppressionRule | undefined => {
  const rule = suppressionRules[reason];
  return rule?.forDays === null && kind === 'soft' ? undefined : rule;
};
