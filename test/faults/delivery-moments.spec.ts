import { type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { SystemClock } from '../../src/shared/clock.js';
import { disagreements } from '../support/delivery-agreement.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp } from '../support/delivery-app.js';
import { type Script, type ScriptedServer, scriptedServer } from '../support/scripted-smtp.js';
import { WorkerProcesses } from '../support/worker-processes.js';

/** Workers are killed at a chosen moment each, where `delivery-kill` leaves it to chance. */
const MESSAGES = 400;
/** Two slices at once in a process, each with at most two windows of 100 intents. */
const IN_FLIGHT = 2 * 2 * 100;

jest.setTimeout(240_000);

let database: TestDatabase<DeliveryTables>;
let server: ScriptedServer;
let answer: Script['answer'];
let scheduler: DeliveryApp;
let workers: WorkerProcesses;
/** To be killed; it waits for `begin`. */
let worker: ChildProcess;

const setting = () => ({
  server: database.server,
  smtpUrl: smtpUrl(),
  queuePrefix: 'moments',
  clock: new SystemClock(),
});

beforeEach(async () => {
  answer = undefined;
  database = await testDatabase();
  server = await scriptedServer({ answer: (turn) => answer?.(turn) });
  workers = new WorkerProcesses(database, { smtpUrl: smtpUrl(), queuePrefix: 'moments' });
  // Loading the build is what takes long.
  const loading = workers.load();
  scheduler = await DeliveryApp.start({ ...setting(), config: { roles: ['scheduler'] } });
  worker = await loading;
});
afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await scheduler[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const smtpUrl = () => `smtp://127.0.0.1:${server.port}`;

/** What the server took responsibility for, by the id of the message. */
const taken = () => ({
  copies() {
    const copies = new Map<string, number>();
    for (const raw of server.messages) {
      const id = /^Message-ID: <([^@>]+)@/im.exec(raw)?.[1] ?? '';
      copies.set(id, (copies.get(id) ?? 0) + 1);
    }
    return copies;
  },
});

const sendingNow = async () => {
  const rows = await database.db.selectFrom('delivery').select('ordinal').where('state', '=', 'sending').execute();
  return rows.length;
};

const sleeps = async () => {
  const { rows } = await sql<{ sleeping: boolean }>`select exists (
    select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()
  ) as sleeping`.execute(database.db);
  return rows[0]!.sleeping;
};

/** Another worker does the rest, in this process, once the leases of the one that is gone have run out. */
async function finishAndCompare(campaignId: string): Promise<void> {
  const lost = await sendingNow();
  expect(lost).toBeLessThanOrEqual(IN_FLIGHT);
  await sql`update slice set lease_until = clock_timestamp() - interval '1 second' where leased_by is not null`.execute(
    database.db,
  );
  await using _ = await DeliveryApp.start({ ...setting(), config: { roles: ['worker'] } });
  const decided = async () => {
    const { planned, terminal, states } = await scheduler.ledger.progress({ campaignId });
    return planned === terminal + states.unknown;
  };
  await scheduler.until(decided, campaignId, 120);
  const { states } = await scheduler.ledger.progress({ campaignId });
  expect(states.accepted + states.unknown).toBe(MESSAGES);
  expect(states.unknown).toBe(lost);
  expect(await disagreements(database.db, taken())).toEqual([]);
  expect(await scheduler.ledger.faults()).toEqual([]);
}

describe('a worker that is killed loses and doubles nothing', () => {
  it.each([
    ['when intents are on disk and no byte has left', (command: string) => command.startsWith('EHLO'), 1],
    ['behind an envelope', (command: string) => command.startsWith('MAIL FROM'), 60],
    ['in front of a message', (command: string) => command === 'DATA', 60],
    ['between the final dot and its reply', (command: string) => command === '.', 60],
  ])('%s', async (_, isMoment, nth) => {
    let seen = 0;
    const reached = new Promise<void>((resolve) => {
      answer = ({ command }) => {
        if (!isMoment(command) || ++seen < nth) return undefined;
        if (seen === nth) resolve();
        // Nothing is answered any more until the worker is gone.
        return 'silence';
      };
    });
    const { campaignId } = await scheduler.plan(MESSAGES);
    workers.begin(worker);
    await Promise.race([reached, scheduler.until(() => false, campaignId, 60)]);
    await workers.end(worker, 'SIGKILL');
    answer = undefined;
    await finishAndCompare(campaignId);
  });

  it('right behind the reply to a final dot', async () => {
    const { campaignId } = await scheduler.plan(MESSAGES);
    workers.begin(worker);
    let seen = 0;
    answer = ({ command }) => {
      if (command === '.' && ++seen === 60) setImmediate(() => worker.kill('SIGKILL'));
      return undefined;
    };
    await scheduler.until(() => worker.signalCode !== null, campaignId, 60);
    await workers.end(worker, 'SIGKILL');
    await finishAndCompare(campaignId);
  });

  it.each(['sending', 'accepted'])('while PostgreSQL writes that messages are %s', async (state) => {
    await sql`create function nap() returns trigger language plpgsql as
      'begin perform pg_sleep(1.5); return new; end'`.execute(database.db);
    await sql`create trigger nap before update on delivery for each row
      when (new.state = ${sql.lit(state)} and new.ordinal = 150) execute function nap()`.execute(database.db);
    const { campaignId } = await scheduler.plan(MESSAGES);
    workers.begin(worker);
    await scheduler.until(sleeps, campaignId, 60);
    await workers.end(worker, 'SIGKILL');
    await finishAndCompare(campaignId);
  });

  it('while its campaign is being paused; resumed, the rest leaves once', async () => {
    answer = undefined;
    const { campaignId } = await scheduler.plan(MESSAGES);
    workers.begin(worker);
    await scheduler.until(() => server.messages.length > 50, campaignId, 60);
    const pausing = scheduler.ledger.pause({ campaignId });
    await workers.end(worker, 'SIGKILL');
    await pausing;
    await sql`update slice set lease_until = clock_timestamp() - interval '1 second' where leased_by is not null`.execute(
      database.db,
    );
    await scheduler.until(async () => (await sendingNow()) === 0, campaignId);
    const { states } = await scheduler.ledger.progress({ campaignId });
    const arrived = server.messages.length;
    const idle = await workers.start();
    for (let round = 0; round < 10; round += 1) {
      await scheduler.reconciler.reconcile();
      await delay(100);
    }
    expect(server.messages).toHaveLength(arrived);
    await scheduler.ledger.resume({ campaignId });
    const decided = async () =>
      (await scheduler.ledger.progress({ campaignId })).states.accepted === MESSAGES - states.unknown;
    await scheduler.until(decided, campaignId, 120);
    expect(idle.exitCode).toBeNull();
    expect(states.unknown).toBeLessThanOrEqual(IN_FLIGHT);
    expect(await disagreements(database.db, taken())).toEqual([]);
  });
});
