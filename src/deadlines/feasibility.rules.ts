import { addDays, formatDateTime, LondonTime } from '../shared/london-time.js';
import { type SendingHours, type WorkingCalendar } from '../shared/working-calendar.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** How many days ahead and back a send is followed; one that needs longer fits no cutoff of ours. */
const HORIZON_DAYS = 366;

export interface FeasibilityInput {
  /** Messages to send. */
  readonly messages: number;
  /** Attempts a minute that all workers together may make; more than zero. */
  readonly ratePerMinute: number;
  /** Attempts that may be made in any 24 hours, as relays count; no limit when left out. */
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
  const spans = sendingSpans(input);
  const finishesAt = finishOf(attempts, input.launchAt, input, spans);
  const latestSafeLaunch = latestLaunchOf(attempts, input, spans);
  const fits = finishesAt !== undefined && finishesAt < input.cutoff;
  const outcome = { fits, finishesAt, latestSafeLaunch };
  const explanation = explain(attempts, input, outcome) + asideOf(input, spans);
  return { ...outcome, explanation };
}

/** When mail may leave on each day from a day on. */
type Spans = (from: LondonTime['date'], day: number) => { readonly opens: number; readonly closes: number };

/** Follows the send minute by minute; what left in a minute counts until a day after its end. */
function finishOf(
  attempts: number,
  launchAt: Date,
  input: FeasibilityInput,
  spans: Spans,
  giveUpAt = Infinity,
): Date | undefined {
  const { ratePerMinute, dayBudget = Infinity } = input;
  const budget = ratePerMinute * (DAY / MINUTE) <= dayBudget ? Infinity : dayBudget;
  const { date: launchDay } = LondonTime.fromInstant(launchAt);
  const counted: { readonly until: number; readonly room: number }[] = [];
  let oldest = 0;
  let used = 0;
  let left = attempts;
  for (let day = 0; day <= HORIZON_DAYS; day += 1) {
    const { opens, closes } = spans(launchDay, day);
    if (opens >= giveUpAt) return undefined;
    let at = Math.max(opens, launchAt.getTime());
    while (at < closes) {
      for (let past = counted[oldest]; past && past.until <= at; past = counted[++oldest]) used -= past.room;
      const end = budget === Infinity ? closes : Math.min(at + MINUTE, closes);
      const room = Math.min(((end - at) / MINUTE) * ratePerMinute, budget - used);
      if (left <= room) return new Date(at + Math.ceil((left / ratePerMinute) * MINUTE));
      left -= room;
      used += room;
      if (budget < Infinity) counted.push({ until: end + DAY, room });
      at = used < budget ? end : Math.max(end, counted[oldest]?.until ?? end);
    }
  }
  return undefined;
}

/** Tries ever earlier, then halves what is between: who launches later never finishes sooner. */
function latestLaunchOf(attempts: number, input: FeasibilityInput, spans: Spans): Date | undefined {
  const cutoff = input.cutoff.getTime();
  const fits = (minute: number): boolean => {
    const finish = finishOf(attempts, new Date(minute * MINUTE), input, spans, cutoff);
    return finish !== undefined && finish.getTime() < cutoff;
  };
  let late = Math.ceil(cutoff / MINUTE);
  let early = late - 60;
  for (let step = 60; !fits(early); early -= step *= 2) {
    if (step * MINUTE > HORIZON_DAYS * DAY) return undefined;
    late = early;
  }
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (fits(middle)) early = middle;
    else late = middle;
  }
  return new Date(early * MINUTE);
}

/** In milliseconds; empty on days that are no working days. Each day is worked out once. */
function sendingSpans({ calendar, sendingHours }: FeasibilityInput): Spans {
  const known = new Map<string, ReturnType<Spans>>();
  const spanOf = (date: LondonTime['date']): ReturnType<Spans> =>
    calendar.isWorkingDay(date)
      ? {
          opens: LondonTime.at(date, sendingHours.from).toInstant().getTime(),
          closes: LondonTime.at(date, sendingHours.to).toInstant().getTime(),
        }
      : { opens: 0, closes: 0 };
  return (from, day) => {
    const date = addDays(from, day);
    let span = known.get(date);
    if (!span) known.set(date, (span = spanOf(date)));
    return span;
  };
}

function explain(attempts: number, input: FeasibilityInput, outcome: Omit<Feasibility, 'explanation'>): string {
  const { messages, ratePerMinute, dayBudget } = input;
  const limit = dayBudget === undefined ? '' : ` and at most ${count(dayBudget)} in 24 hours`;
  const need = `${count(attempts)} attempts (${messages === 1 ? '1 message and its' : `${count(messages)} messages and their`} retries) at ${count(ratePerMinute)} a minute${limit} need ${hours(attempts / ratePerMinute)} of sending time.`;
  const finish = outcome.finishesAt
    ? `Launched at ${words(input.launchAt)}, the last leaves at ${words(outcome.finishesAt)}`
    : `Launched at ${words(input.launchAt)}, they take more than a year`;
  const verdict = `${outcome.fits ? 'in time for' : 'too late for'} the cutoff at ${words(input.cutoff)}.`;
  const latest = outcome.latestSafeLaunch
    ? `The latest safe launch is ${words(outcome.latestSafeLaunch)}.`
    : 'No launch in the year before the cutoff is early enough.';
  return `${need} ${finish}, ${verdict} ${latest}`;
}

/** Sending hours are counted with, and hold nothing back: who launches at night is to know what that does. */
function asideOf({ launchAt, sendingHours: { from, to } }: FeasibilityInput, spans: Spans): string {
  const { opens, closes } = spans(LondonTime.fromInstant(launchAt).date, 0);
  if (launchAt.getTime() >= opens && launchAt.getTime() < closes) return '';
  return ` The launch is outside sending hours (${from} to ${to} on working days): nothing waits for them, the first emails leave then.`;
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
