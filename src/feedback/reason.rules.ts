import { hearsayPhrases, mailboxPhrases, unknownPhrases, vaguePhrases } from './address.phrases.js';
import type { PhraseRule } from './phrase.types.js';
import { quotaPhrases, refusalPhrases, reputationPhrases } from './sender.phrases.js';
import { transportPhrases } from './transport.phrases.js';

/**
 * The whole table in the order it is read: the first phrase found decides. A full or sleeping mailbox comes before an
 * unknown one because texts often name both; what names the sender comes before what names the recipient ("sender
 * address rejected: user unknown" is not our recipient); short and vague words come last.
 */
export const clearRules: readonly PhraseRule[] = [
  ...quotaPhrases,
  ...mailboxPhrases,
  ...refusalPhrases,
  ...unknownPhrases,
  ...hearsayPhrases,
  ...reputationPhrases,
  ...vaguePhrases,
];

/**
 * The same in the order for an answer whose code does not point at the address: what it says of the sending host, of
 * spam and of passing trouble is the cause, whatever common words for an unknown mailbox stand beside it.
 */
export const waryRules: readonly PhraseRule[] = [
  ...quotaPhrases,
  ...mailboxPhrases,
  ...refusalPhrases,
  ...unknownPhrases,
  ...reputationPhrases,
  ...hearsayPhrases,
];

/** Read last of all by such an answer, after the loose rules. */
export const vagueRules: readonly PhraseRule[] = vaguePhrases;

/** Read after the clear ones; in the reporting system's own prose only where there is no code either. */
export const looseRules: readonly PhraseRule[] = transportPhrases;
