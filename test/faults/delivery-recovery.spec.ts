import { type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { sql } from 'kysely';
import { CrashRecovery } from '../../src/delivery/crash.recovery.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { FlightRecorder, type LeftRecord } from '../../src/delivery/flight.recorder.js';
import { SliceRepository } from '../../src/delivery/slice.repository.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { SystemClock } from '../../src/shared/clock.js';
import { disagreements } from '../support/delivery-agreement.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { WorkerProcesses } from '../support/worker-processes.js';

/** Workers that are killed, and start again on the same machine: there they find what the last one noted. */
const MESSAGES = 2_000;
const KILLS = 5;
const CONNECTIONS = 10;
/** Of each connection the message whose answer is awaited, and one before it whose answer was just being noted. */
const IN_DOUBT = 2 * CONNECTIONS;

jest.setTimeout(240_000);

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
let scheduler: DeliveryApp;
let workers: WorkerProcesses;
let dataDir: string;

beforeEach(async () => {
  database = await testDatabase();
  sink = await SmtpSink.start();
  dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-recovery-'));
  const smtpUrl = `${sink.url}?connections=${CONNECTIONS}`;
  workers = new WorkerProcesses(database, { smtpUrl, queuePrefix: 'recovery', dataDir });
  scheduler = await DeliveryApp.start({
    ...{ server: database.server, smtpUrl, queuePrefix: 'recovery', clock: new SystemClock() },
    config: { roles: ['scheduler'], dataDir },
  });
});
afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await scheduler[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

const statesOf = async (campaignId: string) => (await scheduler.ledger.progress({ campaignId })).states;

/** Until every message is accepted or in doubt, no more than `mostInDoubt` of them the latter. */
const untilDecided = (campaignId: string, messages: number, mostInDoubt = Infinity) =>
  scheduler.until(
    async () => {
      const { accepted, unknown } = await statesOf(campaignId);
      return accepted + unknown === messages && unknown <= mostInDoubt;
    },
    campaignId,
    60,
  );

async function expectSound(): Promise<void> {
  expect(await disagreements(database.db, sink)).toEqual([]);
  expect(await scheduler.ledger.faults()).toEqual([]);
}

/** By those who have ended: a lease of a minute, as the service has it, is over in no test of this file. */
const leases = async () => {
  const { rows } = await sql<{ worker: string }>`select distinct leased_by as worker from slice
    where leased_by is not null`.execute(database.db);
  return rows.map(({ worker }) => Number(worker.split(':')[1]));
};

const records = async () =>
  (await readdir(join(dataDir, 'flights'), { recursive: true })).filter((name) => /\.\d+$/.test(name));

it(`leaves no more in doubt than was on its connections, when it is killed ${KILLS} times and starts again`, async () => {
  sink.takeTime(10);
  const { campaignId } = await scheduler.plan(MESSAGES);
  let unknown = 0;
  // Loading the build is what takes long: the next one is loaded meanwhile.
  let next = workers.load();
  const started = async (): Promise<ChildProcess> => {
    const worker = await next;
    next = workers.load();
    workers.begin(worker);
    return worker;
  };
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const worker = await started();
    const { pid } = worker;
    // What the last one left is settled before anything else happens.
    await scheduler.until(async () => (await leases()).every((other) => other === pid), campaignId, 30);
    const doubted = (await statesOf(campaignId)).unknown;
    expect(doubted - unknown).toBeLessThanOrEqual(IN_DOUBT);
    unknown = doubted;
    const target = sink.messages.length + 1 + Math.floor(Math.random() * 250);
    await scheduler.until(() => sink.messages.length >= target, campaignId, 60);
    await workers.end(worker, 'SIGKILL');
  }
  sink.takeTime(0);
  const survivor = await started();
  await untilDecided(campaignId, MESSAGES);
  await next;
  await workers.end(survivor, 'SIGTERM');
  expect((await statesOf(campaignId)).unknown - unknown).toBeLessThanOrEqual(IN_DOUBT);
  await expectSound();
  expect(await readdir(join(dataDir, 'flights'))).toEqual([]);
});

it('settles what became doubtful meanwhile, as the lease ran out before it started again', async () => {
  sink.takeTime(20);
  const { campaignId } = await scheduler.plan(600);
  const killed = await workers.start();
  await scheduler.until(() => sink.messages.length > 50, campaignId, 60);
  await workers.end(killed, 'SIGKILL');
  await sql`update slice set lease_until = clock_timestamp() - interval '1 second' where leased_by is not null`.execute(
    database.db,
  );
  await scheduler.until(async () => (await leases()).length === 0, campaignId, 30);
  expect((await statesOf(campaignId)).unknown).toBeGreaterThan(IN_DOUBT);
  sink.takeTime(0);
  await workers.start();
  await untilDecided(campaignId, 600, IN_DOUBT);
  await expectSound();
});

it('settles it while others go on there, and nobody starts again', async () => {
  sink.takeTime(20);
  const { campaignId } = await scheduler.plan(MESSAGES);
  const [killed] = await Promise.all([workers.start(), workers.start()]);
  // Two slices each: whoever is killed before its first intent leaves nothing to settle by.
  await scheduler.until(async () => sink.messages.length > 0 && (await records()).length === 4, campaignId, 60);
  await workers.end(killed, 'SIGKILL');
  // Sooner than its leases run out.
  await scheduler.until(async () => !(await leases()).includes(killed.pid!), campaignId, 40);
  expect((await statesOf(campaignId)).unknown).toBeLessThanOrEqual(IN_DOUBT);
  sink.takeTime(0);
  await untilDecided(campaignId, MESSAGES);
  await expectSound();
});

it('leaves alone what is of a process that only stands still', async () => {
  sink.takeTime(50);
  // A slice for whoever comes after it: it has two at once.
  const { campaignId } = await scheduler.plan(1_200);
  const frozen = await workers.start();
  await scheduler.until(() => sink.messages.length > 50, campaignId, 60);
  frozen.kill('SIGSTOP');
  const before = await records();
  expect(before).toHaveLength(2);
  await workers.start();
  await scheduler.until(async () => (await records()).length > before.length, campaignId, 30);
  await scheduler.until(async () => (await records()).length === before.length, campaignId, 60);
  expect(await records()).toEqual(before);
  const { unknown, sending } = await statesOf(campaignId);
  expect({ unknown, isHeld: sending > 0 }).toEqual({ unknown: 0, isHeld: true });
  sink.takeTime(0);
  frozen.kill('SIGCONT');
  await scheduler.untilFinished({ campaignId }, 60);
  expect(await statesOf(campaignId)).toMatchObject({ accepted: 1_200 });
  expect(await disagreements(database.db, sink)).toEqual([]);
});

it('is done by whoever comes first where two start at once, and the other one has nothing to complain of', async () => {
  sink.takeTime(20);
  const { campaignId } = await scheduler.plan(600);
  const killed = await workers.start();
  await scheduler.until(() => sink.messages.length > 50, campaignId, 60);
  await workers.end(killed, 'SIGKILL');
  const config = { ...loadConfig({ NODE_ENV: 'test', ROLES: 'worker' }), dataDir };
  const slices = new SliceRepository(database.db);
  const another = new FlightRecorder(config, database.server);
  /** Finds records that are gone by the time it looks into them. */
  class Second extends FlightRecorder {
    override async left(): Promise<LeftRecord[]> {
      const found = await super.left();
      expect(found).not.toEqual([]);
      for (const record of await another.left()) another.forget(record);
      return found;
    }
  }
  const complaints = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
  const second = new Second(config, database.server);
  await new CrashRecovery(second, slices, new SystemClock(), config).tick();
  second.forget({ path: join(dataDir, 'flights', 'gone', 'a.1'), sliceId: 'a', epoch: 1 });
  expect(complaints.mock.calls).toEqual([]);
  complaints.mockRestore();
});
