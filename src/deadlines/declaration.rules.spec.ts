import { readFileSync } from 'node:fs';
import { WorkingCalendar } from '../shared/working-calendar.js';
import { blockerOf, declarationSchema, isOfTheFuture, isSilent } from './declaration.rules.js';

describe('blockerOf', () => {
  it.each([
    // declaration required, approval required
    [true, true, 'not-declared', 'practice'],
    [true, true, 'returned', 'practice'],
    [true, true, 'declared', 'commissioner'],
    [true, true, 'approved', 'commissioner'],
    [true, true, 'financially-approved', 'nobody'],
    [true, false, 'not-declared', 'practice'],
    [true, false, 'returned', 'practice'],
    [true, false, 'declared', 'nobody'],
    [true, false, 'approved', 'commissioner'],
    [true, false, 'financially-approved', 'nobody'],
    [false, true, 'not-declared', 'nobody'],
    [false, true, 'returned', 'nobody'],
    [false, true, 'declared', 'nobody'],
    [false, true, 'approved', 'nobody'],
    [false, true, 'financially-approved', 'nobody'],
    [false, false, 'not-declared', 'nobody'],
    [false, false, 'returned', 'nobody'],
    [false, false, 'declared', 'nobody'],
    [false, false, 'approved', 'nobody'],
    [false, false, 'financially-approved', 'nobody'],
  ] as const)('declaration required %s, approval required %s, %s: %s', (required, approval, status, who) => {
    expect(blockerOf({ declarationRequired: required, approvalRequired: approval, status })).toBe(who);
  });
});

describe('declarationSchema', () => {
  const posted = {
    organisationCode: ' a81001 ',
    service: ' Quality  and Outcomes Framework ',
    period: '2025/26',
    declarationRequired: true,
    approvalRequired: true,
    status: 'declared',
    updatedAt: '2026-09-10T10:30:00+01:00',
  };

  it('reads what CQRS posts', () => {
    expect(declarationSchema.parse(posted)).toEqual({
      ...posted,
      organisationCode: 'A81001',
      service: 'Quality and Outcomes Framework',
      updatedAt: new Date('2026-09-10T09:30:00Z'),
    });
  });

  it.each([
    ['organisationCode', 'A8'],
    ['service', '   '],
    ['period', 'x'.repeat(201)],
    ['declarationRequired', 'yes'],
    ['status', 'Declared'],
    ['updatedAt', '2026-09-10T10:30:00'],
    ['updatedAt', '2026-02-30T10:30:00Z'],
    ['surprise', true],
  ])('refuses %s of %p and names the field', (field, value) => {
    const issues = declarationSchema.safeParse({ ...posted, [field]: value }).error?.issues ?? [];
    expect(JSON.stringify(issues)).toContain(field);
  });
});

describe('isSilent', () => {
  const calendar = WorkingCalendar.fromGovUk(JSON.parse(readFileSync('data/bank-holidays.json', 'utf8')));

  it.each([
    ['the same day', '2026-09-14T06:00:00Z', '2026-09-14T16:00:00Z', false],
    ['the evening before', '2026-09-14T22:00:00Z', '2026-09-15T06:00:00Z', false],
    ['the day before yesterday, just', '2026-09-14T22:59:59Z', '2026-09-16T06:00:00Z', true],
    ['yesterday in London, the day before in UTC', '2026-09-14T23:00:00Z', '2026-09-16T06:00:00Z', false],
    ['Friday, on Monday', '2026-09-11T08:00:00Z', '2026-09-14T16:00:00Z', false],
    ['Friday, on Tuesday', '2026-09-11T08:00:00Z', '2026-09-15T06:00:00Z', true],
    ['Friday before a bank holiday, on Tuesday', '2026-08-28T08:00:00Z', '2026-09-01T16:00:00Z', false],
    ['later than now, as a rehearsal has it', '2026-09-20T08:00:00Z', '2026-09-14T08:00:00Z', false],
  ])('heard %s', (_, heardAt, now, silent) => {
    expect(isSilent(new Date(heardAt), new Date(now), calendar)).toBe(silent);
  });

  it('where none ever came', () => {
    expect(isSilent(null, new Date(), calendar)).toBe(true);
  });
});

describe('isOfTheFuture', () => {
  const DAY = 86_400_000;
  const inDays = (days: number): Date => new Date(Date.now() + days * DAY);

  it.each([
    ['a report of a year ahead, its year mistyped', 365, 0, true],
    ['one that a clock that is wrong may have made', 299, 0, false],
    ['a report of today in a rehearsal of another year', 0, -3 * 365, false],
    ['a report of the year that a rehearsal plays', 3 * 365, 3 * 365, false],
  ])('%s', (_, reported, clock, expected) => {
    expect(isOfTheFuture(inDays(reported), inDays(clock))).toBe(expected);
  });
});
