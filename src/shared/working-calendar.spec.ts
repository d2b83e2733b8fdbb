import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CalendarDate, LondonTime, parseCalendarDate } from './london-time.js';
import { sendingHoursSchema, WorkingCalendar } from './working-calendar.js';

const file = join(import.meta.dirname, '../../data/bank-holidays.json');
const calendar = WorkingCalendar.fromGovUk(JSON.parse(readFileSync(file, 'utf8')));
const day = (text: string) => parseCalendarDate(text);
const at = (text: string) => LondonTime.parse(text).toInstant();
const local = (instant: Date) => LondonTime.fromInstant(instant).isoLocal();

const anyDay = fc
  .integer({ min: Date.UTC(2020, 0, 1) / 86_400_000, max: Date.UTC(2028, 11, 31) / 86_400_000 })
  .map((days) => day(new Date(days * 86_400_000).toISOString().slice(0, 10)));
const anyInstant = fc.integer({ min: Date.UTC(2020, 0, 8), max: Date.UTC(2028, 11, 20) }).map((time) => new Date(time));

describe('working days of England', () => {
  it.each([
    ['2020-05-04', true, 'the Monday that May 2020 gave up'],
    ['2020-05-08', false, 'VE day, where it moved to'],
    ['2020-04-10', false, 'Good Friday'],
    ['2020-04-13', false, 'Easter Monday'],
    ['2020-12-28', false, 'Boxing Day in substitute'],
    ['2020-12-29', true, 'the day after the substitute'],
    ['2026-04-02', true, 'Maundy Thursday'],
    ['2026-04-03', false, 'Good Friday'],
    ['2026-12-26', false, 'a Saturday'],
    ['2026-12-28', false, 'Boxing Day in substitute'],
    ['2026-12-29', true, 'not shifted again'],
    ['2027-03-26', false, 'Good Friday'],
    ['2027-03-29', false, 'Easter Monday, the day after the clocks go forward'],
    ['2027-12-27', false, 'Christmas Day in substitute'],
    ['2027-12-28', false, 'Boxing Day in substitute'],
    ['2027-12-29', true, 'not shifted again'],
    ['2028-01-03', false, "New Year's Day in substitute"],
    ['2028-12-25', false, 'Christmas Day'],
    ['2028-12-26', false, 'Boxing Day'],
    ['2028-12-27', true, 'no substitute needed'],
    ['2026-09-18', true, 'the Friday of the notice'],
    ['2026-11-30', true, "St Andrew's Day is Scotland's"],
    ['2026-03-17', true, "St Patrick's Day is Northern Ireland's"],
  ])('%s: working is %s (%s)', (date, working) => {
    expect(calendar.isWorkingDay(day(date))).toBe(working);
  });

  it.each([
    [2020, 254],
    [2026, 253],
    [2027, 253],
    [2028, 252],
  ])('%s has %s of them', (year, count) => {
    expect(calendar.workingDaysBetween(day(`${year - 1}-12-31`), day(`${year}-12-31`))).toBe(count);
  });

  it('names the bank holiday of a day', () => {
    expect(calendar.bankHoliday(day('2026-12-28'))).toBe('Boxing Day');
    expect(calendar.bankHoliday(day('2026-12-29'))).toBeUndefined();
  });

  it('covers the years it has holidays for and no other', () => {
    expect([calendar.firstKnownYear, calendar.lastKnownYear]).toEqual([2012, 2028]);
    expect(calendar.covers(day('2028-12-31'))).toBe(true);
    expect(calendar.covers(day('2029-01-01'))).toBe(false);
    expect(calendar.covers(day('2011-12-31'))).toBe(false);
  });
});

describe('counting working days', () => {
  it.each([
    ['2026-09-18', -10, '2026-09-04'],
    ['2026-09-18', -1, '2026-09-17'],
    ['2026-09-07', -10, '2026-08-21'],
    ['2026-04-08', -3, '2026-04-01'],
    ['2026-12-24', 1, '2026-12-29'],
    ['2027-12-24', 1, '2027-12-29'],
    ['2028-01-04', -1, '2027-12-31'],
    ['2020-05-11', -2, '2020-05-06'],
    ['2026-09-19', 1, '2026-09-21'],
    ['2026-09-19', -1, '2026-09-18'],
    ['2026-09-19', 0, '2026-09-19'],
  ])('%s and %s working days is %s', (from, n, to) => {
    expect(calendar.addWorkingDays(day(from), n)).toBe(to);
  });

  it('counts back exactly what it added, from any day', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: -60, max: 60 }), (from, n) => {
        const to = calendar.addWorkingDays(from, n);
        expect(calendar.workingDaysBetween(from, to)).toBe(n);
        expect(n === 0 || calendar.isWorkingDay(to)).toBe(true);
      }),
    );
  });

  it('undoes itself from any working day', () => {
    fc.assert(
      fc.property(
        anyDay.filter((date) => calendar.isWorkingDay(date)),
        fc.integer({ min: -60, max: 60 }),
        (from, n) => {
          expect(calendar.addWorkingDays(calendar.addWorkingDays(from, n), -n)).toBe(from);
        },
      ),
    );
  });

  it('refuses a part of a day', () => {
    expect(() => calendar.addWorkingDays(day('2026-09-18'), 0.5)).toThrow(RangeError);
  });
});

describe('sending hours', () => {
  it.each([
    ['2026-09-18T08:00', true],
    ['2026-09-18T07:59:59', false],
    ['2026-09-18T17:59:59', true],
    ['2026-09-18T18:00', false],
    ['2026-09-19T12:00', false],
    ['2026-08-31T12:00', false],
  ])('%s: mail may leave is %s', (text, within) => {
    expect(calendar.isWithinSendingHours(at(text))).toBe(within);
  });

  it.each([
    ['2026-09-18T09:00', '2026-09-18T09:00', 'stays'],
    ['2026-09-18T17:30', '2026-09-18T17:30', 'stays, late but inside'],
    ['2026-09-18T18:00', '2026-09-18T17:00', 'the same evening'],
    ['2026-09-18T05:00', '2026-09-17T17:00', 'the working day before'],
    ['2026-09-21T05:00', '2026-09-18T17:00', 'over a weekend'],
    ['2026-09-20T12:00', '2026-09-18T17:00', 'out of a weekend'],
    ['2026-04-07T07:00', '2026-04-02T17:00', 'over Easter'],
    ['2026-12-28T09:00', '2026-12-24T17:00', 'over Christmas'],
    ['2026-03-29T12:00', '2026-03-27T17:00', 'out of the day the clocks go forward'],
    ['2026-10-25T12:00', '2026-10-23T17:00', 'out of the day the clocks go back'],
  ])('a reminder at %s leaves at %s (%s)', (text, moved) => {
    expect(local(calendar.moveEarlierIntoSendingHours(at(text)))).toBe(moved);
  });

  it('never moves a reminder later, and always into sending hours', () => {
    fc.assert(
      fc.property(anyInstant, (instant) => {
        const moved = calendar.moveEarlierIntoSendingHours(instant);
        expect(moved.getTime()).toBeLessThanOrEqual(instant.getTime());
        expect(calendar.isWithinSendingHours(moved)).toBe(true);
      }),
    );
  });

  it('can be other hours', () => {
    const hours = sendingHoursSchema.parse({ from: '07:00', to: '20:00', latestStart: '19:00' });
    expect(local(calendar.moveEarlierIntoSendingHours(at('2026-09-18T19:30'), hours))).toBe('2026-09-18T19:30');
    expect(local(calendar.moveEarlierIntoSendingHours(at('2026-09-18T06:00'), hours))).toBe('2026-09-17T19:00');
  });

  it.each([
    { from: '18:00', to: '08:00', latestStart: '17:00' },
    { from: '08:00', to: '18:00', latestStart: '18:00' },
    { from: '08:00', to: '18:00', latestStart: '07:00' },
    { from: '8:00', to: '18:00', latestStart: '17:00' },
    { from: '08:00', to: '24:00', latestStart: '17:00' },
  ])('refuses hours that are none: %o', (hours) => {
    expect(sendingHoursSchema.safeParse(hours).success).toBe(false);
  });
});

describe('counting working hours', () => {
  it.each([
    ['2026-09-18T09:00', 4, '2026-09-18T13:00'],
    ['2026-09-18T16:00', 4, '2026-09-21T10:00'],
    ['2026-09-18T08:00', 10, '2026-09-18T18:00'],
    ['2026-09-19T11:00', 1, '2026-09-21T09:00'],
    ['2026-09-19T11:00', 0, '2026-09-21T08:00'],
    ['2026-03-27T17:00', 2, '2026-03-30T09:00'],
    ['2026-12-24T17:00', 20, '2026-12-30T17:00'],
    ['2026-09-18T12:00', -4, '2026-09-18T08:00'],
    ['2026-09-18T12:00', -5, '2026-09-17T17:00'],
    ['2026-09-21T07:00', -1, '2026-09-18T17:00'],
  ])('%s and %s hours is %s', (from, hours, to) => {
    expect(local(calendar.addWorkingHours(at(from), hours))).toBe(to);
  });

  it('counts back what it counted forward', () => {
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: 1, max: 6_000 }), (instant, minutes) => {
        fc.pre(calendar.isWithinSendingHours(instant));
        const there = calendar.addWorkingHours(instant, minutes / 60);
        const back = calendar.addWorkingHours(there, -minutes / 60);
        expect(Math.abs(back.getTime() - instant.getTime())).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the GOV.UK file', () => {
  it.each([
    [{}, /at england-and-wales/],
    [{ 'england-and-wales': { division: 'scotland', events: [] } }, /at england-and-wales\.division/],
    [{ 'england-and-wales': { division: 'england-and-wales', events: [] } }, /at england-and-wales\.events/],
    [
      { 'england-and-wales': { division: 'england-and-wales', events: [{ title: 'New', date: '2026-02-30' }] } },
      /at england-and-wales\.events\.0\.date: There is no such day/,
    ],
    ['text', /at the top/],
  ])('%o is one clear error', (json: unknown, message) => {
    expect(() => WorkingCalendar.fromGovUk(json)).toThrow(message);
  });

  it('takes substitute days as the dates they are', () => {
    const christmas: CalendarDate = day('2027-12-27');
    expect(new WorkingCalendar([{ date: christmas, title: 'Christmas Day' }]).isWorkingDay(day('2027-12-28'))).toBe(
      true,
    );
  });
});
