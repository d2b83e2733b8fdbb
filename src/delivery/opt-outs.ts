/**
 * Who gets no optional mail. Delivery asks; the module that hears of such wishes provides it (globally), and without
 * one nobody has any. The class is the DI token.
 */
export abstract class OptOuts {
  /** Which of the addresses, or of all that there are, do; in lower case, whatever the case asked in. */
  abstract optedOut(addresses: readonly string[] | 'all'): Promise<ReadonlySet<string>>;
}
