import { z } from 'zod';
import { InvalidInputError } from './errors.js';
import { addDays, type CalendarDate, calendarDateSchema, LondonTime } from './london-time.js';

const HOUR = 3_600_000;

/** https://www.gov.uk/bank-holidays.json, as far as it is ours. Substitute days are given as the dates themselves. */
const bankHolidaysSchema = z.object({
  'england-and-wales': z.object({
    division: z.literal('england-and-wales'),
    events: z.array(z.object({ title: z.string().min(1), date: calendarDateSchema })).min(1),
  }),
});

const timeOfDaySchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Expected a time of day as HH:mm');

/** Times of day (Europe/London) between which mail may start to leave on a working day. */
export const sendingHoursSchema = z
  .object({
    /** From this minute on. */
    from: timeOfDaySchema,
    /** Up to and not including this minute. */
    to: timeOfDaySchema,
    /** Where a reminder lands that had to move earlier: late enough to be near, early enough to finish before `to`. */
    latestStart: timeOfDaySchema,
  })
  .strict()
  .refine((hours) => hours.from <= hours.latestStart && hours.latestStart < hours.to, {
    message: 'Expected from <= latestStart < to',
  })
  .meta({ id: 'SendingHours', examples: [{ from: '08:00', to: '18:00', latestStart: '17:00' }] });
export type SendingHours = z.infer<typeof sendingHoursSchema>;

export const DEFAULT_SENDING_HOURS: SendingHours = { from: '08:00', to: '18:00', latestStart: '17:00' };

/** Working days of England: Monday to Friday without bank holidays. All days are Europe/London days. */
export class WorkingCalendar {
  private readonly holidays: ReadonlyMap<CalendarDate, string>;
  readonly firstKnownYear: number;
  readonly lastKnownYear: number;

  constructor(holidays: readonly { date: CalendarDate; title: string }[]) {
    this.holidays = new Map(holidays.map(({ date, title }) => [date, title]));
    const years = holidays.map(({ date }) => yearOf(date));
    this.firstKnownYear = Math.min(...years);
    this.lastKnownYear = Math.max(...years);
  }

  /** @throws InvalidInputError `bad-bank-holidays` naming the first place that is not of the GOV.UK shape. */
  static fromGovUk(json: unknown): WorkingCalendar {
    const result = bankHolidaysSchema.safeParse(json);
    if (result.success) return new WorkingCalendar(result.data['england-and-wales'].events);
    const [issue] = result.error.issues;
    throw new InvalidInputError(
      'bad-bank-holidays',
      `Expected the bank holidays as GOV.UK publishes them; at ${issue?.path.join('.') || 'the top'}: ${issue?.message ?? 'unreadable'}`,
    );
  }

  /** False when no bank holidays are known for that year, so that every answer about it is only weekends. */
  covers(date: CalendarDate): boolean {
    return yearOf(date) >= this.firstKnownYear && yearOf(date) <= this.lastKnownYear;
  }

  /** The name of the bank holiday, when the day is one. */
  bankHoliday(date: CalendarDate): string | undefined {
    return this.holidays.get(date);
  }

  isWorkingDay(date: CalendarDate): boolean {
    return !isWeekend(date) && !this.holidays.has(date);
  }

  /** The nth working day after the date (before it, when n is negative); zero is the date itself, whatever it is. */
  addWorkingDays(date: CalendarDate, n: number): CalendarDate {
    if (!Number.isSafeInteger(n)) throw new RangeError(`Expected a whole number of working days, got ${n}`);
    let day = date;
    for (let left = Math.abs(n); left > 0;) {
      day = addDays(day, Math.sign(n));
      if (this.isWorkingDay(day)) left -= 1;
    }
    return day;
  }

  /**
   * How many working days away `to` is: those after `from` up to and including `to`, negative when `to` is earlier.
   * Undoes `addWorkingDays` from any day.
   */
  workingDaysBetween(from: CalendarDate, to: CalendarDate): number {
    const step = from <= to ? 1 : -1;
    let count = 0;
    for (let day = from; day !== to;) {
      day = addDays(day, step);
      if (this.isWorkingDay(day)) count += step;
    }
    return count;
  }

  /** Whether mail may start to leave at this instant. */
  isWithinSendingHours(instant: Date, hours: SendingHours = DEFAULT_SENDING_HOURS): boolean {
    const { date } = LondonTime.fromInstant(instant);
    const { opens, closes } = sendingWindow(date, hours);
    return this.isWorkingDay(date) && instant >= opens && instant < closes;
  }

  /** The instant itself when it is in sending hours; otherwise the latest start before it. Never later. */
  moveEarlierIntoSendingHours(instant: Date, hours: SendingHours = DEFAULT_SENDING_HOURS): Date {
    if (this.isWithinSendingHours(instant, hours)) return instant;
    const { date } = LondonTime.fromInstant(instant);
    const today = LondonTime.at(date, hours.latestStart).toInstant();
    if (this.isWorkingDay(date) && instant > today) return today;
    return LondonTime.at(this.addWorkingDays(date, -1), hours.latestStart).toInstant();
  }

  /**
   * The instant by which so many hours of sending time have passed, counting only sending hours of working days. Zero
   * gives the instant itself, or the next opening when it lies outside; a sum that fills a day ends at that day's
   * closing. Negative hours count back, from the last closing when the instant lies outside.
   */
  addWorkingHours(instant: Date, hours: number, sendingHours: SendingHours = DEFAULT_SENDING_HOURS): Date {
    if (!Number.isFinite(hours)) throw new RangeError(`Expected a number of hours, got ${hours}`);
    const forward = hours >= 0;
    let left = Math.abs(hours) * HOUR;
    let at = instant;
    for (let { date } = LondonTime.fromInstant(instant); ; date = addDays(date, forward ? 1 : -1)) {
      if (!this.isWorkingDay(date)) continue;
      const { opens, closes } = sendingWindow(date, sendingHours);
      if (forward ? at >= closes : at <= opens) continue;
      if (forward ? at < opens : at > closes) at = forward ? opens : closes;
      const room = forward ? closes.getTime() - at.getTime() : at.getTime() - opens.getTime();
      if (left <= room) return new Date(at.getTime() + (forward ? left : -left));
      left -= room;
    }
  }
}

function sendingWindow(date: CalendarDate, hours: SendingHours): { opens: Date; closes: Date } {
  return { opens: LondonTime.at(date, hours.from).toInstant(), closes: LondonTime.at(date, hours.to).toInstant() };
}

function isWeekend(date: CalendarDate): boolean {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

function yearOf(date: CalendarDate): number {
  return Number(date.slice(0, 4));
}
