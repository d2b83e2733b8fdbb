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

async function passes(until: number): Promise<void> {
  await sql`update fixed.clock set now = now + ${until - seconds} * interval '1 second'`.execute(database.db);
  seconds = until;
}

describe('the profile of Exchange Online', () => {
  it('lets two processes together send 30 messages each minute, one every two seconds', async () => {
    const workers = [await aProcess(), await aProcess()].map((pace) => ({ pace, wakesAt: 0 }));
    const left: number[] = [];
    while (seconds < 600) {
      const worker = workers.reduce((first, other) => (other.wakesAt < first.wakesAt ? other : first));
      await passes(Math.max(seconds, worker.wakesAt));
      // However many are ready, at this rate they go one by one.
      const turn = await worker.pace.turn(await worker.pace.batchSize(null), DISPATCH);
      const wait = ('route' in turn ? turn.startsAt : turn.until) - performance.now();
      worker.wakesAt = seconds + Math.max(0, wait) / 1_000;
      if ('route' in turn) {
        expect(turn.size).toBe(1);
        left.push(worker.wakesAt);
      }
    }
    left.sort((a, b) => a - b);
    const minutes = Array.from(
      { length: 10 },
      (_, minute) => left.filter((at) => at >= minute * 60 - 1 && at < minute * 60 + 59).length,
    );
    // Two in a hundred of 30 is less than one message: exactly 30.
    expect(minutes).toEqual(Array.from({ length: 10 }, () => 30));
    const gaps = left.slice(1).map((at, i) => at - (left[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(1.9);
    expect(Math.max(...gaps)).toBeLessThan(2.1);
  });

  it('keeps what is left of the 10,000 messages of a London day over a restart', async () => {
    await itIs('2026-09-14T17:00:00+01:00');
    const first = await aProcess();
    await sql`update pace set day = '2026-09-14', day_used = 9998`.execute(database.db);
    expect(await first.turn(1, DISPATCH)).toMatchObject({ size: 1 });
    await itIs('2026-09-14T17:00:10+01:00');
    expect(await first.turn(5, DISPATCH)).toMatchObject({ size: 1 });

    await itIs('2026-09-14T23:59:50+01:00');
    const restarted = await aProcess();
    expect(await restarted.turn(1, DISPATCH)).not.toHaveProperty('route');
    expect(await restarted.state()).toMatchObject({ closedReason: "the day's budget is spent", closedForMs: 10_000 });

    await itIs('2026-09-15T00:00:00+01:00');
    const nextDay = await aProcess();
    expect(await nextDay.turn(1, DISPATCH)).toMatchObject({ size: 1 });
    expect((await nextDay.states()).get('smtp smtp.office365.test:587')).toMatchObject({ closedForMs: 0 });
  });
});
