import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { type CaptureInbox } from '../../src/delivery/capture.inbox.js';
import { DEFAULT_DELIVERY_OPTIONS } from '../../src/delivery/delivery.options.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { mailRoutes } from '../../src/delivery/mail-routes.js';
import { PaceRepository } from '../../src/delivery/pace.repository.js';
import { TransportPace } from '../../src/delivery/transport.pace.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { connect } from '../../src/platform/database/index.js';
import { NoTracing } from '../../src/platform/tracing/index.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

/** The whole of what an operator sets for Exchange Online. */
const config = loadConfig({
  NODE_ENV: 'test',
  SECRET: 'a secret of the tests, forty characters!',
  SMTP_URL: 'smtp://smtp.office365.test:587',
  MAIL_PROFILE: 'exchange-online',
});
const DISPATCH = { dispatchId: 'a', ratePerMinute: null };

let database: TestDatabase<DeliveryTables>;
/** The database's clock as the processes see it: a function of the same name that comes first in the search path. */
let seconds: number;
const processes: { pace: TransportPace; db: Kysely<DeliveryTables> }[] = [];

beforeEach(async () => {
  database = await testDatabase();
  await sql`create schema fixed`.execute(database.db);
  await sql`create table fixed.clock (now timestamptz not null)`.execute(database.db);
  await sql`insert into fixed.clock values ('2026-09-14T08:00:00+01:00')`.execute(database.db);
  await sql`create function fixed.clock_timestamp() returns timestamptz language sql volatile as 'select now from fixed.clock'`.execute(
    database.db,
  );
  seconds = 0;
});
afterEach(async () => {
  for (const { db } of processes.splice(0)) await db.destroy();
  await database[Symbol.asyncDispose]();
});

async function aProcess(): Promise<TransportPace> {
  const url = new URL(database.server.connectionString);
  url.searchParams.set('options', '-c search_path=fixed,public,pg_catalog');
  const db = connect<DeliveryTables>(url.toString(), 2);
  const routes = mailRoutes(config, {} as CaptureInbox, new NoTracing());
  const pace = new TransportPace(new PaceRepository(db), routes, config, DEFAULT_DELIVERY_OPTIONS);
  await pace.onModuleInit();
  processes.push({ pace, db });
  return pace;
}

async function itIs(instant: string): Promise<void> {
  await sql`update fixed.clock set now = ${instant}::timestamptz`.execute(database.db);
}

/** As if so many messages had left in that minute. */
async function left(minute: string, messages: number): Promise<void> {
  await sql`insert into pace_minute select name, ${minute}, ${messages} from pace`.execute(database.db);
  await sql`update pace set used = used + ${messages}`.execute(database.db);
}

async function passes(until: number): Promise<void> {
  await sql`update fixed.clock set now = now + ${until - seconds} * interval '1 second'`.execute(database.db);
  seconds = until;
}

describe('the profile of Exchange Online', () => {
  it('lets two processes together send 30 messages each minute, one every two seconds', async () => {
    const workers = [await aProcess(), await aProcess()].map((pace) => ({ pace, wakesAt: 0 }));
    const departures: number[] = [];
    while (seconds < 600) {
      const worker = workers.reduce((first, other) => (other.wakesAt < first.wakesAt ? other : first));
      await passes(Math.max(seconds, worker.wakesAt));
      // However many are ready, at this rate they go one by one.
      const turn = await worker.pace.turn(await worker.pace.batchSize(null), DISPATCH);
      const wait = ('route' in turn ? turn.startsAt : turn.until) - performance.now();
      worker.wakesAt = seconds + Math.max(0, wait) / 1_000;
      if ('route' in turn) {
        expect(turn.size).toBe(1);
        departures.push(worker.wakesAt);
      }
    }
    departures.sort((a, b) => a - b);
    const minutes = Array.from(
      { length: 10 },
      (_, minute) => departures.filter((at) => at >= minute * 60 - 1 && at < minute * 60 + 59).length,
    );
    // Two in a hundred of 30 is less than one message: exactly 30.
    expect(minutes).toEqual(Array.from({ length: 10 }, () => 30));
    const gaps = departures.slice(1).map((at, i) => at - (departures[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(1.9);
    expect(Math.max(...gaps)).toBeLessThan(2.1);
  });

  it('counts the 10,000 messages of the last 24 hours, over midnight and over a restart', async () => {
    await itIs('2026-09-14T17:00:00+01:00');
    const first = await aProcess();
    await left('2026-09-14T10:00:00+01:00', 9_000);
    await left('2026-09-14T16:59:00+01:00', 998);
    expect(await first.turn(1, DISPATCH)).toMatchObject({ size: 1 });
    await itIs('2026-09-14T17:00:10+01:00');
    expect(await first.turn(5, DISPATCH)).toMatchObject({ size: 1 });

    await itIs('2026-09-15T00:00:10+01:00');
    const restarted = await aProcess();
    expect(await restarted.turn(1, DISPATCH)).not.toHaveProperty('route');
    // What left in the minute of 10:00 counts until 10:01.
    const wait = (10 * 3_600 + 50) * 1_000;
    expect(await restarted.state()).toMatchObject({ closedReason: "the day's budget is spent", closedForMs: wait });

    await itIs('2026-09-15T10:01:00+01:00');
    const nextDay = await aProcess();
    expect((await nextDay.states()).get('smtp smtp.office365.test:587')).toMatchObject({
      closedForMs: 0,
      dayUsed: 1_000,
    });
    expect(await nextDay.turn(1, DISPATCH)).toMatchObject({ size: 1 });
  });

  it('never lets more than its budget out in any 24 hours, and all of it after a quiet day', async () => {
    await aProcess();
    const repository = new PaceRepository(processes[0]!.db);
    const dayBudget = 100;
    const limits = { ratePerMinute: null, dayBudget };
    await repository.ensure('relay');
    const step = fc.record({ minutes: fc.integer({ min: 0, max: 300 }), wanted: fc.integer({ min: 1, max: 60 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
        const grants: { at: number; granted: number }[] = [];
        for (const { minutes, wanted } of [...steps, { minutes: 24 * 60 + 1, wanted: dayBudget }]) {
          await passes(seconds + minutes * 60);
          const { granted } = await repository.reserve('relay', limits, wanted);
          const lastDay = grants.filter(({ at }) => at > seconds - 24 * 3_600);
          const before = lastDay.reduce((sum, grant) => sum + grant.granted, 0);
          expect(before + granted).toBeLessThanOrEqual(dayBudget);
          const known = (await repository.states(new Map([['relay', limits]]))).get('relay');
          expect(known?.dayUsed).toBeGreaterThanOrEqual(before + granted);
          grants.push({ at: seconds, granted });
        }
        expect(grants.at(-1)?.granted).toBe(dayBudget);
        await passes(seconds + 25 * 3_600);
      }),
      { numRuns: 15 },
    );
  });

  it('counts what two workers take at once', async () => {
    await aProcess();
    await aProcess();
    const repositories = processes.map(({ db }) => new PaceRepository(db));
    await repositories[0]?.ensure('relay');
    const limits = { ratePerMinute: null, dayBudget: 50 };
    for (let round = 0; round < 5; round += 1) {
      const grants = await Promise.all(
        Array.from({ length: 20 }, (_, i) => repositories[i % 2]!.reserve('relay', limits, 4)),
      );
      expect(grants.reduce((sum, { granted }) => sum + granted, 0)).toBe(50);
      await passes(seconds + 24 * 3_600 + 60);
    }
  });
});
