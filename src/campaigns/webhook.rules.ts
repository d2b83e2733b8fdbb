const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** After which failure the next attempt comes how much later (the schedule that Standard Webhooks recommends). */
const RETRY_AFTER = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

/** A webhook that failed at everything for so long is switched off. */
const LONGEST_FAILURE = 5 * DAY;

/** How long an attempt may take, and for how long nobody else makes it. */
export const ATTEMPT_TIMEOUT = 15 * SECOND;
export const ATTEMPT_LEASE = 2 * MINUTE;

/** What came of one attempt: a status of HTTP, or a code for why there was none. */
export type Attempt = { readonly status: number } | { readonly error: string };

export type Verdict =
  { readonly kind: 'delivered' } | { readonly kind: 'retry'; readonly at: Date } | { readonly kind: 'abandoned' };

/** What follows from an attempt, the `attempts`th of its delivery. A redirect is a failure: it may lead anywhere. */
export function verdictOn(attempt: Attempt, attempts: number, now: Date): Verdict {
  if ('status' in attempt && attempt.status >= 200 && attempt.status < 300) return { kind: 'delivered' };
  const wait = RETRY_AFTER[attempts - 1];
  return wait === undefined ? { kind: 'abandoned' } : { kind: 'retry', at: new Date(now.getTime() + wait) };
}

/** Why the webhook is to be switched off after this attempt, if it is. 410 Gone is the receiver's way to say so. */
export function reasonToDisable(attempt: Attempt, failingSince: Date | null, now: Date): string | undefined {
  if ('status' in attempt && attempt.status === 410) return 'the receiver answered 410 Gone';
  if (failingSince === null || now.getTime() - failingSince.getTime() < LONGEST_FAILURE) return undefined;
  return 'every delivery has failed for 5 days';
}
