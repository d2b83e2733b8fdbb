import { lineAt } from './lint.finding.js';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

const WEEKDAY = '(?:Mon|Tue(?:s)?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?';
const MONTH = `(?:${MONTHS.map((month) => `${month}|${month.slice(0, month === 'September' ? 4 : 3)}`).join('|')}|Sep)`;
const DAY = '(\\d{1,2})(?:st|nd|rd|th)?';
const YEAR = '(?:,?\\s+((?:19|20)\\d{2}))?';
const DAY_FIRST = new RegExp(`(?:\\b(${WEEKDAY}),?\\s+(?:the\\s+)?)?\\b${DAY}\\s+(?:of\\s+)?(${MONTH})\\b${YEAR}`, 'g');
const MONTH_FIRST = new RegExp(
  `(?:\\b(${WEEKDAY}),?\\s+)?\\b(${MONTH})\\s+${DAY}\\b(?!\\s*(?:[:.]\\d|am|pm))${YEAR}`,
  'g',
);
const NUMERIC = /\b(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})\/(\d{1,2})\/(\d{4}))\b/g;

const TIME = '(midday|noon|midnight|\\d{1,2}(?:[:.]\\d{2})?\\s*[ap]m|\\d{1,2}:\\d{2})';
const TIME_BEFORE = new RegExp(`${TIME}\\s*(?:noon\\s*)?(?:on|,)?\\s*(?:the\\s+)?$`, 'i');
const TIME_AFTER = new RegExp(`^,?\\s*(?:at|by|before|from)?\\s*${TIME}\\b`, 'i');

/** A date as a message says it. */
export interface DateMention {
  /** As written. */
  written: string;
  line: number;
  day: number;
  /** 1 to 12. */
  month: number;
  year: number | undefined;
  /** 0 is Sunday, as in Date. */
  weekday: number | undefined;
  /** The time of day that is said with it, in small letters: "midday". */
  time: string | undefined;
}

/** Every date in a text, in reading order. Numbers alone (18/09/2026) count; a month without a day does not. */
export function dateMentions(text: string): DateMention[] {
  const found: { index: number; mention: DateMention }[] = [];
  for (const match of text.matchAll(DAY_FIRST)) add(match, match[1], match[2], monthOf(match[3]), match[4]);
  for (const match of text.matchAll(MONTH_FIRST)) {
    const overlaps = found.some(
      ({ index, mention }) => match.index < index + mention.written.length && index < match.index + match[0].length,
    );
    if (!overlaps) add(match, match[1], match[3], monthOf(match[2]), match[4]);
  }
  for (const match of text.matchAll(NUMERIC))
    add(match, undefined, match[3] ?? match[4], Number(match[2] ?? match[5]), match[1] ?? match[6]);
  return found.sort((a, b) => a.index - b.index).map(({ mention }) => mention);

  function add(
    match: RegExpExecArray,
    weekday: string | undefined,
    day: string | undefined,
    month: number,
    year?: string,
  ): void {
    const [written] = match;
    const before = text.slice(Math.max(0, match.index - 40), match.index);
    const after = text.slice(match.index + written.length, match.index + written.length + 40);
    const time = TIME_BEFORE.exec(before)?.[1] ?? TIME_AFTER.exec(after)?.[1];
    const mention = {
      written: written.replace(/\s+/g, ' '),
      line: lineAt(text, match.index),
      day: Number(day),
      month,
      year: year === undefined ? undefined : Number(year),
      weekday: weekday === undefined ? undefined : weekdayOf(weekday),
      time: time?.toLowerCase().replace(/\s+/g, ''),
    };
    found.push({ index: match.index, mention });
  }
}

/** Whether the calendar has that day; without a year, whether some year has it. */
export function exists({ day, month, year }: DateMention): boolean {
  // 2000 was a leap year.
  const date = new Date(Date.UTC(year ?? 2000, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** 0 is Sunday. */
export function weekdayIn(year: number, { day, month }: DateMention): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}

export function weekdayName(weekday: number): string {
  const name = WEEKDAYS[weekday] ?? '';
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function weekdayOf(written: string): number {
  return WEEKDAYS.findIndex((name) => name.startsWith(written.slice(0, 3).toLowerCase()));
}

function monthOf(written: string | undefined): number {
  return MONTHS.findIndex((month) => month.startsWith((written ?? '').slice(0, 3))) + 1;
}
