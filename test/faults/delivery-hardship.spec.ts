import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sql } from 'kysely';
import { type DeliveryOptions } from '../../src/delivery/delivery.options.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { CaptureInbox } from '../../src/delivery/index.js';
import { FixedClock, SystemClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { disagreements } from '../support/delivery-agreement.js';
import { addressOf, DeliveryApp, MONDAY } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

/** Two slices at once in a process, each with at most two windows of 100 intents. */
const IN_FLIGHT = 2 * 2 * 100;
const HOUR = 3_600_000;

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
beforeEach(async () => {
  [database, sink] = await Promise.all([testDatabase<DeliveryTables>(), SmtpSink.start()]);
});
afterEach(async () => {
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const decided = (app: DeliveryApp, campaignId: string) => async () => {
  const { planned, terminal, states } = await app.ledger.progress({ campaignId });
  return planned === terminal + states.unknown;
};

/** The database's clock, with an error that the test sets. */
async function withShiftedClock(): Promise<string> {
  await sql`create schema shifted`.execute(database.db);
  await sql`create table shifted.clock (error interval not null)`.execute(database.db);
  await sql`insert into shifted.clock values ('0')`.execute(database.db);
  await sql`create function shifted.clock_timestamp() returns timestamptz language sql volatile
    as 'select pg_catalog.clock_timestamp() + error from shifted.clock'`.execute(database.db);
  const url = new URL(database.connectionString);
  url.searchParams.set('options', '-c search_path=shifted,public,pg_catalog');
  return url.toString();
}
const jump = (error: string) => sql`update shifted.clock set error = ${error}::interval`.execute(database.db);

describe('a clock that jumps', () => {
  it.each([
    ['an hour forward and back', '1 hour'],
    ['an hour back and forward', '-1 hour'],
    ['as NTP corrects it', '2 seconds'],
  ])('under the leases, in the middle of a campaign, doubles and loses nothing: %s', async (_, error) => {
    const connectionString = await withShiftedClock();
    const server = { ...database.server, connectionString };
    await using app = await DeliveryApp.start({ server, smtpUrl: sink.url, clock: new SystemClock() });
    sink.takeTime(5);
    const { campaignId } = await app.plan(1_000);
    for (const [share, by] of [
      [0.2, error],
      [0.5, '0'],
      [0.7, error],
    ] as const) {
      await app.until(() => sink.messages.length > share * 1_000, campaignId, 60);
      await jump(by);
    }
    await app.until(decided(app, campaignId), campaignId, 60);
    const { states } = await app.ledger.progress({ campaignId });
    expect(states.accepted + states.unknown).toBe(1_000);
    expect(states.unknown).toBeLessThanOrEqual(IN_FLIGHT);
    expect(await disagreements(database.db, sink)).toEqual([]);
    expect(await app.ledger.faults()).toEqual([]);
  });

  it('in the service lets nothing leave after its expiry, whichever way it goes then', async () => {
    const clock = new FixedClock(MONDAY);
    await using app = await DeliveryApp.start({ server: database.server, smtpUrl: sink.url, clock });
    sink.takeTime(5);
    const { campaignId } = await app.plan(1_000, { expiresAt: new Date(MONDAY.getTime() + HOUR) });
    await app.until(() => sink.messages.length > 100, campaignId);
    clock.advance(-10 * 60_000);
    await app.until(() => sink.messages.length > 300, campaignId);
    clock.advance(2 * HOUR);
    await app.until(decided(app, campaignId), campaignId, 60);
    const arrived = sink.messages.length;
    clock.advance(-3 * HOUR);
    for (let round = 0; round < 10; round += 1) await app.reconciler.reconcile();
    await delay(300);
    const { states } = await app.ledger.progress({ campaignId });
    expect(states).toMatchObject({ accepted: arrived, expired: 1_000 - arrived });
    expect(sink.messages).toHaveLength(arrived);
    expect(await disagreements(database.db, sink)).toEqual([]);
  });
});

/** Memory in use, without what only waits to be collected. */
function liveMegabytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 1_048_576;
}

// The queue on Redis: its locks go by another clock than the one that jumps here.
const redisUrl = process.env['TEST_REDIS_URL'];
(redisUrl === undefined ? describe.skip : describe)('a mail server that is away for an hour', () => {
  it('is tried about once a minute at no growing cost, and gets little at first when it is back', async () => {
    const MESSAGES = 3_000;
    const server = { ...database.server, connectionString: await withShiftedClock() };
    await using app = await DeliveryApp.start({
      server,
      smtpUrl: sink.url,
      redisUrl: redisUrl!,
      clock: new SystemClock(),
    });
    await sink.close();
    let calls = 0;
    const refusing = createServer((socket) => {
      calls += 1;
      socket.destroy();
    });
    refusing.listen(Number(new URL(sink.url).port), '127.0.0.1').unref();
    await once(refusing, 'listening');
    const { campaignId } = await app.plan(MESSAGES);
    const isClosed = async () => (await app.pace.state()).closedForMs > 0;
    const closedUntil = async () => {
      const { rows } = await sql<{ until: string }>`select max(closed_until)::text as until from pace`.execute(
        database.db,
      );
      return rows[0]!.until;
    };
    const heap: number[] = [];
    await app.until(isClosed, campaignId);
    for (let minute = 2; minute <= 60; minute += 2) {
      if (minute % 20 === 0) heap.push(liveMegabytes());
      const before = await closedUntil();
      await jump(`${minute} minutes`);
      // An attempt of before the jump may end behind it, and be this one.
      await app.until(async () => (await closedUntil()) !== before, campaignId, 30);
    }
    await app.until(isClosed, campaignId);
    // Two slices at once, of which each tries one message by one connection.
    expect(calls).toBeGreaterThan(15);
    expect(calls).toBeLessThanOrEqual(30 * 2 + 10);
    expect(heap.at(-1)! - heap[0]!).toBeLessThan(10);
    expect((await app.ledger.progress({ campaignId })).states).toMatchObject({ accepted: 0, failed: 0, unknown: 0 });
    expect(await app.metrics.metrics()).toMatch(/^delivery_transport_closed{transport="[^"]+"} 1$/m);

    refusing.close();
    await once(refusing, 'close');
    await sink.listen();
    sink.takeTime(20);
    await jump('63 minutes');
    const onWire: number[] = [];
    await app.until(
      async () => {
        const { states } = await app.ledger.progress({ campaignId });
        if (states.sending > 0) onWire.push(states.sending);
        return states.accepted === MESSAGES;
      },
      campaignId,
      120,
    );
    // Two slices at once: a few messages each at first, whole windows later.
    expect(onWire[0]).toBeLessThanOrEqual(2 * 2 * 7);
    expect(Math.max(...onWire)).toBeGreaterThan(100);
    expect(await disagreements(database.db, sink)).toEqual([]);
  }, 240_000);
});

describe('one recipient at whom the server always', () => {
  const hurried: Partial<DeliveryOptions> = {
    firstClosureSeconds: 0.3,
    longestClosureSeconds: 10,
    retry: { attempts: 3, firstDelaySeconds: 0.2, longestDelaySeconds: 1, setbacks: 20 },
  };

  it.each([
    ['hangs up', 'hang-up'],
    ['says 421', { rcpt: 421, text: '4.7.0 come back later' }],
  ] as const)('%s holds up nobody else', async (_, behaviour) => {
    // The first in line.
    sink.answer((address) => (address === addressOf(1) ? behaviour : 'accept'));
    await using app = await DeliveryApp.start({
      ...{ server: database.server, smtpUrl: sink.url, clock: new SystemClock(), options: hurried },
    });
    const { campaignId } = await app.plan(600);
    const others = async () => {
      const { states } = await app.ledger.progress({ campaignId });
      return states.accepted + states.unknown === 599;
    };
    // Were it tried first each time, the transport would rest for ten seconds before every batch.
    await app.until(others, campaignId, 25);
    const rows = await app.ledger.messages({ campaignId, limit: 1_000 });
    expect(rows.filter(({ address, state }) => address === addressOf(1) && state === 'accepted')).toEqual([]);
    expect(await disagreements(database.db, sink)).toEqual([]);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'cqrs-comms-full-'));
const mount = (...options: string[]) => {
  execFileSync('mount', [...options, folder], { stdio: 'pipe' });
};
const mounted = (() => {
  try {
    mount('-t', 'tmpfs', '-o', 'size=100k', 'tmpfs');
    return true;
  } catch {
    process.stderr.write('SKIPPED: to fill a disk these tests need to mount a tmpfs, as root on Linux\n');
    return false;
  }
})();
afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
});

const fullDisk = mounted ? describe : describe.skip;
fullDisk('a full disk', () => {
  it('of the data folder keeps the rest waiting, and loses and doubles nothing', async () => {
    await using app = await DeliveryApp.start({
      server: database.server,
      clock: new SystemClock(),
      config: { dataDir: folder },
      options: { firstClosureSeconds: 0.2, longestClosureSeconds: 0.5 },
    });
    const { campaignId } = await app.plan(400);
    await app.until(async () => (await app.pace.state()).closedReason !== null, campaignId, 30);
    for (let round = 0; round < 20; round += 1) {
      await app.reconciler.reconcile();
      await delay(50);
    }
    const full = (await app.ledger.progress({ campaignId })).states;
    expect(full.accepted).toBeGreaterThan(0);
    expect(full.queued + full.deferred + full.sending).toBeGreaterThan(0);
    expect(full.failed).toBe(0);

    mount('-o', 'remount,size=64m');
    // What was refused is tried again a minute later.
    await sql`update delivery set next_attempt_at = now() where state = 'deferred'`.execute(database.db);
    await sql`update slice set due_at = now() where due_at is not null`.execute(database.db);
    await app.until(decided(app, campaignId), campaignId, 60);
    expect((await app.ledger.progress({ campaignId })).states).toMatchObject({ accepted: 400, unknown: 0 });
    const inbox = new CaptureInbox(join(folder, 'capture'));
    const { items } = await inbox.search({ limit: 500 });
    expect(items).toHaveLength(400);
    expect(new Set(items.map(({ to }) => to)).size).toBe(400);
    await inbox.close();
  });
});
