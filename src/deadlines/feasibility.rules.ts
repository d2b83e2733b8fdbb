import { addDays, formatDateTime, LondonTime } from '../shared/london-time.js';
import { type SendingHours, type WorkingCalendar } from '../shared/working-calendar.js';

const MINUTE = 60_000;
/** How many days ahead and back a send is followed; one that needs longer fits no cutoff of ours. */
const HORIZON_DAYS = 366;

export interface FeasibilityInput {
  /** Messages to send. */
  readonly messages: number;
  /** Attempts a minute that all workers together may make; more than zero. */
  readonly ratePerMinute: number;
  /** Attempts that may be made on one Europe/London day; no limit when left out. */
  readonly dayBudget?: number;
  /** Attempts to expect on top, as a share of the messages: 0.05 is five in a hundred. */
  readonly retryShare: number;
  readonly launchAt: Date;
  /** The last message must leave strictly before it. */
  readonly cutoff: Date;
  readonly calendar: WorkingCalendar;
  readonly sendingHours: SendingHours;
}

export interface Feasibility {
  readonly fits: boolean;
  /** When the last attempt leaves; undefined when that is more than a year away. */
  readonly finishesAt: Date | undefined;
  /** The last whole minute at which a launch still fits; undefined when even a year before the cutoff is too late. */
  readonly latestSafeLaunch: Date | undefined;
  /** The same in words, for the plan. */
  readonly explanation: string;
}

/** Whether a send of this size fits before the cutoff at the allowed rate, within sending hours of working days. */
export function feasibility(input: FeasibilityInput): Feasibility {
  const attempts = Math.ceil(input.messages * (1 + input.retryShare));
  const finishesAt = finishOf(attempts, input);
  const latestSafeLaunch = latestLaunchOf(attempts, input);
  const fits = finishesAt !== undefined && finishesAt < input.cutoff;
  const outcome = { fits, finishesAt, latestSafeLaunch };
  return { ...outcome, explanation: explain(attempts, input, outcome) };
}

function finishOf(attempts: number, input: FeasibilityInput): Date | undefined {
  let left = attempts;
  const { date: launchDay } = LondonTime.fromInstant(input.launchAt);
  for (let day = 0; day <= HORIZON_DAYS; day += 1) {
    const span = sendingSpan(addDays(launchDay, day), input);
    const start = Math.max(span.opens, input.launchAt.getTime());
    if (start >= span.closes) continue;
    const room = capacity(span.closes - start, input);
    if (left <= room) return new Date(start + durationOf(left, input));
    left -= room;
  }
  return undefined;
}

/** Fills the days backwards from the cutoff; what is left for the earliest day says when that day must begin. */
function latestLaunchOf(attempts: number, input: FeasibilityInput): Date | undefined {
  let left = attempts;
  // A message that leaves at the very instant of the cutoff is too late.
  const lastInstant = input.cutoff.getTime() - 1;
  const { date: cutoffDay } = LondonTime.fromInstant(input.cutoff);
  for (let day = 0; day <= HORIZON_DAYS; day += 1) {
    const span = sendingSpan(addDays(cutoffDay, -day), input);
    const end = Math.min(span.closes, lastInstant);
    if (span.opens >= end) continue;
    const room = capacity(end - span.opens, input);
    if (left <= room) return new Date(Math.floor((end - Math.max(1, durationOf(left, input))) / MINUTE) * MINUTE);
    left -= room;
  }
  return undefined;
}

/** The part of a day in which mail may leave, in milliseconds; empty on days that are no working days. */
function sendingSpan(
  date: LondonTime['date'],
  { calendar, sendingHours }: FeasibilityInput,
): { opens: number; closes: number } {
  if (!calendar.isWorkingDay(date)) return { opens: 0, closes: 0 };
  return {
    opens: LondonTime.at(date, sendingHours.from).toInstant().getTime(),
    closes: LondonTime.at(date, sendingHours.to).toInstant().getTime(),
  };
}

function capacity(milliseconds: number, { ratePerMinute, dayBudget = Infinity }: FeasibilityInput): number {
  return Math.min(dayBudget, (milliseconds / MINUTE) * ratePerMinute);
}

function durationOf(attempts: number, { ratePerMinute }: FeasibilityInput): number {
  return Math.ceil((attempts / ratePerMinute) * MINUTE);
}

function explain(attempts: number, input: FeasibilityInput, outcome: Omit<Feasibility, 'explanation'>): string {
  const { messages, ratePerMinute, dayBudget } = input;
  const limit = dayBudget === undefined ? '' : ` and at most ${count(dayBudget)} a day`;
  const need = `${count(attempts)} attempts (${count(messages)} messages and their retries) at ${count(ratePerMinute)} a minute${limit} need ${hours(attempts / ratePerMinute)} of sending time.`;
  const finish = outcome.finishesAt
    ? `Launched at ${words(input.launchAt)}, the last leaves at ${words(outcome.finishesAt)}`
    : `Launched at ${words(input.launchAt)}, they take more than a year`;
  const verdict = `${outcome.fits ? 'in time for' : 'too late for'} the cutoff at ${words(input.cutoff)}.`;
  const latest = outcome.latestSafeLaunch
    ? `The latest safe launch is ${words(outcome.latestSafeLaunch)}.`
    : 'No launch in the year before the cutoff is early enough.';
  return `${need} ${finish}, ${verdict} ${latest}`;
}

function words(instant: Date): string {
  return formatDateTime(LondonTime.fromInstant(new Date(Math.floor(instant.getTime() / MINUTE) * MINUTE)));
}

function hours(minutes: number): string {
  const whole = Math.ceil(minutes);
  return whole < 60 ? `${whole} min` : `${count(Math.floor(whole / 60))} h ${whole % 60} min`;
}

function count(number: number): string {
  return number.toLocaleString('en-GB');
}
