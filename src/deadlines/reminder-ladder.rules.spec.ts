import fc from 'fast-check';
import { loadConfig } from '../platform/config/index.js';
import { LondonTime } from '../shared/london-time.js';
import { BankHolidays } from './bank-holidays.js';
import {
  DEFAULT_REMINDER_POLICY,
  reminderPolicySchema,
  type ReminderLadder,
  type ReminderPolicy,
  type ReminderStep,
  remindersFor,
} from './reminder-ladder.rules.js';

const { calendar } = new BankHolidays(loadConfig({}));
const at = (text: string) => LondonTime.parse(text).toInstant();
const ladderFor = (cutoff: string, policy: ReminderPolicy = DEFAULT_REMINDER_POLICY, from?: Date) =>
  remindersFor({ cutoff: LondonTime.parse(cutoff) }, calendar, policy, from);
const times = (ladder: ReminderLadder) =>
  ladder.reminders.map(({ stepId, dueAt }) => `${stepId} ${LondonTime.fromInstant(dueAt).isoLocal()}`);
const policyOf = (...steps: ReminderStep[]): ReminderPolicy => ({ ...DEFAULT_REMINDER_POLICY, steps });
const hoursBefore = (hours: number): ReminderStep => ({
  kind: 'hours-before',
  id: `${hours}-hours`,
  label: `${hours} hours before`,
  hours,
});

describe('the reminder ladder', () => {
  it.each([2020, 2026])('of the notice in %s climbs to midday on Friday 18 September', (year) => {
    expect(times(ladderFor(`${year}-09-18T12:00`))).toEqual([
      `10-working-days ${year}-09-04T09:00`,
      `5-working-days ${year}-09-11T09:00`,
      `2-working-days ${year}-09-16T09:00`,
      `morning-before ${year}-09-17T09:00`,
      `4-hours ${year}-09-18T08:00`,
    ]);
  });

  it.each([
    [
      'around VE day 2020, which took the place of the Monday',
      '2020-05-11T12:00',
      ['2020-04-24T09:00', '2020-05-01T09:00', '2020-05-06T09:00', '2020-05-07T09:00', '2020-05-11T08:00'],
    ],
    [
      'over Easter 2026 and the change to summer time',
      '2026-04-09T12:00',
      ['2026-03-24T09:00', '2026-03-31T09:00', '2026-04-07T09:00', '2026-04-08T09:00', '2026-04-09T08:00'],
    ],
    [
      'over the end of summer time 2026',
      '2026-10-26T12:00',
      ['2026-10-12T09:00', '2026-10-19T09:00', '2026-10-22T09:00', '2026-10-23T09:00', '2026-10-26T08:00'],
    ],
    [
      'over Easter 2020 and the change to summer time',
      '2020-04-14T12:00',
      ['2020-03-27T09:00', '2020-04-03T09:00', '2020-04-08T09:00', '2020-04-09T09:00', '2020-04-14T08:00'],
    ],
    [
      'over Christmas 2020 with Boxing Day in substitute',
      '2020-12-30T12:00',
      ['2020-12-14T09:00', '2020-12-21T09:00', '2020-12-24T09:00', '2020-12-29T09:00', '2020-12-30T08:00'],
    ],
    [
      'over Christmas 2026 with Boxing Day in substitute',
      '2026-12-30T12:00',
      ['2026-12-14T09:00', '2026-12-21T09:00', '2026-12-24T09:00', '2026-12-29T09:00', '2026-12-30T08:00'],
    ],
    [
      'over Easter 2027, the Sunday of which begins summer time',
      '2027-03-30T12:00',
      ['2027-03-12T09:00', '2027-03-19T09:00', '2027-03-24T09:00', '2027-03-25T09:00', '2027-03-30T08:00'],
    ],
    [
      'over the end of summer time 2027',
      '2027-11-01T12:00',
      ['2027-10-18T09:00', '2027-10-25T09:00', '2027-10-28T09:00', '2027-10-29T09:00', '2027-11-01T08:00'],
    ],
    [
      'over Easter 2028',
      '2028-04-19T12:00',
      ['2028-04-03T09:00', '2028-04-10T09:00', '2028-04-13T09:00', '2028-04-18T09:00', '2028-04-19T08:00'],
    ],
    [
      'over Christmas 2027 with both days in substitute',
      '2027-12-29T12:00',
      ['2027-12-13T09:00', '2027-12-20T09:00', '2027-12-23T09:00', '2027-12-24T09:00', '2027-12-29T08:00'],
    ],
    [
      "over New Year 2028 with New Year's Day in substitute",
      '2028-01-04T12:00',
      ['2027-12-16T09:00', '2027-12-23T09:00', '2027-12-30T09:00', '2027-12-31T09:00', '2028-01-04T08:00'],
    ],
  ])('%s', (_name, cutoff, expected) => {
    expect(ladderFor(cutoff).reminders.map(({ dueAt }) => LondonTime.fromInstant(dueAt).isoLocal())).toEqual(expected);
  });

  it('says the same hour of London on both sides of a change of the clocks', () => {
    const [tenDays, fiveDays] = ladderFor('2026-04-09T12:00').reminders;
    expect(tenDays?.dueAt.toISOString()).toBe('2026-03-24T09:00:00.000Z');
    expect(fiveDays?.dueAt.toISOString()).toBe('2026-03-31T08:00:00.000Z');
  });

  it('moves a reminder outside sending hours earlier and says why', () => {
    const [reminder] = ladderFor('2026-09-21T09:00', policyOf(hoursBefore(4))).reminders;
    expect(reminder).toEqual({
      stepId: '4-hours',
      label: '4 hours before',
      dueAt: at('2026-09-18T17:00'),
      moved: {
        from: at('2026-09-21T05:00'),
        reason: '5am on Monday 21 September 2026 is outside sending hours (08:00 to 18:00 on working days)',
      },
    });
  });

  it('counts plain hours, not working hours', () => {
    expect(times(ladderFor('2026-09-18T12:00', policyOf(hoursBefore(24))))).toEqual(['24-hours 2026-09-17T12:00']);
  });

  it('keeps the step nearer to the cutoff when moving brings two together', () => {
    const ladder = ladderFor('2026-09-21T07:00', policyOf(hoursBefore(72), hoursBefore(12), hoursBefore(1)));
    expect(times(ladder)).toEqual(['72-hours 2026-09-17T17:00', '1-hours 2026-09-18T17:00']);
    expect(ladder.leftOut).toEqual([
      { stepId: '12-hours', label: '12 hours before', reason: 'would not come before "1 hours before"' },
    ]);
  });

  it('keeps the later in the policy of two steps at one time', () => {
    const day: ReminderStep = { kind: 'working-days-before', id: 'eve', label: 'the eve', days: 1, at: '12:00' };
    expect(times(ladderFor('2026-09-18T12:00', policyOf(day, hoursBefore(24))))).toEqual(['24-hours 2026-09-17T12:00']);
    expect(times(ladderFor('2026-09-18T12:00', policyOf(hoursBefore(24), day)))).toEqual(['eve 2026-09-17T12:00']);
  });

  it('leaves out what was due before the window was set', () => {
    const ladder = ladderFor('2026-09-18T12:00', DEFAULT_REMINDER_POLICY, at('2026-09-15T10:00'));
    expect(times(ladder).map((line) => line.split(' ')[0])).toEqual(['2-working-days', 'morning-before', '4-hours']);
    expect(ladder.leftOut.map(({ stepId }) => stepId)).toEqual(['10-working-days', '5-working-days']);
  });

  it('does not depend on the order of the steps when their times differ', () => {
    const reversed = { ...DEFAULT_REMINDER_POLICY, steps: [...DEFAULT_REMINDER_POLICY.steps].reverse() };
    expect(ladderFor('2026-09-18T12:00', reversed)).toEqual(ladderFor('2026-09-18T12:00'));
  });

  it('is strictly increasing, before the cutoff and in sending hours, whatever the policy', () => {
    const minuteOfDay = fc
      .integer({ min: 0, max: 1439 })
      .map((m) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`);
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('hours-before' as const),
        hours: fc.integer({ min: 1, max: 960 }).map((q) => q / 4),
      }),
      fc.record({
        kind: fc.constant('working-days-before' as const),
        days: fc.integer({ min: 1, max: 30 }),
        at: minuteOfDay,
      }),
    );
    const policy = fc.array(step, { maxLength: 12 }).map((steps) =>
      reminderPolicySchema.parse({
        ...DEFAULT_REMINDER_POLICY,
        steps: steps.map((one, i) => ({ ...one, id: `step-${i}`, label: `Step ${i}` })),
      }),
    );
    const cutoff = fc
      .integer({ min: Date.UTC(2020, 2, 1) / 1000, max: Date.UTC(2028, 11, 20) / 1000 })
      .map((second) => LondonTime.fromInstant(new Date(second * 1000)));
    fc.assert(
      fc.property(cutoff, policy, (time, anyPolicy) => {
        const { reminders, leftOut } = remindersFor({ cutoff: time }, calendar, anyPolicy);
        expect(reminders.length + leftOut.length).toBe(anyPolicy.steps.length);
        reminders.forEach((reminder, i) => {
          expect(reminder.dueAt < time.toInstant()).toBe(true);
          expect(calendar.isWithinSendingHours(reminder.dueAt)).toBe(true);
          if (i > 0) expect(reminder.dueAt > reminders[i - 1]!.dueAt).toBe(true);
        });
      }),
    );
  });
});

describe('the reminder policy', () => {
  const [first] = DEFAULT_REMINDER_POLICY.steps;

  it('reads back from JSON as it was', () => {
    expect(reminderPolicySchema.parse(JSON.parse(JSON.stringify(DEFAULT_REMINDER_POLICY)))).toEqual(
      DEFAULT_REMINDER_POLICY,
    );
  });

  it.each([
    ['a step twice', [first, first]],
    ['a step at the cutoff itself', [hoursBefore(0)]],
    ['a step after the cutoff', [hoursBefore(-1)]],
    ['no working day before', [{ ...first, days: 0 }]],
    ['half a working day before', [{ ...first, days: 1.5 }]],
    ['a time that is none', [{ ...first, at: '24:00' }]],
    ['an unknown kind', [{ ...first, kind: 'days-before' }]],
  ])('refuses %s', (_name, steps) => {
    expect(reminderPolicySchema.safeParse({ ...DEFAULT_REMINDER_POLICY, steps }).success).toBe(false);
  });
});
