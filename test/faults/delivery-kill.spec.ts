import { type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { SystemClock } from '../../src/shared/clock.js';
import { disagreements } from '../support/delivery-agreement.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { WorkerProcesses } from '../support/worker-processes.js';

/**
 * Enough for the last worker to be killed: each leaves up to 400 in doubt, as its flight record is lost with its own
 * data folder, and has sent a hundred. Of 5,000 the twenty left 200 on average, sometimes none: then the test failed.
 */
const MESSAGES = 10_000;
const KILLS = 20;
/** A worker is killed when so many messages of it have arrived, at the latest. */
const MOST_SENT = 100;
/**
 * Two slices at once in a process, each with at most two windows of 100 intents, and one
 * more whose acceptance had no time to be written down: such an acknowledgement is lost with the process.
 */
const IN_FLIGHT = 2 * 3 * 100;
/** Booting is what takes long here: so many workers are loaded ahead. */
const SPARE = 3;

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
let scheduler: DeliveryApp;
let ticking: NodeJS.Timeout;
let workers: WorkerProcesses;
/** A file with a key for DKIM. */
let key: string;
const spare: Promise<ChildProcess>[] = [];

beforeAll(async () => {
  key = join(await mkdtemp(join(tmpdir(), 'cqrs-comms-key-')), 'key.pem');
  await writeFile(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  database = await testDatabase();
  sink = await SmtpSink.start();
  workers = new WorkerProcesses(database, { smtpUrl: sink.url, queuePrefix: 'faults' });
  for (let i = 0; i < SPARE; i += 1) spare.push(workers.load());
  scheduler = await DeliveryApp.start({
    server: database.server,
    smtpUrl: sink.url,
    queuePrefix: 'faults',
    clock: new SystemClock(),
    config: { roles: ['scheduler'] },
  });
  ticking = setInterval(() => void scheduler.reconciler.tick(), 50);
});
afterAll(async () => {
  clearInterval(ticking);
  await workers[Symbol.asyncDispose]();
  await scheduler[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(dirname(key), { recursive: true });
});

/** A worker at work. `ahead`: another is loaded meanwhile. */
async function startWorker(ahead: boolean): Promise<ChildProcess> {
  const worker = await (spare.shift() ?? workers.load());
  if (ahead) spare.push(workers.load());
  workers.begin(worker);
  return worker;
}

const arrived = async (count: number) => {
  const deadline = performance.now() + 60_000;
  while (sink.messages.length < count) {
    if (performance.now() > deadline) throw new Error(`Only ${sink.messages.length} of ${count} messages arrived`);
    await delay(5);
  }
};

const sendingNow = async () => {
  const rows = await database.db.selectFrom('delivery').select('ordinal').where('state', '=', 'sending').execute();
  return rows.length;
};

/** As if the time of the leases of those who are gone had passed. */
async function letLeasesRunOut(): Promise<void> {
  await sql`update slice set lease_until = clock_timestamp() - interval '1 second' where leased_by is not null`.execute(
    database.db,
  );
}

it(`loses and doubles nothing when workers are killed at ${KILLS} random moments`, async () => {
  sink.takeTime(10);
  const { campaignId } = await scheduler.plan(MESSAGES);
  let inFlight = 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    // So many are loaded that one is left, who survives.
    const worker = await startWorker(kill < KILLS - 1);
    const target = sink.messages.length + 1 + Math.floor(Math.random() * MOST_SENT);
    // Now and then whatever it is doing, before it has sent anything too.
    await Promise.race([arrived(target), ...(kill % 4 === 0 ? [delay(Math.random() * 1_000)] : [])]);
    await workers.end(worker, 'SIGKILL');
    const lost = await sendingNow();
    expect(lost).toBeLessThanOrEqual(IN_FLIGHT);
    inFlight += lost;
    await letLeasesRunOut();
    await scheduler.until(async () => (await sendingNow()) === 0, campaignId, 60);
  }
  sink.takeTime(0);
  const survivor = await startWorker(false);
  const open = async () => {
    const { planned, terminal, states } = await scheduler.ledger.progress({ campaignId });
    return planned - terminal - states.unknown;
  };
  await scheduler.until(async () => (await open()) === 0, campaignId, 120);
  await workers.end(survivor, 'SIGTERM');

  const { states } = await scheduler.ledger.progress({ campaignId });
  expect(states.accepted + states.unknown).toBe(MESSAGES);
  expect(states.unknown).toBe(inFlight);
  expect(await disagreements(database.db, sink)).toEqual([]);
  expect(await scheduler.ledger.faults()).toEqual([]);
}, 600_000);

it.each([
  ['a worker', false],
  ['a worker that signs', true],
])(
  'ends %s within seconds of SIGTERM, with nothing in doubt and no lease left',
  async (_title, signs) => {
    const before = sink.messages.length;
    const smtpUrl =
      sink.url + (signs ? `?dkimDomain=example.test&dkimSelector=s1&dkimKey=${encodeURIComponent(key)}` : '');
    await using workers = new WorkerProcesses(database, { smtpUrl, queuePrefix: 'faults' });
    sink.takeTime(50);
    const { campaignId } = await scheduler.plan(1_000);
    const worker = await workers.start();
    await arrived(before + 30 + Math.floor(Math.random() * 100));
    const asked = performance.now();
    await workers.end(worker, 'SIGTERM');
    // What is on the wire takes 50 ms; the limit leaves room for a busy machine, and is far below any time-out.
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await sendingNow()).toBe(0);
    const leases = await database.db.selectFrom('slice').select('id').where('leased_by', 'is not', null).execute();
    expect(leases).toEqual([]);

    sink.takeTime(0);
    const next = await workers.start();
    await scheduler.untilFinished({ campaignId }, 120);
    await workers.end(next, 'SIGTERM');
    expect((await scheduler.ledger.progress({ campaignId })).states).toMatchObject({ accepted: 1_000, unknown: 0 });
    expect(await disagreements(database.db, sink)).toEqual([]);
  },
  300_000,
);
