import fc from 'fast-check';
import { z } from 'zod';
import { InvalidInputError } from './errors.js';
import {
  addDays,
  calendarDateSchema,
  formatDateTime,
  formatLongDate,
  formatTimeOfDay,
  isoInstantSchema,
  LondonTime,
  londonTimeSchema,
  parseCalendarDate,
} from './london-time.js';

const iso = (text: string) => LondonTime.parse(text).toInstant().toISOString();

describe('LondonTime.parse', () => {
  it.each([
    ['2026-09-18T12:00', '2026-09-18T11:00:00.000Z'],
    ['2026-09-18T12:00:00', '2026-09-18T11:00:00.000Z'],
    ['2026-12-18T12:00:30', '2026-12-18T12:00:30.000Z'],
    ['2028-02-29T00:00', '2028-02-29T00:00:00.000Z'],
  ])('reads %s as %s', (text, instant) => {
    expect(iso(text)).toBe(instant);
  });

  it.each([
    ['2026-09-18T12:00Z', /without an offset or Z/],
    ['2026-09-18T12:00:00+01:00', /without an offset or Z/],
    ['2026-09-18T12:00+01', /without an offset or Z/],
    ['2026-02-30T12:00', /no such day as 2026-02-30/],
    ['2027-02-29T12:00', /no such day as 2027-02-29/],
    ['2026-13-01T12:00', /no such day/],
    ['20-09-18T12:00', /as YYYY-MM-DDTHH:mm/],
    ['0020-09-18T12:00', /a year from 2000 to 2099, got 0020/],
    ['20206-09-18T12:00', /as YYYY-MM-DDTHH:mm/],
    ['2026-09-18T24:00', /from 00:00 to 23:59:59/],
    ['2026-09-18T12:60', /from 00:00 to 23:59:59/],
    ['2026-09-18T12:00:60', /from 00:00 to 23:59:59/],
    ['2026-09-18T12:00:00.5', /as YYYY-MM-DDTHH:mm/],
    ['2026-09-18', /as YYYY-MM-DDTHH:mm/],
    ['2026-09-18 12:00', /as YYYY-MM-DDTHH:mm/],
    ['18 September 2026', /got other text/],
    ['', /got nothing/],
  ])('refuses %s', (text, reason) => {
    expect(() => LondonTime.parse(text)).toThrow(reason);
    expect(() => LondonTime.parse(text)).toThrow(InvalidInputError);
  });

  it('never repeats a text that may be an address from a shifted column', () => {
    expect(() => LondonTime.parse('testa.sample1@nhs.net')).toThrow(/^(?!.*testa)/);
  });
});

describe('the change of the clocks', () => {
  it.each(['2020-03-29T01:00', '2026-03-29T01:30', '2027-03-28T01:59:59', '2028-03-26T01:15'])(
    'refuses %s, which spring skips',
    (text) => {
      expect(() => LondonTime.parse(text)).toThrow(/does not exist: the clocks go forward/);
    },
  );

  it('keeps the last minute before the gap and the first after it one minute apart', () => {
    expect(iso('2026-03-29T00:59')).toBe('2026-03-29T00:59:00.000Z');
    expect(iso('2026-03-29T02:00')).toBe('2026-03-29T01:00:00.000Z');
  });

  it.each([
    ['2020-10-25T01:30', '2020-10-25T00:30:00.000Z', '2020-10-25T01:30:00.000Z'],
    ['2026-10-25T01:00', '2026-10-25T00:00:00.000Z', '2026-10-25T01:00:00.000Z'],
    ['2027-10-31T01:59', '2027-10-31T00:59:00.000Z', '2027-10-31T01:59:00.000Z'],
  ])('offers both instants of the doubled hour %s, the earlier by default', (text, earlier, later) => {
    const time = LondonTime.parse(text);
    expect(time.toInstant().toISOString()).toBe(earlier);
    expect(time.toInstant('earlier').toISOString()).toBe(earlier);
    expect(time.toInstant('later').toISOString()).toBe(later);
  });

  it('gives one instant for either side of an hour that is not doubled', () => {
    const time = LondonTime.parse('2026-10-25T02:00');
    expect(time.toInstant('later')).toEqual(time.toInstant('earlier'));
    expect(time.toInstant().toISOString()).toBe('2026-10-25T02:00:00.000Z');
  });

  it('shows the same wall clock for both instants of the doubled hour', () => {
    expect(LondonTime.fromInstant(new Date('2026-10-25T00:30:00Z')).isoLocal()).toBe('2026-10-25T01:30');
    expect(LondonTime.fromInstant(new Date('2026-10-25T01:30:00Z')).isoLocal()).toBe('2026-10-25T01:30');
  });

  it('returns every instant from its wall clock, on one side or the other', () => {
    const seconds = fc.integer({ min: Date.UTC(2000, 0, 2) / 1000, max: Date.UTC(2099, 11, 30) / 1000 });
    fc.assert(
      fc.property(seconds, (second) => {
        const instant = new Date(second * 1000);
        const time = LondonTime.fromInstant(instant);
        expect([time.toInstant('earlier'), time.toInstant('later')]).toContainEqual(instant);
        expect(LondonTime.parse(time.isoLocal()).equals(time)).toBe(true);
      }),
    );
  });
});

describe('words', () => {
  it.each([
    ['2026-09-18T12:00', 'midday'],
    ['2026-09-18T00:00', 'midnight'],
    ['2026-09-18T09:00', '9am'],
    ['2026-09-18T17:30', '5:30pm'],
    ['2026-09-18T12:05', '12:05pm'],
    ['2026-09-18T00:05', '12:05am'],
    ['2026-09-18T11:59:59', '11:59:59am'],
    ['2026-09-18T12:00:01', '12:00:01pm'],
  ])('says %s as %s', (text, words) => {
    expect(formatTimeOfDay(LondonTime.parse(text))).toBe(words);
  });

  it('writes a date with its weekday and year', () => {
    expect(formatLongDate(parseCalendarDate('2026-09-18'))).toBe('Friday 18 September 2026');
    expect(formatDateTime(LondonTime.parse('2026-09-18T12:00'))).toBe('midday on Friday 18 September 2026');
    expect(formatDateTime(LondonTime.parse('2026-09-23T08:00'))).toBe('8am on Wednesday 23 September 2026');
    expect(formatLongDate(LondonTime.parse('2026-09-28T00:00'))).toBe('Monday 28 September 2026');
  });

  it('knows that 18 September is a Friday in 2015, 2020 and 2026 and in no other year of theirs', () => {
    const fridays = Array.from({ length: 18 }, (_, i) => 2012 + i).filter((year) =>
      formatLongDate(parseCalendarDate(`${year}-09-18`)).startsWith('Friday'),
    );
    expect(fridays).toEqual([2015, 2020, 2026]);
  });

  it.each([2020, 2026])('agrees with the other weekdays of the notice in %s', (year) => {
    expect(formatLongDate(parseCalendarDate(`${year}-09-23`))).toBe(`Wednesday 23 September ${year}`);
    expect(formatLongDate(parseCalendarDate(`${year}-09-28`))).toBe(`Monday 28 September ${year}`);
  });

  it('becomes its wall-clock text in JSON', () => {
    expect(JSON.stringify({ cutoff: LondonTime.parse('2026-09-18T12:00:00') })).toBe('{"cutoff":"2026-09-18T12:00"}');
  });
});

describe('days', () => {
  it('adds calendar days across months, leap days and years', () => {
    expect(addDays(parseCalendarDate('2028-02-28'), 1)).toBe('2028-02-29');
    expect(addDays(parseCalendarDate('2027-01-01'), -1)).toBe('2026-12-31');
    expect(addDays(parseCalendarDate('2026-03-28'), 2)).toBe('2026-03-30');
  });

  it.each(['2026-9-18', '2026-02-29', '26-09-18', '1999-12-31', '2100-01-01', '18/09/2026'])('refuses %s', (text) => {
    expect(calendarDateSchema.safeParse(text).success).toBe(false);
  });
});

describe('the schemas', () => {
  it('puts the reason of a refused time into the issue', () => {
    const result = londonTimeSchema.safeParse('2026-02-30T12:00');
    expect(result.error?.issues[0]?.message).toBe('There is no such day as 2026-02-30');
  });

  it.each([
    ['2026-09-18T11:00:00Z', '2026-09-18T11:00:00.000Z'],
    ['2026-09-18T12:00:00+01:00', '2026-09-18T11:00:00.000Z'],
    ['2026-09-18T12:00+01:00', '2026-09-18T11:00:00.000Z'],
    ['2026-09-18t11:00:00.250z', '2026-09-18T11:00:00.250Z'],
  ])('reads the instant %s', (text, expected) => {
    expect(isoInstantSchema.parse(text).toISOString()).toBe(expected);
  });

  it.each([
    '2026-09-18T12:00:00',
    '2026-09-18',
    '0020-09-18T12:00:00Z',
    '20-09-18T12:00:00Z',
    '2026-02-30T12:00:00Z',
    '2026-09-18T24:00:00Z',
    '2026-09-18T12:61:00Z',
    '2026-09-18T12:00:00+25:00',
    '+002026-09-18T12:00:00Z',
    'yesterday',
    '',
  ])('refuses the instant %s', (text) => {
    expect(isoInstantSchema.safeParse(text).success).toBe(false);
  });
});

describe('what the API says of a day', () => {
  const { pattern } = z.globalRegistry.get(calendarDateSchema) as { pattern: string };
  const fits = (text: string): boolean => new RegExp(pattern).test(text);

  it('is true of each day of the century, and of those that do not exist', () => {
    for (let year = 2000; year <= 2099; year += 1) {
      for (let month = 1; month <= 12; month += 1) {
        for (let day = 1; day <= 31; day += 1) {
          const text = [year, month, day].map((part) => String(part).padStart(2, '0')).join('-');
          expect([text, fits(text)]).toEqual([text, calendarDateSchema.safeParse(text).success]);
        }
      }
    }
    expect(['1999-12-31', '2100-01-01', '2026-13-01', '2026-1-1', ' 2026-01-01'].map(fits)).not.toContain(true);
  });
});
