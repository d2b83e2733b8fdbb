import { InvalidInputError } from '../shared/errors.js';
import {
  formatDateTime,
  formatLongDate,
  formatTimeOfDay,
  LondonTime,
  parseCalendarDate,
} from '../shared/london-time.js';

/**
 * The functions that a template may call, by their names there. They turn values into words and compare values; nothing
 * else is callable from a template.
 */
export const WORDING: Record<string, (...values: unknown[]) => string | number | boolean> = {
  /** `2026-09-18T12:00` or `2026-09-18` -> "Friday 18 September 2026". */
  longDate: (value) => longDate(textOf(value)),
  /** `2026-09-18T12:00` or `12:00` -> "midday", "9am", "5:30pm". */
  timeOfDay: (value) => timeOfDay(textOf(value)),
  /** `2026-09-18T12:00` -> "midday on Friday 18 September 2026". */
  dateAndTime: (value) => dateAndTime(textOf(value)),
  /** How many entries a list has. */
  count: (list) => (Array.isArray(list) ? list.length : 0),
  /** `plural 3 "practice" "practices"` -> "3 practices". */
  plural: (count, one, many) => `${count as number} ${count === 1 ? textOf(one) : textOf(many)}`,
  /** The number to print before an entry: a list's first index is 0, its first step is 1. */
  ordinal: (index) => Number(index) + 1,
  eq: (a, b) => a === b,
  more: (a, b) => Number(a) > Number(b),
};

const longDate = remembered((text) =>
  formatLongDate(text.length > 10 ? LondonTime.parse(text) : parseCalendarDate(text)),
);
const timeOfDay = remembered((text) =>
  formatTimeOfDay(LondonTime.parse(text.length > 5 ? text : `2000-01-01T${text}`)),
);
const dateAndTime = remembered((text) => formatDateTime(LondonTime.parse(text)));

/** A campaign says the same few dates to everybody, and formatting one takes longer than rendering the rest. */
function remembered(format: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const words = format(text);
    if (known.size >= 1000) known.clear();
    known.set(text, words);
    return words;
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new InvalidInputError(
    'blank-value',
    'A template function was given no text: guard an optional value with {{#if}}',
  );
}
