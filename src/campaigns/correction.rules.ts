/** Dates as e-mails say them: the cutoff as a London wall clock, the others as London days. */
export interface ToldDates {
  readonly cutoff: string;
  readonly reopening: string;
  readonly pcse: string;
}

/** What the ledger shows that the holder of an account was told about a window. */
export interface Told {
  /** The newest message with other dates than the window has now. */
  readonly stale: { readonly at: Date; readonly dates: ToldDates } | null;
  /** The newest message that certainly arrived and has the dates of now. */
  readonly currentAt: Date | null;
}

/**
 * The wrong dates that a person holds to be true, by all of their accounts together: those that they were told last,
 * unless they have been told the right ones since. Undefined for somebody with nothing to correct.
 */
export function wrongDatesOf(accountIds: readonly string[], told: ReadonlyMap<string, Told>): ToldDates | undefined {
  let stale: Told['stale'] = null;
  let currentAt: Date | null = null;
  for (const id of accountIds) {
    const known = told.get(id);
    if (known?.stale && (stale === null || known.stale.at > stale.at)) stale = known.stale;
    if (known?.currentAt && (currentAt === null || known.currentAt > currentAt)) currentAt = known.currentAt;
  }
  if (stale === null || (currentAt !== null && currentAt >= stale.at)) return undefined;
  return stale.dates;
}
