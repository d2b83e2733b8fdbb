import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { type DeliveryOptions } from '../../src/delivery/delivery.options.js';
import { ReconcilerRepository } from '../../src/delivery/reconciler.repository.js';
import { SliceRepository } from '../../src/delivery/slice.repository.js';
import { connect, type DatabaseServer, migrate, openEmbeddedPostgres } from '../../src/platform/database/index.js';
import { SystemClock } from '../../src/shared/clock.js';
import { disagreements } from '../support/delivery-agreement.js';
import { testDatabase } from '../support/database.js';
import { DeliveryApp, type DeliverySetting } from '../support/delivery-app.js';
import { type Behaviour, SmtpSink } from '../support/smtp-sink.js';
import { tcpRelay } from '../support/tcp-relay.js';

const MESSAGES = 2_000;
/** Two slices at once in a process, each with at most two windows of 100 intents. */
const IN_FLIGHT = 2 * 2 * 100;
const IMPATIENT: Partial<DeliveryOptions> = {
  leaseSeconds: 6,
  leaseMarginSeconds: 1,
  firstClosureSeconds: 0.1,
  longestClosureSeconds: 0.5,
  retry: { attempts: 4, firstDelaySeconds: 0.1, longestDelaySeconds: 0.5, setbacks: 1_000 },
};

let sink: SmtpSink;
beforeEach(async () => {
  sink = await SmtpSink.start();
});
afterEach(async () => {
  await sink[Symbol.asyncDispose]();
});

const start = (setting: Omit<DeliverySetting, 'clock'>) =>
  DeliveryApp.start({ smtpUrl: sink.url, options: IMPATIENT, clock: new SystemClock(), ...setting });

const seen = async (count: number) => {
  const deadline = performance.now() + 90_000;
  while (sink.messages.length < count) {
    if (performance.now() > deadline) throw new Error(`Only ${sink.messages.length} of ${count} messages arrived`);
    await delay(5);
  }
};
const somewhere = () => Math.floor(100 + Math.random() * (MESSAGES - 400));

/** Ticks as the schedule does: a pass that fails, because a server is away, is one pass less. */
async function untilDecided(app: DeliveryApp, campaignId: string): Promise<Record<string, number>> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    await app.reconciler.tick();
    const { states, planned, terminal } = await app.ledger.progress({ campaignId });
    if (planned === terminal + states.unknown) return states;
    if (performance.now() > deadline) throw new Error(`Undecided after two minutes: ${JSON.stringify(states)}`);
    await delay(50);
  }
}

const ticking = (...apps: DeliveryApp[]) => {
  const timers = apps.map((app) => setInterval(() => void app.reconciler.tick(), 50));
  return {
    [Symbol.dispose]() {
      for (const timer of timers) clearInterval(timer);
    },
  };
};

describe('PostgreSQL', () => {
  let dataDir: string;
  let server: DatabaseServer;
  let throughRelay: DatabaseServer;
  let relay: Awaited<ReturnType<typeof tcpRelay>>;
  let db: Kysely<DeliveryTables>;
  let app: DeliveryApp;
  const open = () => openEmbeddedPostgres({ dataDir, database: 'faults' });
  const portOf = ({ connectionString }: DatabaseServer) => Number(new URL(connectionString).port);

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-faults-'));
    server = await open();
    relay = await tcpRelay(portOf(server));
    const url = new URL(server.connectionString);
    url.port = String(relay.port);
    const connectionString = url.toString();
    db = connect(connectionString, 2);
    await migrate(db);
    throughRelay = { connectionString, embedded: false, release: () => Promise.resolve() };
    app = await start({ server: throughRelay });
    // What fails meanwhile is said some times a second.
    Logger.overrideLogger(false);
  });
  afterEach(async () => {
    await app[Symbol.asyncDispose]();
    await db.destroy();
    await relay[Symbol.asyncDispose]();
    await server.release();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function stop(signal: NodeJS.Signals): Promise<void> {
    const pidFile = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8');
    const pid = Number(pidFile.split('\n')[0]);
    process.kill(pid, signal);
    await stopped(pid);
  }

  async function startAgain(): Promise<void> {
    server = await open();
    relay.target = portOf(server);
  }

  async function restartAfter(signal: NodeJS.Signals): Promise<void> {
    await stop(signal);
    await startAgain();
  }

  async function expectAgreement(states: Record<string, number>, mostInDoubt: number): Promise<void> {
    expect(states['accepted']! + states['unknown']!).toBe(MESSAGES);
    expect(states['unknown']).toBeLessThanOrEqual(mostInDoubt);
    expect(await disagreements(db, sink)).toEqual([]);
    expect(await app.ledger.faults()).toEqual([]);
  }

  it.each([
    ['stopped at once (SIGQUIT)', 'SIGQUIT'],
    ['killed (SIGKILL)', 'SIGKILL'],
  ] as const)(
    'may be %s and started again in the middle of a campaign',
    async (_, signal) => {
      sink.takeTime(5);
      const { campaignId } = await app.plan(MESSAGES);
      {
        using _ = ticking(app);
        await seen(somewhere());
        await restartAfter(signal);
      }
      await expectAgreement(await untilDecided(app, campaignId), IN_FLIGHT);
    },
    180_000,
  );

  it('lets a worker stop in seconds while it is gone: what it knows is in its flight record', async () => {
    const flights = await mkdtemp(join(tmpdir(), 'cqrs-comms-stop-'));
    const worker = await start({
      server: throughRelay,
      options: { ...IMPATIENT, leaseSeconds: 60 },
      config: { dataDir: flights },
    });
    sink.takeTime(20);
    await worker.plan(MESSAGES);
    await worker.reconciler.reconcile();
    await seen(200);
    await stop('SIGKILL');
    const asked = performance.now();
    await worker[Symbol.asyncDispose]();
    expect(performance.now() - asked).toBeLessThan(20_000);
    expect((await readdir(flights, { recursive: true })).filter((name) => /\.\d+$/.test(name))).not.toEqual([]);
    await startAgain();
    await rm(flights, { recursive: true });
  }, 120_000);

  it('may be killed before a lease is on disk: whoever had it can do nothing by it, and the slice is sent', async () => {
    // Nothing but a durable commit brings it there.
    await sql`alter system set wal_writer_delay = '10s'`.execute(db);
    await sql`select pg_reload_conf()`.execute(db);
    const slices = new SliceRepository(db);
    const { campaignId } = await app.plan(MESSAGES);
    await new ReconcilerRepository(db).startDue(new Date());
    const [slice] = await db.selectFrom('slice').select('id').execute();
    const lease = await slices.lease(slice!.id, 'first', 60);
    const [message] = await slices.queued(lease!);
    await restartAfter('SIGKILL');

    const leased = await db.selectFrom('slice').select('id').where('leased_by', 'is not', null).execute();
    expect(leased).toEqual([]);
    const intents = [{ ordinal: message!.ordinal, sha256: '0'.repeat(64) }];
    expect(await slices.intend(lease!, intents, 'smtp', new Date(), 60)).toEqual(new Set());
    expect(await slices.release(lease!, new Date())).toBe(false);
    await expectAgreement(await untilDecided(app, campaignId), 0);
  }, 180_000);
});

const redis = process.env['TEST_REDIS_URL'] === undefined ? describe.skip : describe;
redis('Redis', () => {
  /** What the service waits out is the same ten seconds for each: both ways at once take half of the time. */
  const whicheverWay = async (story: (signal: NodeJS.Signals) => Promise<void>): Promise<void> => {
    const ends = await Promise.allSettled(WAYS.map(story));
    expect(ends).toEqual(WAYS.map(() => ({ status: 'fulfilled', value: undefined })));
  };
  /** Gone, and there without an answer. */
  const WAYS = ['SIGKILL', 'SIGSTOP'] as const;

  it('lets a process stop in seconds while it is gone or no longer answers, whoever waits for it', async () => {
    // Those that keep a process alive.
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const timersBefore = timers();
    const servers: ChildProcess[] = [];
    try {
      await whicheverWay(async (signal) => {
        const port = await freePort();
        const server = await startRedis(port);
        servers.push(server);
        await using database = await testDatabase<DeliveryTables>();
        const app = await start({ server: database.server, redisUrl: `redis://127.0.0.1:${port}/0` });
        Logger.overrideLogger(false);
        const { campaignId } = await app.plan(10);
        await app.untilFinished({ campaignId });
        if (signal === 'SIGKILL') await endOf(server);
        else server.kill(signal);
        const round = app.reconciler.tick();
        const asked = performance.now();
        await app[Symbol.asyncDispose]();
        // Half of what an operator's stop allows before it kills (docker stop).
        expect(performance.now() - asked).toBeLessThan(5_000);
        await round;
      });
      const stopped = performance.now();
      while (timers() > timersBefore && performance.now() - stopped < 20_000) await delay(50);
      expect(timers()).toBeLessThanOrEqual(timersBefore);
    } finally {
      await Promise.all(servers.map(endOf));
    }
  }, 60_000);

  it('may be emptied, and killed and started again, in the middle of a campaign', async () => {
    const port = await freePort();
    let server = await startRedis(port);
    await using database = await testDatabase<DeliveryTables>();
    try {
      await using app = await start({ server: database.server, redisUrl: `redis://127.0.0.1:${port}/0` });
      sink.takeTime(5);
      const { campaignId } = await app.plan(MESSAGES);
      {
        using _ = ticking(app);
        await seen(100);
        await flushAll(port);
        await seen(Math.max(sink.messages.length, somewhere()));
        await endOf(server);
        server = await startRedis(port);
        await seen(MESSAGES);
      }
      expect(await untilDecided(app, campaignId)).toMatchObject({ accepted: MESSAGES, unknown: 0 });
      expect(await disagreements(database.db, sink)).toEqual([]);
    } finally {
      await endOf(server);
    }
  }, 180_000);

  it('keeps nobody from what needs no queue while it is gone or no longer answers: metrics, and what is too late', () =>
    whicheverWay(async (signal) => {
      const port = await freePort();
      let server = await startRedis(port);
      await using database = await testDatabase<DeliveryTables>();
      try {
        await using app = await start({ server: database.server, redisUrl: `redis://127.0.0.1:${port}/0` });
        Logger.overrideLogger(false);
        await app.untilFinished({ campaignId: (await app.plan(10)).campaignId });
        expect(await app.metrics.metrics()).toContain('delivery_queue_jobs{queue="delivery"}');
        if (signal === 'SIGKILL') await endOf(server);
        else server.kill(signal);
        const expiresAt = new Date(Date.now() + 500);
        const late = await app.plan(10, { expiresAt });
        const expired = async () => (await app.ledger.progress({ campaignId: late.campaignId })).states.expired;
        for (let round = 0; round < 600 && (await expired()) < 10; round += 1) {
          await app.reconciler.tick();
          await delay(50);
        }
        expect(await expired()).toBe(10);
        const metrics = await app.metrics.metrics();
        expect(metrics).toContain('delivery_messages{');
        expect(metrics).not.toContain('delivery_queue_jobs{');
        // Back, it is used again.
        if (signal === 'SIGKILL') server = await startRedis(port);
        else server.kill('SIGCONT');
        const { campaignId } = await app.plan(10);
        {
          using _ = ticking(app);
          expect(await untilDecided(app, campaignId)).toMatchObject({ accepted: 10 });
        }
        expect(await app.metrics.metrics()).toContain('delivery_queue_jobs{queue="delivery"}');
      } finally {
        server.kill('SIGCONT');
        await endOf(server);
      }
    }));
});

describe('the mail server', () => {
  it('may refuse, throttle, drop, stall and hang up: every message ends as it should', async () => {
    const tries = new Map<string, number>();
    const first = (times: number, behaviour: Behaviour) => (time: number) => (time <= times ? behaviour : 'accept');
    const KINDS: readonly [state: string, (time: number) => Behaviour][] = [
      ['failed', () => ({ rcpt: 550, text: '5.1.1 no such mailbox' })],
      ['failed', () => ({ data: 554, text: '5.6.0 refused' })],
      ['failed', () => ({ rcpt: 452, text: '4.2.2 mailbox full' })],
      ['accepted', first(2, { rcpt: 450, text: '4.2.0 busy' })],
      ['accepted', first(2, { data: 451, text: '4.3.0 local error' })],
      ['accepted', first(1, { rcpt: 421, text: '4.7.0 slow down' })],
      ['unknown', () => 'drop-after-data'],
      ['unknown', () => 'stall'],
    ];
    // Every eightieth of each kind; the rest are taken.
    const kindOf = (person: number) => KINDS[person % 80];
    sink.answer((address) => {
      const time = (tries.get(address) ?? 0) + 1;
      tries.set(address, time);
      return kindOf(Number(/\d+/.exec(address)?.[0]))?.[1](time) ?? 'accept';
    });
    await using database = await testDatabase<DeliveryTables>();
    await using app = await start({ server: database.server, smtpUrl: `${sink.url}?timeout=2` });
    sink.takeTime(2);
    const { campaignId } = await app.plan(800);
    {
      using _ = ticking(app);
      await seen(200);
      await sink.close();
      await delay(200);
      await sink.listen();
    }
    const states = await untilDecided(app, campaignId);
    expect(states['failed']! + states['accepted']! + states['unknown']!).toBe(800);
    expect(await app.ledger.faults()).toEqual([]);
    const rows = await app.ledger.messages({ campaignId, limit: 1_000 });
    const surprises = rows.filter(({ address, state }) => {
      const expected = kindOf(Number(/\d+/.exec(address!)?.[0]))?.[0] ?? 'accepted';
      // Hanging up in the middle of a batch leaves in doubt what waited for its reply.
      return state !== expected && state !== 'unknown';
    });
    expect(states['unknown']).toBeLessThanOrEqual(2 * 10 + IN_FLIGHT);
    expect(surprises.map(({ state, code, reason }) => ({ state, code, reason }))).toEqual([]);
    expect(await disagreements(database.db, sink)).toEqual([]);
  }, 180_000);
});

describe('everything at once', () => {
  it('paused at a random moment, restarted and resumed sends the rest, once', async () => {
    await using database = await testDatabase<DeliveryTables>();
    sink.takeTime(5);
    let campaignId: string;
    {
      await using app = await start({ server: database.server });
      ({ campaignId } = await app.plan(MESSAGES));
      using _ = ticking(app);
      await seen(somewhere());
      await app.ledger.pause({ campaignId });
    }
    const before = sink.messages.length;
    expect(before).toBeLessThan(MESSAGES);
    await using again = await start({ server: database.server });
    expect((await again.ledger.progress({ campaignId })).states).toMatchObject({ accepted: before, sending: 0 });
    await again.ledger.resume({ campaignId });
    expect(await untilDecided(again, campaignId)).toMatchObject({ accepted: MESSAGES });
    expect(await disagreements(database.db, sink)).toEqual([]);
  }, 180_000);

  it('two of each process, with every job doubled, send everything once', async () => {
    await using database = await testDatabase<DeliveryTables>();
    const shared = { server: database.server, queuePrefix: 'twice' };
    await using one = await start(shared);
    await using two = await start(shared);
    sink.takeTime(2);
    const { campaignId } = await one.plan(MESSAGES);
    const slices = await database.db.selectFrom('slice').select('id').execute();
    const jobs = () => slices.map(({ id }) => ({ id: randomUUID(), payload: { sliceId: id } }));
    {
      using _ = ticking(one, two);
      await Promise.all([one.jobs.add('send-slice', jobs()), two.jobs.add('send-slice', jobs())]);
      await seen(MESSAGES / 2);
      await two.jobs.add('send-slice', jobs());
      await seen(MESSAGES);
    }
    expect(await untilDecided(two, campaignId)).toMatchObject({ accepted: MESSAGES });
    expect(await disagreements(database.db, sink)).toEqual([]);
  }, 180_000);
});

async function stopped(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await delay(20);
  }
}

async function startRedis(port: number): Promise<ChildProcess> {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept connections')) break;
  return server;
}

async function endOf(server: ChildProcess): Promise<void> {
  if (server.signalCode !== null) return;
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function flushAll(port: number): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1').setEncoding('latin1');
  socket.write('FLUSHALL\r\n');
  expect(await once(socket, 'data')).toEqual(['+OK\r\n']);
  socket.destroy();
}
