import { z } from 'zod';

/** White space of any kind, and whatever is no control character (PostgreSQL takes no NUL, and nobody means the others). */
const ANY = '[^\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u009f]';
/** The same without what `trim` takes away. Spelled out, as not every tool that reads the API's description knows \p. */
const INK = '[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]';
const PATTERN = { blank: `^${ANY}*$`, written: `^${ANY}*${INK}${ANY}*$` };

interface Length {
  readonly min: 0 | 1;
  readonly max: number;
}

/** Text on one line as people type it: trimmed, single spaces, no control characters. */
export function lineOf({ min, max }: Length) {
  return typed((text) => text.trim().replace(/\s+/g, ' '), { min, max });
}

/** Text on any number of lines as people type it: trimmed, no control characters. */
export function textOf({ min, max }: Length) {
  return typed((text) => text.trim(), { min, max });
}

function typed(tidied: (text: string) => string, { min, max }: Length) {
  const pattern = PATTERN[min === 0 ? 'blank' : 'written'];
  return z
    .string()
    .transform(tidied)
    .pipe(z.string().min(min).max(max).regex(new RegExp(PATTERN.blank), 'Expected text without control characters'))
    .meta({ minLength: min, pattern });
}
