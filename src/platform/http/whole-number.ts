import { z } from 'zod';

/**
 * A whole number of a query or a path, in digits and nothing else. `Number` also takes "0x10", "1e2", " 5", "+5", an
 * empty word, and a list of one: each of them a slip that must not pass for a number.
 */
export function wholeNumber(minimum: number, maximum: number) {
  return z.preprocess(inDigits, whole(minimum, maximum));
}

/** The same of a query that need not be given. The default stands inside, where the API's description finds it. */
export function wholeNumberOr(fallback: number, minimum: number, maximum: number) {
  return z.preprocess(
    (text) => (text === undefined ? undefined : inDigits(text)),
    whole(minimum, maximum).default(fallback),
  );
}

const whole = (minimum: number, maximum: number) =>
  z.int({ error: 'Expected a whole number in digits' }).min(minimum).max(maximum);

const inDigits = (text: unknown): number => (typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : NaN);
