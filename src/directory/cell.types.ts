import { z } from 'zod';
import { type CalendarDate } from '../shared/london-time.js';
import { type OdsCode, parseOdsCode } from '../shared/ods-code.js';

/** Cell types for `TableFormat`s. Each reads cleaned text. */

/** Characters of one cell. No name or address is longer; what is longer would not fit into an index either. */
const LONGEST = 500;
/** Characters of a cell that holds a list. */
const LONGEST_LIST = 20_000;

/** Any text on one line, perhaps empty. */
export const anyText = z
  .string()
  .max(LONGEST, `Expected at most ${LONGEST} characters`)
  .transform((text) => text.replace(/\s+/g, ' '));

/** Text that must be there, on one line. */
export const someText = anyText.refine((text) => text !== '', 'The cell is empty');

/** One of the given words, whatever the case, with space, hyphen or underscore between. */
export function oneOf<const T extends string>(words: readonly T[]): z.ZodType<T, string> {
  const known = new Map(words.map((word) => [fold(word), word]));
  return z.string().transform((text, context) => {
    const word = known.get(fold(text));
    if (word !== undefined) return word;
    context.addIssue({ code: 'custom', message: `Expected one of: ${words.join(', ')}` });
    return z.NEVER;
  });
}

/** An ISO date (a time after it is dropped), or null for an empty cell. */
export const dateOrNone: z.ZodType<CalendarDate | null, string> = z
  .string()
  .transform((text, context) => (text === '' ? null : isoDate(text, context)));

export const date: z.ZodType<CalendarDate, string> = z.string().transform(isoDate);

/** An ODS code in capitals. */
export const odsCode: z.ZodType<OdsCode, string> = z.string().transform(code);

export const odsCodeOrNone: z.ZodType<OdsCode | null, string> = z
  .string()
  .transform((text, context) => (text === '' ? null : code(text, context)));

/** The parts between bars, without empty ones. */
export const barSeparated = z
  .string()
  .max(LONGEST_LIST, `Expected at most ${LONGEST_LIST.toLocaleString('en-GB')} characters`)
  .transform((text) =>
    text
      .split('|')
      .map((part) => part.trim().replace(/\s+/g, ' '))
      .filter((part) => part !== ''),
  );

export function fold(word: string): string {
  return word.toLowerCase().replace(/[\s_-]/g, '');
}

function code(text: string, context: z.RefinementCtx): OdsCode {
  const parsed = parseOdsCode(text);
  if (parsed) return parsed;
  context.addIssue({ code: 'custom', message: 'Expected an ODS code: 3 to 10 letters and digits' });
  return z.NEVER;
}

function isoDate(text: string, context: z.RefinementCtx): CalendarDate {
  const day = /^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}.*)?$/.exec(text)?.[1];
  if (day !== undefined && isRealDay(day)) return day as CalendarDate;
  context.addIssue({ code: 'custom', message: 'Expected a real date as YYYY-MM-DD' });
  return z.NEVER;
}

function isRealDay(day: string): boolean {
  const instant = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(day) && day > '1900' && day < '2100';
}
