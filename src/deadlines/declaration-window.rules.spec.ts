import { loadConfig } from '../platform/config/index.js';
import { LondonTime } from '../shared/london-time.js';
import { BankHolidays } from './bank-holidays.js';
import { expiresAt, moveCutoffSchema, noticesAbout, windowInputSchema } from './declaration-window.rules.js';
import { DEFAULT_REMINDER_POLICY } from './reminder-ladder.rules.js';

const { calendar } = new BankHolidays(loadConfig({}));
const september = {
  name: 'September 2026',
  cutoff: '2026-09-18T12:00',
  reopening: '2026-09-23T08:00',
  pcse: '2026-09-28T08:00',
};
const faults = (changes: object) =>
  windowInputSchema
    .safeParse({ ...september, ...changes })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
const notices = (changes: object) => {
  const times = windowInputSchema.parse({ ...september, ...changes });
  return noticesAbout(times, calendar).map(({ level, message }) => `${level}: ${message}`);
};

describe('a declaration window', () => {
  it('needs three times and a name; the rest has defaults', () => {
    const { weekdays, ...window } = windowInputSchema.parse(september);
    expect(JSON.parse(JSON.stringify(window))).toEqual({
      ...september,
      service: null,
      period: null,
      signInChange: null,
      reminderPolicy: DEFAULT_REMINDER_POLICY,
    });
    expect(weekdays).toEqual({});
  });

  it.each([2020, 2026])('accepts the weekdays of the notice for %s', (year) => {
    expect(
      faults({
        cutoff: `${year}-09-18T12:00`,
        reopening: `${year}-09-23T08:00`,
        pcse: `${year}-09-28T08:00`,
        signInChange: `${year}-09-23T08:00`,
        weekdays: { cutoff: 'Friday', reopening: 'Wednesday', pcse: 'Monday', signInChange: 'Wednesday' },
      }),
    ).toBeUndefined();
  });

  it.each([2019, 2021, 2025, 2027])('refuses the Friday of the notice in %s', (year) => {
    const dates = { cutoff: `${year}-09-18T12:00`, reopening: `${year}-09-23T08:00`, pcse: `${year}-09-28T08:00` };
    expect(faults({ ...dates, weekdays: { cutoff: 'Friday' } })).toEqual([
      expect.stringMatching(/^cutoff: Expected a Friday, but that day is \w+day 18 September \d{4}$/),
    ]);
  });

  it.each([
    [{ reopening: '2026-09-18T12:00' }, /^reopening: Expected a time after the cutoff 2026-09-18T12:00/],
    [{ reopening: '2026-09-17T12:00' }, /^reopening: Expected a time after the cutoff/],
    [{ pcse: '2026-09-23T07:59' }, /^pcse: Expected a time not before the reopening 2026-09-23T08:00/],
    [{ cutoff: '2026-09-18T12:00Z' }, /^cutoff: .*without an offset or Z/],
    [{ cutoff: '2026-02-30T12:00' }, /^cutoff: There is no such day/],
    [{ cutoff: '2026-03-29T01:30' }, /^cutoff: .*does not exist/],
    [{ cutoff: 20260918 }, /^cutoff: /],
    [{ name: ' ' }, /^name: /],
    [{ name: 'Sept\u0000ember' }, /^name: Expected text without control characters/],
    [{ surprise: 1 }, /surprise/],
  ])('refuses %o and names the field', (changes, fault) => {
    expect(faults(changes)).toEqual([expect.stringMatching(fault)]);
  });

  it('may go to PCSE at the very time of the reopening', () => {
    expect(faults({ pcse: september.reopening })).toBeUndefined();
  });

  it('is checked in the same way when its cutoff moves', () => {
    const { name: _name, ...times } = { ...september, signInChange: null };
    expect(moveCutoffSchema.safeParse({ ...times, reason: 'Outage' }).success).toBe(true);
    expect(moveCutoffSchema.safeParse({ ...times, signInChange: undefined }).success).toBe(false);
    expect(moveCutoffSchema.safeParse({ ...times, cutoff: '2026-09-24T12:00' }).success).toBe(false);
  });

  it('ends before-cutoff mail at the instant of the cutoff', () => {
    expect(expiresAt({ cutoff: LondonTime.parse('2026-09-18T12:00') }).toISOString()).toBe('2026-09-18T11:00:00.000Z');
    expect(expiresAt({ cutoff: LondonTime.parse('2026-12-18T12:00') }).toISOString()).toBe('2026-12-18T12:00:00.000Z');
  });
});

describe('notices about a window', () => {
  it('finds nothing about the window of the notice', () => {
    expect(notices({ signInChange: '2026-09-23T08:00' })).toEqual([]);
  });

  it.each([
    [{ cutoff: '2026-09-19T12:00' }, ['warning: The cutoff is Saturday 19 September 2026, at a weekend']],
    [
      { cutoff: '2026-08-31T12:00' },
      ['warning: The cutoff is Monday 31 August 2026, a bank holiday (Summer bank holiday)'],
    ],
    [{ cutoff: '2026-09-18T17:00' }, ['info: The cutoff is 5pm and not midday']],
    [
      { cutoff: '2026-09-18T00:00' },
      ['warning: The cutoff is midnight, which is the start of Friday 18 September 2026 and not its end'],
    ],
    [
      { pcse: '2029-01-03T08:00' },
      [
        'warning: The PCSE date is Wednesday 3 January 2029, and bank holidays are known from 2012 to 2028 only: refresh data/bank-holidays.json',
      ],
    ],
    [{ signInChange: '2026-09-20T08:00' }, ['warning: The sign-in change is Sunday 20 September 2026, at a weekend']],
  ])('%o: %j', (changes, expected) => {
    expect(notices(changes)).toEqual(expected);
  });
});
