import { sql } from 'kysely';
import { CampaignService } from '../../src/campaigns/index.js';
import { type CampaignTables } from '../../src/campaigns/campaign.tables.js';
import { COPIED, LEFT_BEHIND, openScratch } from '../../src/commands/simulation.scratch.js';
import { simulate } from '../../src/commands/simulation.js';
import { type SimulationReport, simulationLines } from '../../src/commands/simulation.report.js';
import { isWithinShare, type ScenarioChoice } from '../../src/commands/simulation.scenario.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { CaptureInbox } from '../../src/delivery/index.js';
import { CONFIG, type Config } from '../../src/platform/config/index.js';
import { SegmentRepository } from '../../src/segments/segment.repository.js';
import { FixedClock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const at = (time: string): Date => LondonTime.parse(time).toInstant();
const START = at('2026-09-05T03:00');
const quiet = { log: () => undefined, warn: () => undefined, error: () => undefined };

let database: TestDatabase<CampaignTables>;
let test: TestApp;
let windowId: string;

beforeAll(async () => {
  database = await testDatabase();
  test = await TestApp.start({ server: database.server, clock: new FixedClock(START) });
  await test.importSmallDirectory();
  const window = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' };
  const signInChange = '2026-09-23T08:00';
  windowId = (await test.app.get(DeadlinesService).createWindow({ name: 'September', ...window, signInChange }, 'x'))
    .id;
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const simulated = async (
  choice: ScenarioChoice,
  more: Partial<Config> = {},
  now = START,
): Promise<SimulationReport> => {
  const held: (() => Promise<void>)[] = [];
  try {
    const window = await test.app.get(DeadlinesService).window(windowId);
    const config = { ...test.app.get<Config>(CONFIG), ...more };
    return await simulate({ server: database.server, config, window, now, choice, logger: quiet }, (release) =>
      held.push(release),
    );
  } finally {
    for (const release of held.reverse()) await release();
  }
};
const scratchDatabases = async (): Promise<number> => {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from pg_database where datname like 'cqrs_comms_simulation_%'`.execute(database.db);
  return rows[0]!.count;
};
const accepted = ({ calendar }: SimulationReport, kind: string) =>
  calendar.filter((entry) => entry.kind === kind && entry.what === 'accepted');

describe('a simulation', () => {
  it('runs the standard campaigns of a window that has none, and leaves nothing behind', async () => {
    const read = jest.spyOn(SegmentRepository.prototype, 'everybody');
    const report = await simulated({});
    // Everybody is read and classified once, however often the campaigns are planned, approved and launched.
    expect(read).toHaveBeenCalledTimes(1);
    read.mockRestore();
    expect(report.notes).toEqual([
      'The window has no campaign that is approved: the standard ones were drafted and approved',
      expect.stringMatching(/practices of which no feed has said anything count as not declared$/),
    ]);
    // A Saturday night: the first sending hour is Monday at eight.
    expect(accepted(report, 'sign-in-notice')).toMatchObject([{ day: '2026-09-07', time: '08:00' }]);
    expect(report.reminders.map(({ dueAt, workDone }) => [dueAt, workDone])).toEqual([
      ['2026-09-11T09:00', expect.any(Number)],
      ['2026-09-16T09:00', expect.any(Number)],
      ['2026-09-17T09:00', expect.any(Number)],
      ['2026-09-18T08:00', expect.any(Number)],
    ]);
    expect(new Set(report.reminders.map(({ sent }) => sent)).size).toBe(1);
    expect(report.missed.practices).toBe(report.missed.waitingForPractice);
    expect(accepted(report, 'after-cutoff')).toMatchObject([{ day: '2026-09-18', time: '13:00' }]);
    expect(accepted(report, 'guidance-follow-up')).toMatchObject([{ day: '2026-09-23', time: '08:00' }]);
    expect(simulationLines(report).join('\n')).toContain('── Friday 18 September 2026 ──');

    expect(await scratchDatabases()).toBe(0);
    expect(await test.app.get(CampaignService).list({ limit: 10 })).toEqual([]);
    expect(await test.app.get(CaptureInbox).count()).toBe(0);
    const { rows } = await sql`select from declaration`.execute(database.db);
    expect(rows).toEqual([]);
  });

  it('lets always the same organisations act, and reminds them no more', async () => {
    const report = await simulated({ scenario: 'most-act' });
    const practices = await test.app.get(DeadlinesService).practicesWithoutStatus(windowId);
    const idle = practices.filter((code) => !isWithinShare(code, 0.6));
    expect(report.missed.organisations.map(({ code }) => code)).toEqual(idle);
    expect(report.reminders.map(({ workDone }) => workDone > report.reminders[0]!.workDone)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it('shows what a mail server that is down on the day, refuses or defers makes of it', async () => {
    const report = await simulated({
      scenario: 'smtp-down',
      smtpDown: '2026-09-18T07:00/2026-09-18T12:30',
      refusedShare: 0.1,
      deferredShare: 0.2,
    });
    const last = report.reminders.at(-1)!;
    expect(last).toMatchObject({ sent: 0 });
    expect(last.expired).toBeGreaterThan(0);
    expect(report.calendar.filter(({ what }) => what === 'expired')).toMatchObject([
      { day: '2026-09-18', time: '12:00' },
    ]);
    expect(report.messages['failed']).toBeGreaterThan(0);
    expect(new Set(accepted(report, 'sign-in-notice').map(({ time }) => time)).size).toBeGreaterThan(1);
  });

  it('lets a slow server take its time in the calendar', async () => {
    const report = await simulated({}, { mailRatePerMinute: 2 });
    const perHour = new Map<string, number>();
    for (const { day, time, what, messages } of report.calendar) {
      if (day === '2026-09-07' && what === 'accepted') perHour.set(time, (perHour.get(time) ?? 0) + messages);
    }
    // Two messages a minute are 120 an hour, without a gap until all are out.
    const hours = [...perHour.values()];
    expect(hours.length).toBeGreaterThan(2);
    expect(hours.slice(0, -1)).toEqual(hours.slice(1).map(() => 120));
    expect(hours.at(-1)).toBeLessThanOrEqual(120);
  });

  it('plays a window that is over again from the day it was made', async () => {
    const report = await simulated({}, {}, at('2026-11-01T10:00'));
    expect(report.from).toBe('2026-09-05T03:00');
    expect(accepted(report, 'sign-in-notice')).toHaveLength(1);
  });
});

describe('the scratch database', () => {
  it('copies or leaves behind, by name, every table that there is', async () => {
    const { rows } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public' order by 1`.execute(database.db);
    const undecided = rows.filter(({ name }) => !COPIED.includes(name) && !LEFT_BEHIND.some((one) => one.test(name)));
    expect(undecided).toEqual([]);
  });

  it('is dropped when the copy fails half-way', async () => {
    const held: (() => Promise<void>)[] = [];
    await expect(openScratch(database.server, 'no uuid', 'kept', (one) => held.push(one))).rejects.toThrow();
    expect(await scratchDatabases()).toBe(1);
    for (const release of held.reverse()) await release();
    expect(await scratchDatabases()).toBe(0);
  });
});
