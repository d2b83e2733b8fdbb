import { z } from 'zod';
import { formatLongDate, formatTimeOfDay, type LondonTime, londonTimeSchema } from '../shared/london-time.js';
import { type WorkingCalendar } from '../shared/working-calendar.js';
import { lineOf } from '../shared/text.schema.js';
import { DEFAULT_REMINDER_POLICY, type ReminderPolicy, reminderPolicySchema } from './reminder-ladder.rules.js';

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** The dates of one payment round, as Europe/London wall clocks with their year. */
export interface WindowTimes {
  /** Declarations must be financially approved strictly before it. */
  readonly cutoff: LondonTime;
  /** When CQRS opens again for those who missed the cutoff. */
  readonly reopening: LondonTime;
  /** When the declarations of the reopening go to PCSE Online. */
  readonly pcse: LondonTime;
  /** From when people sign in differently, if the round changes that. */
  readonly signInChange: LondonTime | null;
}

export interface DeclarationWindow extends WindowTimes {
  readonly id: string;
  readonly name: string;
  /** The one service that the window is about; null is every service. */
  readonly service: string | null;
  /** The one period that the window is about; null is every period. */
  readonly period: string | null;
  readonly reminderPolicy: ReminderPolicy;
  /** Counts up with every change; the ETag of the API. */
  readonly version: number;
  /** When its times were given or moved last. */
  readonly timesSetAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const nameSchema = lineOf({ min: 1, max: 200 });
const weekdaySchema = z.enum(WEEKDAYS);

const timesShape = {
  cutoff: londonTimeSchema,
  reopening: londonTimeSchema,
  pcse: londonTimeSchema,
  signInChange: londonTimeSchema.nullable(),
  /** What the writer believes the weekdays to be: a wrong year shows here first. */
  weekdays: z
    .object({ cutoff: weekdaySchema, reopening: weekdaySchema, pcse: weekdaySchema, signInChange: weekdaySchema })
    .partial()
    .strict()
    .default({}),
};

/** A new window. `weekdays` is only checked, never kept. */
export const windowInputSchema = z
  .object({
    name: nameSchema,
    service: nameSchema.nullable().default(null),
    period: nameSchema.nullable().default(null),
    ...timesShape,
    signInChange: timesShape.signInChange.default(null),
    reminderPolicy: reminderPolicySchema.default(DEFAULT_REMINDER_POLICY),
  })
  .strict()
  .superRefine(checkTimes)
  .meta({
    id: 'DeclarationWindowInput',
    examples: [
      {
        name: 'September 2026',
        cutoff: '2026-09-18T12:00',
        reopening: '2026-09-23T08:00',
        pcse: '2026-09-28T08:00',
        signInChange: '2026-09-23T08:00',
        weekdays: { cutoff: 'Friday' },
      },
    ],
  });
export type WindowInput = z.input<typeof windowInputSchema>;

/** New times for a window whose cutoff moves. All of them are given again, so that none is left behind by accident. */
export const moveCutoffSchema = z
  .object({ ...timesShape, reason: lineOf({ min: 0, max: 500 }).default('') })
  .strict()
  .superRefine(checkTimes)
  .meta({
    id: 'MoveCutoffInput',
    examples: [
      {
        cutoff: '2026-09-21T12:00',
        reopening: '2026-09-23T08:00',
        pcse: '2026-09-28T08:00',
        signInChange: '2026-09-23T08:00',
        reason: 'Outage',
      },
    ],
  });
export type MoveCutoffInput = z.input<typeof moveCutoffSchema>;

export interface WindowNotice {
  /** `warning` wants a person to look; `info` is only unusual. */
  readonly level: 'warning' | 'info';
  readonly code: 'bank-holidays-unknown' | 'not-a-working-day' | 'cutoff-not-midday' | 'cutoff-at-midnight';
  readonly message: string;
}

/** What is allowed but worth a look before anybody is told these dates. */
export function noticesAbout(window: WindowTimes, calendar: WorkingCalendar): WindowNotice[] {
  const notices: WindowNotice[] = [];
  for (const [name, time] of namedTimes(window)) {
    const date = formatLongDate(time);
    const holiday = calendar.bankHoliday(time.date);
    if (!calendar.covers(time.date))
      notices.push({
        level: 'warning',
        code: 'bank-holidays-unknown',
        message: `The ${name} is ${date}, and bank holidays are known from ${calendar.firstKnownYear} to ${calendar.lastKnownYear} only: refresh data/bank-holidays.json`,
      });
    if (!calendar.isWorkingDay(time.date))
      notices.push({
        level: 'warning',
        code: 'not-a-working-day',
        message: `The ${name} is ${date}, ${holiday === undefined ? 'at a weekend' : `a bank holiday (${holiday})`}`,
      });
  }
  const timeOfDay = formatTimeOfDay(window.cutoff);
  if (timeOfDay === 'midnight')
    notices.push({
      level: 'warning',
      code: 'cutoff-at-midnight',
      message: `The cutoff is midnight, which is the start of ${formatLongDate(window.cutoff)} and not its end`,
    });
  else if (timeOfDay !== 'midday')
    notices.push({ level: 'info', code: 'cutoff-not-midday', message: `The cutoff is ${timeOfDay} and not midday` });
  return notices;
}

/** The first instant at which mail that says "before the cutoff" may no longer leave. */
export function expiresAt(window: Pick<WindowTimes, 'cutoff'>): Date {
  return window.cutoff.toInstant();
}

function namedTimes(times: WindowTimes): [string, LondonTime][] {
  const named: [string, LondonTime | null][] = [
    ['cutoff', times.cutoff],
    ['reopening', times.reopening],
    ['PCSE date', times.pcse],
    ['sign-in change', times.signInChange],
  ];
  return named.filter((entry): entry is [string, LondonTime] => entry[1] !== null);
}

type CheckedTimes = WindowTimes & { readonly weekdays: Partial<Record<keyof WindowTimes, string>> };

function checkTimes(times: CheckedTimes, context: z.RefinementCtx): void {
  const { cutoff, reopening, pcse } = times;
  const refuse = (field: string, message: string) => {
    context.addIssue({ code: 'custom', path: [field], message });
  };
  if (reopening.toInstant() <= cutoff.toInstant())
    refuse('reopening', `Expected a time after the cutoff ${cutoff.isoLocal()}, got ${reopening.isoLocal()}`);
  if (pcse.toInstant() < reopening.toInstant())
    refuse('pcse', `Expected a time not before the reopening ${reopening.isoLocal()}, got ${pcse.isoLocal()}`);
  for (const field of ['cutoff', 'reopening', 'pcse', 'signInChange'] as const) {
    const expected = times.weekdays[field];
    const time = times[field];
    if (expected === undefined || time === null) continue;
    const date = formatLongDate(time);
    if (!date.startsWith(expected)) refuse(field, `Expected a ${expected}, but that day is ${date}`);
  }
}
