import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { AuditTrail } from '../../src/access/index.js';
import { CampaignService } from '../../src/campaigns/index.js';
import { type CampaignTables } from '../../src/campaigns/campaign.tables.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { Ledger } from '../../src/delivery/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { SmtpSink } from '../support/smtp-sink.js';

const MONDAY = new Date('2026-09-07T09:00:00+01:00');
const CAMPAIGNS = 6;
const author = colleague('author');

let database: TestDatabase<CampaignTables & DeliveryTables>;
let test: TestApp;
let sink: SmtpSink;
let dataDir: string;
const processes: ChildProcess[] = [];

jest.setTimeout(300_000);

beforeAll(async () => {
  database = await testDatabase();
  sink = await SmtpSink.start();
  dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-schedulers-'));
  test = await TestApp.start({ server: database.server, clock: new FixedClock(MONDAY) });
  await test.importSmallDirectory();
});
afterAll(async () => {
  await killAll(processes.filter(lives));
  await test[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
  await database[Symbol.asyncDispose]();
});

function lives({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function killAll(victims: readonly ChildProcess[]): Promise<void> {
  const exits = victims.map((victim) => once(victim, 'exit'));
  for (const victim of victims) victim.kill('SIGKILL');
  await Promise.all(exits);
}

interface Due {
  readonly id: string;
  /** As approved. */
  readonly recipients: number;
}

/** Campaigns that are due at once, all of them approved and scheduled. */
const dueCampaigns = async (name: string): Promise<Due[]> => {
  const service = test.app.get(CampaignService);
  const times = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' };
  const window = { name, ...times, signInChange: '2026-09-23T08:00' };
  const { id: windowId } = await test.app.get(DeadlinesService).createWindow(window, author.id);
  const due: Due[] = [];
  for (let i = 1; i <= CAMPAIGNS; i += 1) {
    const { id } = await service.create({ name: `${name} ${i}`, kind: 'sign-in-notice', windowId }, author);
    const { hash, summary } = await service.plan(id);
    await service.submit(id, author);
    await service.approve(id, hash, colleague('approver'));
    await service.schedule(id, colleague('operator'));
    due.push({ id, recipients: summary.recipients });
  }
  return due;
};
const sleeps = async (): Promise<boolean> => {
  const { rows } = await sql<{ sleeping: boolean }>`select exists (
    select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()
  ) as sleeping`.execute(database.db);
  return rows[0]!.sleeping;
};
/** Each statement that writes messages, until the trigger is dropped. */
const writingTakes = async (seconds: number): Promise<void> => {
  await sql`create or replace function nap() returns trigger language plpgsql as
    ${sql.lit(`begin perform pg_sleep(${seconds}); return null; end`)}`.execute(database.db);
  await sql`create trigger nap after insert on message for each statement execute function nap()`.execute(database.db);
};
const untilItSleeps = async (): Promise<void> => {
  const deadline = performance.now() + 60_000;
  while (!(await sleeps())) {
    if (performance.now() > deadline) throw new Error('The scheduler planned nothing in a minute');
    await delay(20);
  }
};
/** A process of the build that ticks and works by itself. */
const startProcess = async (role: 'scheduler' | 'worker'): Promise<ChildProcess> => {
  const url = new URL(database.connectionString);
  // As the service sets it where nobody else does, but sooner.
  url.searchParams.set('options', '-c idle_in_transaction_session_timeout=3s');
  const started = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'dist', 'main.js')], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      ROLES: role,
      TRIAL_MODE: 'off',
      PORT: '0',
      DATABASE_URL: url.toString(),
      SMTP_URL: sink.url,
      DATA_DIR: dataDir,
      SECRET: 'a secret of the tests, forty characters!',
      CLOCK: MONDAY.toISOString(),
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  processes.push(started);
  let told = '';
  started.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  while (!told.includes(`cqrs-comms (${role})`)) await once(started.stderr, 'data');
  return started;
};
const schedulers: ChildProcess[] = [];
/** So many that live, and no more: one that an earlier test left is as good, and takes no five seconds to start. */
const liveSchedulers = async (count: number): Promise<ChildProcess[]> => {
  const living = schedulers.splice(0).filter(lives);
  await killAll(living.splice(count));
  const started = Array.from({ length: count - living.length }, () => startProcess('scheduler'));
  schedulers.push(...living, ...(await Promise.all(started)));
  return [...schedulers];
};
const untilDispatched = async (due: readonly Due[]): Promise<void> => {
  for (let round = 0; round < 2_400; round += 1) {
    const steps = await Promise.all(due.map(({ id }) => test.app.get(CampaignService).steps(id)));
    if (steps.flat().every(({ state }) => state === 'dispatched')) return;
    await delay(100);
  }
  throw new Error('The steps were not dispatched in four minutes');
};
const expectOnce = async (due: readonly Due[]): Promise<void> => {
  for (const { id, recipients } of due) {
    const entries = await test.app.get(AuditTrail).entries({ subject: `campaign:${id}`, limit: 100 });
    expect(entries.filter(({ action }) => action === 'campaign.step-dispatched')).toHaveLength(1);
    const dispatches = await test.app.get(Ledger).dispatches(id);
    expect(dispatches.map(({ planned }) => planned)).toEqual([recipients]);
  }
  expect(await test.app.get(AuditTrail).verify()).toMatchObject({ ok: true });
};

it('dispatches each step once while two schedulers live', async () => {
  const due = await dueCampaigns('Two');
  const both = await liveSchedulers(2);
  await untilDispatched(due);
  expect(both.map(({ exitCode }) => exitCode)).toEqual([null, null]);
  await expectOnce(due);
});

it('dispatches each step once when one of two schedulers is killed in the middle', async () => {
  const [first] = await liveSchedulers(2);
  const due = await dueCampaigns('Killed');
  await untilDispatched(due.slice(0, 1));
  await killAll([first!]);
  await untilDispatched(due);
  await expectOnce(due);
});

it('plans each dispatch once when the scheduler is killed while it writes one', async () => {
  const scheduler = await liveSchedulers(1);
  await writingTakes(3);
  const due = await dueCampaigns('Half-written');
  await untilItSleeps();
  await killAll(scheduler);
  // Waits for the statement that the dead scheduler's session is still in.
  await sql`drop trigger nap on message`.execute(database.db);
  await liveSchedulers(1);
  await untilDispatched(due);
  await expectOnce(due);
});

it('leaves no step to a scheduler that freezes while it writes one, and goes on with it when it comes back', async () => {
  const [frozen] = await liveSchedulers(1);
  await writingTakes(3);
  const due = await dueCampaigns('Frozen');
  await untilItSleeps();
  frozen!.kill('SIGSTOP');
  await sql`create or replace function nap() returns trigger language plpgsql as 'begin return null; end'`.execute(
    database.db,
  );
  const other = await startProcess('scheduler');
  await untilDispatched(due);
  await expectOnce(due);
  await killAll([other]);
  frozen!.kill('SIGCONT');
  const next = await dueCampaigns('Thawed');
  await untilDispatched(next);
  await expectOnce([...due, ...next]);
  await sql`drop trigger nap on message`.execute(database.db);
});

it('loses and doubles nothing when the scheduler and one of two workers are killed at once while they send', async () => {
  sink.takeTime(300);
  const [[scheduler], worker, , due] = await Promise.all([
    liveSchedulers(1),
    startProcess('worker'),
    startProcess('worker'),
    dueCampaigns('Decimated'),
  ]);
  const ours = due.map(({ id }) => id);
  const deadline = performance.now() + 240_000;
  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`It did not come to pass: ${condition.toString()}`);
      await delay(20);
    }
  };
  await until(() => sink.messages.length > 100);
  await killAll([scheduler!, worker]);
  sink.takeTime(0);
  await liveSchedulers(1);
  const leasesAreOver = sql`update slice set lease_until = clock_timestamp() - interval '1 second'
    where leased_by like ${`%:${worker.pid}:%`}`;
  await leasesAreOver.execute(database.db);
  const ledger = test.app.get(Ledger);
  const decided = async () => {
    const all = await Promise.all(ours.map((campaignId) => ledger.progress({ campaignId })));
    return all.every(({ planned, terminal, states }) => planned > 0 && planned === terminal + states.unknown);
  };
  await until(decided);
  const rows = await database.db
    .selectFrom('delivery')
    .innerJoin('dispatch', 'dispatch.id', 'delivery.dispatch_id')
    .select(['delivery.message_id as id', 'delivery.state'])
    .where('dispatch.campaign_id', 'in', ours)
    .execute();
  const copies = sink.copies();
  const wrong = rows.filter(({ id, state }) => {
    const arrived = copies.get(id) ?? 0;
    return state === 'accepted' ? arrived !== 1 : state === 'unknown' ? arrived > 1 : arrived !== 0;
  });
  expect(wrong).toEqual([]);
  // Of two slices at once, two windows each.
  expect(rows.filter(({ state }) => state === 'unknown').length).toBeLessThanOrEqual(2 * 2 * 100);
  expect([...copies.values()].filter((times) => times !== 1)).toEqual([]);
  expect(await ledger.faults()).toEqual([]);
});
