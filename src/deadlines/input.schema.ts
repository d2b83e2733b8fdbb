import { z } from 'zod';
import { InvalidInputError } from '../shared/errors.js';

const LISTED = 20;

/** What a line may hold as it comes in: white space may be any, as it becomes single spaces. */
const ON_A_LINE = '[^\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u009f]';
const NO_SPACE = '[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]';

/** Text on one line as people type it: trimmed, single spaces, no control characters (PostgreSQL takes no NUL). */
export function lineOf({ min, max }: { min: number; max: number }) {
  return z
    .string()
    .transform((text) => text.trim().replace(/\s+/g, ' '))
    .pipe(
      z
        .string()
        .min(min)
        .max(max)
        // Spelled out, as not every tool that reads the API's description knows \P{Cc}.
        .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/u, 'Expected text without control characters'),
    )
    .meta({ minLength: min, pattern: `^${ON_A_LINE}*${min > 0 ? NO_SPACE : ''}${ON_A_LINE}*$` });
}

/** Reads a value with a schema. @throws InvalidInputError with the given code, naming each field that is at fault. */
export function parseInput<T extends z.ZodType>(code: string, schema: T, input: unknown): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  const more = faults.length > LISTED ? `; and ${faults.length - LISTED} more` : '';
  throw new InvalidInputError(code, faults.slice(0, LISTED).join('; ') + more);
}
