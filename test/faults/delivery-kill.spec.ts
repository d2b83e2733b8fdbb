import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { SystemClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

const MESSAGES = 5_000;
const KILLS = 20;
/** Two slices at once in a process, each with at most two batches of as many messages as the transport takes. */
const IN_FLIGHT = 2 * 2 * 40;
const WORKER = join(import.meta.dirname, '..', 'support', 'delivery-worker.mjs');

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
let scheduler: DeliveryApp;
const workers = new Set<ChildProcess>();

beforeAll(async () => {
  database = await testDatabase();
  sink = await SmtpSink.start();
  scheduler = await DeliveryApp.start({
    server: database.server,
    smtpUrl: sink.url,
    queuePrefix: 'faults',
    clock: new SystemClock(),
    config: { roles: ['scheduler'] },
  });
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await scheduler[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function startWorker(): Promise<ChildProcess> {
  const settings = { connectionString: database.connectionString, smtpUrl: sink.url, queuePrefix: 'faults' };
  const worker = spawn(process.execPath, [WORKER, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  workers.add(worker);
  worker.once('exit', () => workers.delete(worker));
  await once(worker.stdout, 'data');
  return worker;
}

/** As if the time of its leases had passed. */
async function letLeasesRunOut(worker: ChildProcess): Promise<void> {
  await sql`update slice set lease_until = clock_timestamp() - interval '1 second'
    where leased_by like ${`%:${worker.pid}:%`}`.execute(database.db);
}

it(`loses and doubles nothing when workers are killed at ${KILLS} random moments`, async () => {
  sink.takeTime(20);
  const { campaignId } = await scheduler.plan(MESSAGES);
  const open = async () => {
    const { states } = await scheduler.ledger.progress({ campaignId });
    return states.queued + states.sending + states.deferred + states.planned;
  };
  const ticking = setInterval(() => void scheduler.reconciler.tick(), 100);
  let kills = 0;
  let survivor = await startWorker();
  while (kills < KILLS && (await open()) > 0) {
    const next = startWorker();
    const seen = sink.messages.length;
    while (sink.messages.length === seen && (await open()) > 0) await delay(10);
    await delay(Math.random() * 200);
    survivor.kill('SIGKILL');
    await once(survivor, 'exit');
    await letLeasesRunOut(survivor);
    kills += 1;
    survivor = await next;
  }
  sink.takeTime(0);
  while ((await open()) > 0) await delay(100);
  clearInterval(ticking);
  const { states } = await scheduler.ledger.progress({ campaignId });

  // A worker that was killed is not counted twice: what it had on the wire is unknown, once.
  expect(states.accepted + states.unknown).toBe(MESSAGES);
  expect(states.unknown).toBeLessThanOrEqual(kills * IN_FLIGHT);
  expect(sink.messages).toHaveLength(sink.copies().size);
  const rows = await database.db.selectFrom('delivery').select(['message_id', 'state']).execute();
  const copies = sink.copies();
  const lost = rows.filter(({ message_id, state }) => state === 'accepted' && !copies.has(message_id));
  expect(lost).toEqual([]);
  expect(await scheduler.ledger.faults()).toEqual([]);
  expect(kills).toBeGreaterThan(0);
}, 600_000);
