import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AuditTrail } from '../../src/access/index.js';
import { CampaignService } from '../../src/campaigns/index.js';
import { type CampaignTables } from '../../src/campaigns/campaign.tables.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { Ledger } from '../../src/delivery/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const MONDAY = new Date('2026-09-07T09:00:00+01:00');
const CAMPAIGNS = 6;
const author = colleague('author');

let database: TestDatabase<CampaignTables>;
let test: TestApp;
let dataDir: string;
let schedulers: ChildProcess[] = [];

jest.setTimeout(180_000);

beforeAll(async () => {
  database = await testDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-schedulers-'));
  test = await TestApp.start({ server: database.server, clock: new FixedClock(MONDAY) });
  await test.importSmallDirectory();
});
afterEach(async () => {
  const running = schedulers.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  for (const scheduler of running) scheduler.kill('SIGKILL');
  await Promise.all(running.map((scheduler) => once(scheduler, 'exit')));
  schedulers = [];
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
  await database[Symbol.asyncDispose]();
});

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
/** A scheduler of the build, in a process of its own, that ticks by itself. */
const startScheduler = async (): Promise<ChildProcess> => {
  const started = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'dist', 'main.js')], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      ROLES: 'scheduler',
      PORT: '0',
      DATABASE_URL: database.connectionString,
      DATA_DIR: dataDir,
      SECRET: 'a secret of the tests, forty characters!',
      CLOCK: MONDAY.toISOString(),
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  schedulers.push(started);
  let told = '';
  started.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  while (!told.includes('cqrs-comms (scheduler)')) await once(started.stderr, 'data');
  return started;
};
const untilDispatched = async (due: readonly Due[]): Promise<void> => {
  for (let round = 0; round < 1_200; round += 1) {
    const steps = await Promise.all(due.map(({ id }) => test.app.get(CampaignService).steps(id)));
    if (steps.flat().every(({ state }) => state === 'dispatched')) return;
    await delay(100);
  }
  throw new Error('The steps were not dispatched in two minutes');
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
  const both = await Promise.all([startScheduler(), startScheduler()]);
  await untilDispatched(due);
  expect(both.map(({ exitCode }) => exitCode)).toEqual([null, null]);
  await expectOnce(due);
});

it('dispatches each step once when one of two schedulers is killed in the middle', async () => {
  const due = await dueCampaigns('Killed');
  const [first] = await Promise.all([startScheduler(), startScheduler()]);
  first.kill('SIGKILL');
  await untilDispatched(due);
  await expectOnce(due);
});
