import fc from 'fast-check';
import { loadConfig } from '../platform/config/index.js';
import { LondonTime } from '../shared/london-time.js';
import { DEFAULT_SENDING_HOURS } from '../shared/working-calendar.js';
import { BankHolidays } from './bank-holidays.js';
import { feasibility, type FeasibilityInput } from './feasibility.rules.js';

const { calendar } = new BankHolidays(loadConfig({}));
const at = (text: string) => LondonTime.parse(text).toInstant();
const local = (instant: Date | undefined) => instant && LondonTime.fromInstant(instant).isoLocal();

const campaign: FeasibilityInput = {
  messages: 30_000,
  ratePerMinute: 100,
  retryShare: 0.02,
  launchAt: at('2026-09-17T09:00'),
  cutoff: at('2026-09-18T12:00'),
  calendar,
  sendingHours: DEFAULT_SENDING_HOURS,
};

describe('feasibility', () => {
  it('says when a send finishes and how late it could have started', () => {
    const { fits, finishesAt, latestSafeLaunch, explanation } = feasibility(campaign);
    expect(fits).toBe(true);
    expect(local(finishesAt)).toBe('2026-09-17T14:06');
    // 306 minutes: 240 on the Friday morning, 66 on the Thursday before 18:00.
    expect(local(latestSafeLaunch)).toBe('2026-09-17T16:53');
    expect(explanation).toBe(
      '30,600 attempts (30,000 messages and their retries) at 100 a minute need 5 h 6 min of sending time. ' +
        'Launched at 9am on Thursday 17 September 2026, the last leaves at 2:06pm on Thursday 17 September 2026, ' +
        'in time for the cutoff at midday on Friday 18 September 2026. ' +
        'The latest safe launch is 4:53pm on Thursday 17 September 2026.',
    );
  });

  it('speaks of one message as of one', () => {
    expect(feasibility({ ...campaign, messages: 1 }).explanation).toMatch(/^2 attempts \(1 message and its retries\)/);
  });

  it('goes on the next working day when the day ends', () => {
    expect(local(feasibility({ ...campaign, launchAt: at('2026-09-17T16:00') }).finishesAt)).toBe('2026-09-18T11:06');
  });

  it('goes on a day after what has used the budget, whatever the hour', () => {
    // 20,000 by 12:20. From 09:01 on the next day what left a day before counts no more, minute by minute.
    const tight = feasibility({ ...campaign, dayBudget: 20_000, launchAt: at('2026-09-16T09:00') });
    expect(local(tight.finishesAt)).toBe('2026-09-17T10:47');
    expect(tight.explanation).toContain('at most 20,000 in 24 hours');
  });

  it('honours the budget when it looks for the latest launch', () => {
    // All 30,600 within a day would be too many: 10,600 of the Thursday must count no more by Friday midday.
    expect(local(feasibility({ ...campaign, dayBudget: 20_000 }).latestSafeLaunch)).toBe('2026-09-17T10:12');
  });

  it('waits for sending hours', () => {
    expect(local(feasibility({ ...campaign, launchAt: at('2026-09-17T03:00') }).finishesAt)).toBe('2026-09-17T13:06');
    expect(local(feasibility({ ...campaign, launchAt: at('2026-09-12T12:00') }).finishesAt)).toBe('2026-09-14T13:06');
  });

  it.each(['2026-09-17T07:59', '2026-09-17T18:00', '2026-09-12T12:00', '2026-12-25T10:00'])(
    'says of a launch at %s that mail leaves then all the same',
    (time) => {
      const { explanation } = feasibility({ ...campaign, launchAt: at(time) });
      expect(explanation).toMatch(
        / The launch is outside sending hours \(08:00 to 18:00 on working days\): nothing waits for them, the first emails leave then\.$/,
      );
    },
  );

  it.each(['2026-09-17T08:00', '2026-09-17T17:59'])('says nothing more of a launch at %s', (time) => {
    expect(feasibility({ ...campaign, launchAt: at(time) }).explanation).not.toContain('outside sending hours');
  });

  it('jumps over Christmas', () => {
    const christmas = { ...campaign, launchAt: at('2026-12-24T16:00'), cutoff: at('2026-12-30T12:00') };
    expect(local(feasibility(christmas).finishesAt)).toBe('2026-12-29T11:06');
  });

  it('is too late when the last message would leave at midday itself', () => {
    const exact = { ...campaign, messages: 24_000, retryShare: 0, launchAt: at('2026-09-18T08:00') };
    expect(local(feasibility(exact).finishesAt)).toBe('2026-09-18T12:00');
    expect(feasibility(exact).fits).toBe(false);
    expect(feasibility(exact).explanation).toContain('too late for the cutoff');
    expect(feasibility({ ...exact, messages: 23_999 }).fits).toBe(true);
  });

  it('never fits when launched after the cutoff', () => {
    expect(feasibility({ ...campaign, messages: 1, launchAt: at('2026-09-18T12:00') }).fits).toBe(false);
  });

  it('says so when a send takes more than a year', () => {
    const endless = feasibility({ ...campaign, messages: 10_000_000, ratePerMinute: 1 });
    expect(endless).toMatchObject({ fits: false, finishesAt: undefined, latestSafeLaunch: undefined });
    expect(endless.explanation).toContain('take more than a year');
  });

  it('fits from the latest safe launch and not one minute of sending time later', () => {
    const minute = fc.integer({ min: 0, max: 60 * 24 * 300 });
    const input = fc.record({
      messages: fc.integer({ min: 0, max: 60_000 }),
      ratePerMinute: fc.integer({ min: 1, max: 2_000 }),
      dayBudget: fc.option(fc.integer({ min: 2_000, max: 100_000 }), { nil: undefined }),
      retryShare: fc.constantFrom(0, 0.02, 0.5),
      cutoff: minute.map((m) => new Date(Date.UTC(2027, 5, 1) + m * 60_000)),
    });
    fc.assert(
      fc.property(input, ({ dayBudget, ...rest }) => {
        const whole = { ...campaign, ...rest, ...(dayBudget === undefined ? {} : { dayBudget }) };
        const latest = feasibility(whole).latestSafeLaunch;
        fc.pre(latest !== undefined);
        expect(feasibility({ ...whole, launchAt: latest }).fits).toBe(true);
        const later = new Date(latest.getTime() + 60_000);
        expect(feasibility({ ...whole, launchAt: later }).fits).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});
