import { LondonTime } from '../shared/london-time.js';
import { type Point } from './chart.js';
import { type MinuteCount } from './sending.reads.js';

const MINUTE = 60_000;
const MOST_POINTS = 60;
/** Steps of time that people think in, in minutes. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440];

/** Counts for steps of equal length from the first minute to the last, empty ones included, at most about 60. */
export function buckets(minutes: readonly MinuteCount[]): Point[] {
  const first = minutes[0]?.at.getTime();
  const last = minutes.at(-1)?.at.getTime();
  if (first === undefined || last === undefined) return [];
  const span = (last - first) / MINUTE + 1;
  const step = (STEPS.find((candidate) => span / candidate <= MOST_POINTS) ?? Math.ceil(span / MOST_POINTS)) * MINUTE;
  const counts = new Array<number>(Math.floor((last - first) / step) + 1).fill(0);
  for (const { at, messages } of minutes) {
    const index = Math.floor((at.getTime() - first) / step);
    counts[index] = (counts[index] ?? 0) + messages;
  }
  const oneDay = span <= 24 * 60;
  return counts.map((value, index) => ({ label: labelOf(new Date(first + index * step), oneDay), value }));
}

/** Counts of each of the last minutes before `now`, empty ones included; the minute that still runs is left out. */
export function lastMinutes(minutes: readonly MinuteCount[], now: Date, wanted: number): Point[] {
  const end = Math.floor(now.getTime() / MINUTE) * MINUTE;
  const sent = new Map(minutes.map(({ at, messages }) => [at.getTime(), messages]));
  return Array.from({ length: wanted }, (_, index) => {
    const at = end - (wanted - index) * MINUTE;
    return { label: labelOf(new Date(at), true), value: sent.get(at) ?? 0 };
  });
}

/** Each step with all that came before it. */
export function coverage(points: readonly Point[]): Point[] {
  let sum = 0;
  return points.map(({ label, value }) => ({ label, value: (sum += value) }));
}

/** Messages a minute over the last three whole minutes; 0 when nothing left in them. */
export function rateNow(minutes: readonly MinuteCount[], now: Date): number {
  const since = now.getTime() - 3 * MINUTE;
  const recent = minutes.filter(({ at }) => at.getTime() >= since);
  const [first] = recent;
  if (!first) return 0;
  const elapsed = Math.max(1, (now.getTime() - first.at.getTime()) / MINUTE);
  return Math.round(recent.reduce((sum, { messages }) => sum + messages, 0) / elapsed);
}

function labelOf(instant: Date, oneDay: boolean): string {
  const { date, timeOfDay } = LondonTime.fromInstant(instant);
  const time = timeOfDay.slice(0, 5);
  return oneDay ? time : `${Number(date.slice(8))}/${Number(date.slice(5, 7))} ${time}`;
}
