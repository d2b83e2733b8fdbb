import type { Reason } from './report.types.js';

/**
 * One row of the phrase table: texts that mean `reason`, in the form that `normalise` leaves (`*` = a gap, `<@>` = an
 * address), and where the wording comes from.
 */
export interface PhraseRule {
  readonly reason: Reason;
  /**
   * The words are anybody's, and filters use them too after they have read the message. They count only with a second
   * witness: a code that points at the address (5.1.1 and its like), or a refusal at RCPT.
   */
  readonly needsWitness?: true;
  /** What they mean without a witness; without this the row is then passed over. */
  readonly otherwise?: Reason;
  readonly source: string;
  readonly phrases: readonly string[];
}
