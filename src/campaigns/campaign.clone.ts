import { type WindowTimes } from '../deadlines/index.js';
import { LondonTime } from '../shared/london-time.js';
import { type WorkingCalendar } from '../shared/working-calendar.js';

type Cutoff = Pick<WindowTimes, 'cutoff'>;

/**
 * The launch of a campaign moved to another window: at the same London time of day, as many working days before (or
 * after) the new cutoff as it was before the old one.
 */
export function launchInWindow(launchAt: Date, from: Cutoff, to: Cutoff, calendar: WorkingCalendar): Date {
  const launch = LondonTime.fromInstant(launchAt);
  const distance = calendar.workingDaysBetween(from.cutoff.date, launch.date);
  return LondonTime.at(calendar.addWorkingDays(to.cutoff.date, distance), launch.timeOfDay).toInstant();
}
