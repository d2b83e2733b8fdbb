import { type DeclarationWindow, type ReminderLadder } from '../deadlines/index.js';
import {
  addDays,
  type CalendarDate,
  formatLongDate,
  formatTimeOfDay,
  LondonTime,
  parseCalendarDate,
} from '../shared/london-time.js';
import { type WorkingCalendar } from '../shared/working-calendar.js';

export interface CalendarEvent {
  readonly text: string;
  readonly kind: 'cutoff' | 'other';
}

export interface CalendarDay {
  readonly date: CalendarDate;
  readonly number: number;
  /** A weekend or bank holiday: nothing is sent. */
  readonly isOff: boolean;
  readonly holiday: string | undefined;
  readonly events: readonly CalendarEvent[];
}

export interface CalendarMonth {
  readonly first: CalendarDate;
  readonly name: string;
  /** Monday to Sunday; undefined outside the month. */
  readonly weeks: readonly (readonly (CalendarDay | undefined)[])[];
}

/** The months from the first reminder to the PCSE date, with what happens on each day. */
export function calendarOf(
  window: DeclarationWindow,
  ladder: ReminderLadder,
  calendar: WorkingCalendar,
): CalendarMonth[] {
  const events = eventsOf(window, ladder);
  const dates = [...events.keys()].sort();
  const last = dates.at(-1);
  const months: CalendarMonth[] = [];
  for (let first = firstOfMonth(dates[0]); first && last && first <= last; first = firstOfMonth(addDays(first, 31)))
    months.push({ first, name: nameOf(first), weeks: weeksOf(first, events, calendar) });
  return months;
}

function eventsOf(window: DeclarationWindow, ladder: ReminderLadder): Map<CalendarDate, CalendarEvent[]> {
  const events = new Map<CalendarDate, CalendarEvent[]>();
  const add = (time: LondonTime | null, text: string, kind: CalendarEvent['kind'] = 'other') => {
    if (!time) return;
    const event = { text: `${text}, ${formatTimeOfDay(time)}`, kind };
    events.set(time.date, [...(events.get(time.date) ?? []), event]);
  };
  for (const { dueAt, label } of ladder.reminders) add(LondonTime.fromInstant(dueAt), `Reminder: ${label}`);
  add(window.cutoff, 'Cutoff', 'cutoff');
  add(window.signInChange, 'Sign-in changes');
  add(window.reopening, 'CQRS reopens');
  add(window.pcse, 'Payments go to PCSE');
  return events;
}

function weeksOf(
  first: CalendarDate,
  events: ReadonlyMap<CalendarDate, readonly CalendarEvent[]>,
  calendar: WorkingCalendar,
): (CalendarDay | undefined)[][] {
  const weeks: (CalendarDay | undefined)[][] = [];
  // Monday is the first day of the week.
  const lead = (new Date(`${first}T00:00:00Z`).getUTCDay() + 6) % 7;
  let week: (CalendarDay | undefined)[] = new Array<undefined>(lead).fill(undefined);
  for (let date = first; date.slice(0, 7) === first.slice(0, 7); date = addDays(date, 1)) {
    week.push({
      date,
      number: Number(date.slice(8)),
      isOff: !calendar.isWorkingDay(date),
      holiday: calendar.bankHoliday(date),
      events: events.get(date) ?? [],
    });
    if (week.length < 7) continue;
    weeks.push(week);
    week = [];
  }
  if (week.length > 0) weeks.push([...week, ...new Array<undefined>(7 - week.length).fill(undefined)]);
  return weeks;
}

function firstOfMonth(date: CalendarDate | undefined): CalendarDate | undefined {
  return date && parseCalendarDate(`${date.slice(0, 8)}01`);
}

function nameOf(first: CalendarDate): string {
  const [, , month = '', year = ''] = formatLongDate(first).split(' ');
  return `${month} ${year}`;
}
