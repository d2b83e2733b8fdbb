import { z } from 'zod';

/** Fields of forms as browsers send them: a name once is a text, a name several times is a list. */
export const manyOf = <T extends z.ZodType>(item: T) => z.preprocess(listOf, z.array(item));

function listOf(value: unknown): unknown {
  if (value === undefined || value === '') return [];
  return Array.isArray(value) ? value : [value];
}

/** The day that three fields give, as YYYY-MM-DD; whether there is such a day is for whoever parses it. */
export function typedDay(year: string, month: string, day: string): string {
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** Text of a search field: whatever is not there, or blank, is no search. */
export const searchText = z
  .string()
  .max(200)
  .optional()
  .transform((text) => text?.trim() ?? '');
