import { type MessageState } from '../delivery/index.js';

/** It arrived, or may have: what is on the wire, or was when a worker fell silent, counts as told. A bounce does not. */
export const TOLD_STATES = ['accepted', 'complained', 'unknown', 'sending'] as const satisfies readonly MessageState[];

/** Dates of payments as emails say them: the cutoff as a London wall clock, the others as London days. */
export interface ToldDates {
  readonly cutoff: string;
  readonly reopening: string;
  readonly pcse: string;
}

/** The same with the day on which signing in changes; absent where it does not, or where nobody was told a wrong one. */
export interface AllDates extends ToldDates {
  readonly signInChange?: string;
}

/** What the ledger shows that the holder of an account was told about one thing. */
export interface Heard<Said> {
  /** The newest message that says otherwise than the window does now. */
  readonly stale: { readonly at: Date; readonly said: Said } | null;
  /** The newest message that certainly arrived and says what the window says now. */
  readonly currentAt: Date | null;
}

export interface Told {
  /** Cutoff, reopening and PCSE day: whoever says one of them says all. */
  readonly payment: Heard<ToldDates>;
  readonly signIn: Heard<string>;
}

/**
 * The wrong dates that a person holds to be true, by all of their accounts together: those that they were told last,
 * unless they have been told the right ones since. Undefined for somebody with nothing to correct. Where only one of
 * payment and sign-in is wrong, the other is as the window has it now, or absent.
 */
export function wrongDatesOf(
  accountIds: readonly string[],
  told: ReadonlyMap<string, Told>,
  now: ToldDates,
): AllDates | undefined {
  const known = accountIds.flatMap((id) => told.get(id) ?? []);
  const payment = wronglyHeard(known.map((one) => one.payment));
  const signInChange = wronglyHeard(known.map((one) => one.signIn));
  if (payment === undefined && signInChange === undefined) return undefined;
  const { cutoff, reopening, pcse } = payment ?? now;
  return { cutoff, reopening, pcse, ...(signInChange !== undefined && { signInChange }) };
}

/** Whether the dates of payments are other ones. */
export function samePayment(a: ToldDates, b: ToldDates): boolean {
  return a.cutoff === b.cutoff && a.reopening === b.reopening && a.pcse === b.pcse;
}

function wronglyHeard<Said>(heard: readonly Heard<Said>[]): Said | undefined {
  let stale: Heard<Said>['stale'] = null;
  let currentAt: Date | null = null;
  for (const one of heard) {
    if (one.stale && (stale === null || one.stale.at > stale.at)) stale = one.stale;
    if (one.currentAt && (currentAt === null || one.currentAt > currentAt)) currentAt = one.currentAt;
  }
  return stale === null || (currentAt !== null && currentAt >= stale.at) ? undefined : stale.said;
}
