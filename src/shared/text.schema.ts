import { z } from 'zod';

/** Text as people type it, on any number of lines: trimmed, not blank, of at most `max` characters. */
export function textSchema(max: number) {
  // Without the pattern the API's description would say that spaces will do.
  return z.string().trim().min(1).max(max).meta({ pattern: '\\S' });
}
