import { hearsayPhrases, mailboxPhrases, unknownPhrases, vaguePhrases } from './address.phrases.js';
import type { PhraseRule } from './phrase.types.js';
import { quotaPhrases, refusalPhrases, reputationPhrases } from './sender.phrases.js';
import { transportPhrases } from './transport.phrases.js';

/**
 * The first of the table, in the order it is read: the first phrase found decides. A full or sleeping mailbox comes before an
 * unknown one because texts often name both; what names the sender comes before what names the recipient ("sender
 * address rejected: user unknown" is not our recipient).
 */
export const certainRules: readonly PhraseRule[] = [
  ...quotaPhrases,
  ...mailboxPhrases,
  ...refusalPhrases,
  ...unknownPhrases,
];

/** Anybody's words for an unknown mailbox, read next. */
export const hearsayRules: readonly PhraseRule[] = hearsayPhrases;

/** What the sending host and the message are blamed for, read after those; before them where no code names the address. */
export const reputationRules: readonly PhraseRule[] = reputationPhrases;

/** The widest words, read last of the clear ones; after the loose ones where no code names the address. */
export const vagueRules: readonly PhraseRule[] = vaguePhrases;

/** Read after the clear ones; in the reporting system's own prose only where there is no code either. */
export const looseRules: readonly PhraseRule[] = transportPhrases;
