import type { z } from 'zod';
import { InvalidInputError } from '../shared/errors.js';

const LISTED = 20;

/** Reads a value with a schema. @throws InvalidInputError with the given code, naming each field that is at fault. */
export function parseInput<T extends z.ZodType>(code: string, schema: T, input: unknown): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  const more = faults.length > LISTED ? `; and ${faults.length - LISTED} more` : '';
  throw new InvalidInputError(code, faults.slice(0, LISTED).join('; ') + more);
}
