import { BankHolidays } from '../deadlines/index.js';
import { loadConfig } from '../platform/config/index.js';
import { LondonTime } from '../shared/london-time.js';
import { launchInWindow } from './campaign.clone.js';

const calendar = new BankHolidays(loadConfig({})).calendar;
const window = (cutoff: string) => ({ cutoff: LondonTime.parse(cutoff) });

describe('a launch moved to another window', () => {
  it.each([
    // Nine working days before Friday 18 September is Monday 7 September; nine before Friday 16 October is Monday 5.
    ['2026-09-07T09:00', '2026-09-18T12:00', '2026-10-16T12:00', '2026-10-05T09:00'],
    // The clocks go back in between: still 9 in the morning in London.
    ['2026-09-07T09:00', '2026-09-18T12:00', '2026-11-20T12:00', '2026-11-09T09:00'],
    // Over Christmas working days are fewer.
    ['2026-09-16T09:00', '2026-09-18T12:00', '2026-12-29T12:00', '2026-12-23T09:00'],
    ['2026-09-18T08:00', '2026-09-18T12:00', '2026-10-16T12:00', '2026-10-16T08:00'],
    ['2026-09-21T08:00', '2026-09-18T12:00', '2026-10-16T12:00', '2026-10-19T08:00'],
  ])('from %s for %s goes, for %s, to %s', (launch, from, to, expected) => {
    const moved = launchInWindow(LondonTime.parse(launch).toInstant(), window(from), window(to), calendar);
    expect(LondonTime.fromInstant(moved).isoLocal()).toBe(expected);
  });
});
