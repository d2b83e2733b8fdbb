import { formatTimeOfDay, LondonTime } from '../shared/london-time.js';
import { type DateMention, dateMentions, exists, weekdayIn, weekdayName } from './date.mention.js';
import type { LintFinding } from './lint.finding.js';
import type { MessageValues } from './message.values.js';

export type LintWindow = Partial<MessageValues['window']>;

export interface DateLintOptions {
  /** The dates that the message is about: every date in it must be one of these. */
  window?: LintWindow | undefined;
  /** Dates that may be named beside the window's: those that a correction replaces. */
  previousWindow?: LintWindow | undefined;
  /** The day of writing, YYYY-MM-DD: a date without a year is then taken for this year's or the next one's. */
  today?: string | undefined;
}

/** Dates: each has a year, a weekday that agrees, its time of day, and belongs to the window. */
export function lintDates(text: string, options: DateLintOptions = {}): LintFinding[] {
  const findings: LintFinding[] = [];
  const mentions = dateMentions(text);
  for (const mention of mentions) {
    if (!exists(mention)) {
      findings.push({ rule: 'impossible-date', line: mention.line, message: `There is no ${mention.written}` });
      continue;
    }
    if (mention.year === undefined)
      findings.push({
        rule: 'date-without-year',
        line: mention.line,
        message: `"${mention.written}" has no year: the same weekday and day come again in other years`,
      });
    if (options.window) findings.push(...againstWindow(mention, options));
  }
  const real = mentions.filter(exists);
  return [...findings, ...lintWeekdays(real, options), ...lintTimes(real, options)];
}

function lintWeekdays(mentions: readonly DateMention[], options: DateLintOptions): LintFinding[] {
  const findings: LintFinding[] = [];
  // Without a year, the weekdays of one message must at least agree on some year.
  let years = candidateYears(options);
  for (const mention of mentions) {
    const { weekday, year, written, line } = mention;
    if (weekday === undefined) continue;
    const possible = year === undefined ? years : [year];
    const agreeing = possible.filter((candidate) => weekdayIn(candidate, mention) === weekday);
    if (agreeing.length > 0) {
      if (year === undefined) years = agreeing;
      continue;
    }
    const [only] = possible;
    const message =
      possible.length === 1 && only !== undefined
        ? `"${written}": in ${only} that day is a ${weekdayName(weekdayIn(only, mention))}`
        : `"${written}": the weekday does not agree with ${options.today === undefined ? 'the other dates' : 'this year or the next'}`;
    findings.push({ rule: 'weekday-mismatch', line, message });
  }
  return findings;
}

function candidateYears({ window, today }: DateLintOptions): number[] {
  const known = [...new Set(Object.values(window ?? {}).map((date) => Number(date.slice(0, 4))))];
  if (known.length > 0) return known;
  if (today !== undefined) return [Number(today.slice(0, 4)), Number(today.slice(0, 4)) + 1];
  return Array.from({ length: 100 }, (_, i) => 2000 + i);
}

/** A day that was once said with a time means all of the day, up to midnight, when it is said again without. */
function lintTimes(mentions: readonly DateMention[], { window }: DateLintOptions): LintFinding[] {
  const findings: LintFinding[] = [];
  const times = new Map<string, string>();
  const cutoff = window?.cutoff;
  if (cutoff !== undefined && !otherDays(window).includes(cutoff.slice(0, 10)))
    times.set(cutoff.slice(5, 10), formatTimeOfDay(LondonTime.parse(cutoff)));
  for (const mention of mentions) {
    const day = monthAndDay(mention);
    const time = times.get(day);
    if (mention.time !== undefined) times.set(day, time ?? mention.time);
    else if (time !== undefined)
      findings.push({
        rule: 'time-dropped',
        line: mention.line,
        message: `"${mention.written}" drops the time: the cutoff is ${time} on that day`,
      });
  }
  return findings;
}

function againstWindow(mention: DateMention, { window, previousWindow }: DateLintOptions): LintFinding[] {
  const { written, line, time, year } = mention;
  const all = [...Object.values(window ?? {}), ...Object.values(previousWindow ?? {})];
  const day = monthAndDay(mention);
  const same = all.filter((date) => date.slice(5, 10) === day && (year === undefined || date.startsWith(String(year))));
  if (same.length === 0)
    return [{ rule: 'date-not-in-window', line, message: `"${written}" is not a date of the declaration window` }];
  const cutoffs = [window?.cutoff, previousWindow?.cutoff].filter((cutoff) => cutoff?.slice(5, 10) === day);
  const expected = cutoffs.map((cutoff) => formatTimeOfDay(LondonTime.parse(cutoff ?? '')));
  if (time !== undefined && expected.length > 0 && !expected.includes(sameWords(time)))
    return [{ rule: 'cutoff-time', line, message: `"${time}" on ${written}: the cutoff is ${expected.join(' or ')}` }];
  return [];
}

function sameWords(time: string): string {
  return /^(?:noon|12(?:[:.]00)?pm|12:00)$/.test(time) ? 'midday' : time.replace('.', ':').replace(':00', '');
}

function otherDays(window: LintWindow | undefined): string[] {
  return [window?.reopening, window?.pcse, window?.signInChange].map((date) => date?.slice(0, 10) ?? '');
}

function monthAndDay({ month, day }: DateMention): string {
  return `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
