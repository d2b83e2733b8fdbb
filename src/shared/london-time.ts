import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';
import { InvalidInputError } from './errors.js';

const LONDON = IANAZone.create('Europe/London');
/** Minutes ahead of UTC in summer and in winter; no others since 1971. */
const OFFSETS = [60, 0];
const MINUTE = 60_000;
const DAY = 86_400_000;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const WALL_CLOCK = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2})?)$/;
const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
const OFFSET = /(?:Z|[+-]\d{2}(?::?\d{2})?)$/i;
const INSTANT = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?:Z|z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;

/** A year outside these is taken for a slip of the pen (20, 206, 20206), not for a date. */
const FIRST_YEAR = 2000;
const LAST_YEAR = 2099;

/** A day as Europe/London counts days, `YYYY-MM-DD`. Compares correctly as text. */
export type CalendarDate = string & { readonly __brand: 'CalendarDate' };

/** @throws InvalidInputError `bad-date` when the text is not a real day of 2000 to 2099 written YYYY-MM-DD. */
export function parseCalendarDate(text: string): CalendarDate {
  const year = DATE.exec(text)?.[1];
  if (year === undefined) throw badDate(`expected a date as YYYY-MM-DD with a four-digit year, got ${shown(text)}`);
  if (Number(year) < FIRST_YEAR || Number(year) > LAST_YEAR)
    throw badDate(`expected a year from ${FIRST_YEAR} to ${LAST_YEAR}, got ${year}`);
  // Plain Date here and below: a feed has hundreds of thousands of these, and luxon takes many times as long.
  const midnight = Date.parse(text);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== text)
    throw badDate(`there is no such day as ${text}`);
  return text as CalendarDate;
}

/** The day `days` calendar days after (before, when negative) the given one. */
export function addDays(date: CalendarDate, days: number): CalendarDate {
  return new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10) as CalendarDate;
}

/**
 * In autumn the hour from 01:00 happens twice: `earlier` is its first run, in summer time, `later` its second, in GMT.
 * `earlier` is the default everywhere, because a deadline read an hour early harms nobody.
 */
export type AmbiguousHour = 'earlier' | 'later';

/**
 * A Europe/London wall-clock time with an explicit year, to the second: what a notice to practices says, before anybody
 * resolves it to an instant. A value of this class always exists on the clock: the hour that spring skips
 * (01:00 to 01:59 on the last Sunday of March) is refused when it is made, never moved.
 */
export class LondonTime {
  private constructor(
    readonly date: CalendarDate,
    /** `HH:mm`, or `HH:mm:ss` when the seconds are not zero. */
    readonly timeOfDay: string,
  ) {}

  /**
   * Reads `YYYY-MM-DDTHH:mm[:ss]`.
   * @throws InvalidInputError `bad-london-time` for an offset or Z (that is an instant, see `isoInstantSchema`), a day or
   * time that does not exist (30 February, 24:00, the skipped hour of spring) and a year outside 2000 to 2099.
   */
  static parse(text: string): LondonTime {
    const [, date, timeOfDay] = WALL_CLOCK.exec(text) ?? [];
    if (date !== undefined && timeOfDay !== undefined) return LondonTime.at(parseCalendarDate(date), timeOfDay);
    if (WALL_CLOCK.test(text.replace(OFFSET, '')))
      throw badTime(`expected a Europe/London wall-clock time without an offset or Z, got ${shown(text)}`);
    throw badTime(`expected a Europe/London wall-clock time as YYYY-MM-DDTHH:mm, got ${shown(text)}`);
  }

  /**
   * The time of day `HH:mm[:ss]` on a given day.
   * @throws InvalidInputError `bad-london-time` when there is no such time on that day.
   */
  static at(date: CalendarDate, timeOfDay: string): LondonTime {
    if (!TIME_OF_DAY.test(timeOfDay))
      throw badTime(`expected a time of day from 00:00 to 23:59:59, got ${shown(timeOfDay)}`);
    const time = new LondonTime(date, withoutZeroSeconds(timeOfDay));
    if (time.possibleInstants().length === 0)
      throw badTime(`${time.isoLocal()} does not exist: the clocks go forward over it that night`);
    return time;
  }

  /** What the clocks of London show at an instant; parts of a second are dropped. */
  static fromInstant(instant: Date): LondonTime {
    const local = new Date(instant.getTime() + LONDON.offset(instant.getTime()) * MINUTE).toISOString();
    return new LondonTime(local.slice(0, 10) as CalendarDate, withoutZeroSeconds(local.slice(11, 19)));
  }

  /** The same without the seconds, as people say when something was. */
  static minuteOf(instant: Date): LondonTime {
    return LondonTime.fromInstant(new Date(Math.floor(instant.getTime() / MINUTE) * MINUTE));
  }

  toInstant(ambiguous: AmbiguousHour = 'earlier'): Date {
    const instants = this.possibleInstants();
    const instant = ambiguous === 'earlier' ? instants.at(0) : instants.at(-1);
    if (!instant) throw new Error(`${this.isoLocal()} is not a time`);
    return instant;
  }

  /** The earlier first; none in the hour that spring skips. */
  private possibleInstants(): Date[] {
    const asUtc = Date.parse(`${this.isoLocal()}Z`);
    return OFFSETS.filter((offset) => LONDON.offset(asUtc - offset * MINUTE) === offset).map(
      (offset) => new Date(asUtc - offset * MINUTE),
    );
  }

  /** `YYYY-MM-DDTHH:mm`, with seconds only when they are not zero; `LondonTime.parse` reads it back. */
  isoLocal(): string {
    return `${this.date}T${this.timeOfDay}`;
  }

  equals(other: LondonTime): boolean {
    return this.isoLocal() === other.isoLocal();
  }

  toJSON(): string {
    return this.isoLocal();
  }
}

/** "Friday 18 September 2026": the weekday and the year are always there. */
export function formatLongDate(value: LondonTime | CalendarDate): string {
  const date = value instanceof LondonTime ? value.date : value;
  return DateTime.fromISO(date, { zone: 'utc' }).setLocale('en-GB').toFormat('cccc d MMMM yyyy');
}

/** As the NHS content guide writes times: "midday", "midnight", "9am", "5:30pm". */
export function formatTimeOfDay(time: LondonTime): string {
  if (time.timeOfDay === '12:00') return 'midday';
  if (time.timeOfDay === '00:00') return 'midnight';
  const [hour = '', minute = '', second] = time.timeOfDay.split(':');
  const minutes = minute === '00' && second === undefined ? '' : `:${minute}`;
  const seconds = second === undefined ? '' : `:${second}`;
  return `${Number(hour) % 12 || 12}${minutes}${seconds}${Number(hour) < 12 ? 'am' : 'pm'}`;
}

/** "midday on Friday 18 September 2026". */
export function formatDateTime(time: LondonTime): string {
  return `${formatTimeOfDay(time)} on ${formatLongDate(time)}`;
}

/** For programs that read the API's description; which hours the clocks skip, `parse` knows. */
const DAY_PATTERN =
  '20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))' +
  '|([02468][048]|[13579][26])-02-29)';
const MINUTE_PATTERN = '([01][0-9]|2[0-3]):[0-5][0-9]';
const TIME_PATTERN = `${MINUTE_PATTERN}(:[0-5][0-9])?`;
/** With seconds, as the format `date-time` wants them (RFC 3339); `parseInstant` does without. */
const INSTANT_PATTERN = `${DAY_PATTERN}[Tt]${MINUTE_PATTERN}:[0-5][0-9]([.][0-9]{1,9})?(Z|z|[+-](0[0-9]|1[0-4]):[0-5][0-9])`;

export const calendarDateSchema = z
  .string()
  .transform((text, context) => parsed(() => parseCalendarDate(text), context))
  .meta({
    id: 'CalendarDate',
    format: 'date',
    pattern: `^${DAY_PATTERN}$`,
    description: 'Day as YYYY-MM-DD',
    examples: ['2026-09-18'],
  });

export const londonTimeSchema = z
  .string()
  .transform((text, context) => parsed(() => LondonTime.parse(text), context))
  .meta({
    id: 'LondonTime',
    pattern: `^${DAY_PATTERN}T${TIME_PATTERN}$`,
    description: 'Europe/London wall-clock time with its year and without offset: YYYY-MM-DDTHH:mm[:ss]',
    examples: ['2026-09-18T12:00'],
  });

/** An instant with its offset written out; becomes a Date. */
export const isoInstantSchema = z
  .string()
  .transform((text, context) => parsed(() => parseInstant(text), context))
  .meta({
    id: 'Instant',
    format: 'date-time',
    pattern: `^${INSTANT_PATTERN}$`,
    description: 'Instant with Z or an offset: YYYY-MM-DDTHH:mm:ss[.fff]Z',
    examples: ['2026-09-14T08:00:00+01:00'],
  });

function parseInstant(text: string): Date {
  const [, date, timeOfDay] = INSTANT.exec(text) ?? [];
  if (date === undefined || timeOfDay === undefined)
    throw badTime(`expected an instant with Z or an offset, as 2026-09-14T08:00:00Z, got ${shown(text)}`);
  parseCalendarDate(date);
  if (!TIME_OF_DAY.test(timeOfDay.replace(/\.\d+$/, '')))
    throw badTime(`expected a time of day from 00:00 to 23:59:59, got ${shown(timeOfDay)}`);
  return new Date(text.toUpperCase());
}

function parsed<T>(parse: () => T, context: z.core.$RefinementCtx<string>): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
}

function withoutZeroSeconds(timeOfDay: string): string {
  return timeOfDay.replace(/^(\d{2}:\d{2}):00$/, '$1');
}

/** A refused text is repeated only when it looks like a time: in a file of shifted columns it may be an address. */
function shown(text: string): string {
  if (text === '') return 'nothing';
  return /^[\d\s:./+TZ-]{1,40}$/i.test(text) ? `"${text}"` : 'other text';
}

function badDate(reason: string): InvalidInputError {
  return new InvalidInputError('bad-date', sentence(reason));
}

function badTime(reason: string): InvalidInputError {
  return new InvalidInputError('bad-london-time', sentence(reason));
}

function sentence(reason: string): string {
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}
