import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { CrashRecovery } from '../../src/delivery/crash.recovery.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { PaceRepository } from '../../src/delivery/pace.repository.js';
import { SliceRepository } from '../../src/delivery/slice.repository.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { addressOf, DeliveryApp, type DeliverySetting, REMINDER } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
const apps: DeliveryApp[] = [];

beforeEach(async () => {
  database = await testDatabase();
  sink = await SmtpSink.start();
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const start = async (setting: Partial<DeliverySetting> = {}) => {
  const app = await DeliveryApp.start({ server: database.server, smtpUrl: sink.url, ...setting });
  apps.push(app);
  return app;
};

describe('the rate', () => {
  it('is kept by two workers together, evenly, without a burst', async () => {
    const shared = { queuePrefix: 'shared', config: { mailRatePerMinute: 1_200 } };
    const [one] = await Promise.all([start(shared), start(shared)]);
    // Two slices, so that both workers have something to send.
    const { campaignId } = await one.plan(60);
    const other = await one.plan(60);
    const stalls = monitorEventLoopDelay({ resolution: 10 });
    stalls.enable();
    await one.untilFinished({ campaignId });
    await one.untilFinished(other);
    stalls.disable();
    const longestStall = stalls.max / 1e9;

    const times = sink.messages.map(({ at }) => at).sort((a, b) => a - b);
    expect(times).toHaveLength(120);
    const seconds = (times.at(-1)! - times[0]!) / 1_000;
    // 119 gaps of 50 ms, less what the first connection takes to open: no burst, and not much slower than allowed.
    expect(seconds).toBeGreaterThan(5);
    expect(seconds).toBeLessThan(9 + 20 * longestStall);
    const mostInAnySecond = Math.max(...times.map((t) => times.filter((at) => at >= t && at < t + 1_000).length));
    // 20 are allowed, and what comes late together after a stall: of each worker two windows of five. How even the pace
    // is where nothing stalls, `npm run bench -- --only pace` measures.
    expect(mostInAnySecond).toBeLessThanOrEqual(40);
  });

  it('hands out slots one interval apart to any number of askers', async () => {
    const pace = new PaceRepository(database.db);
    await pace.ensure('exchange');
    const limits = { ratePerMinute: 30, dayBudget: null };
    const grants = await Promise.all([1, 2, 3].map(() => pace.reserve('exchange', limits, 1)));
    const waits = grants.map(({ waitMs }) => waitMs).sort((a, b) => a - b);
    expect(grants.map(({ granted }) => granted)).toEqual([1, 1, 1]);
    expect(waits[0]).toBeLessThan(100);
    expect(waits[1]).toBeGreaterThan(1_800);
    expect(waits[1]).toBeLessThanOrEqual(2_000);
    expect(waits[2]).toBeGreaterThan(3_800);
    // The next slot is further ahead than slots are handed out.
    expect((await pace.reserve('exchange', limits, 1)).granted).toBe(0);
  });

  it('can be lower for one dispatch', async () => {
    const app = await start();
    const { campaignId } = await app.plan(11, { ratePerMinute: 600 });
    await app.untilFinished({ campaignId });
    const times = sink.messages.map(({ at }) => at).sort((a, b) => a - b);
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(600);
  });
});

describe('the day’s budget', () => {
  it('is kept over a restart, and the rest waits until a day has passed', async () => {
    const config = { mailDayBudget: 100 };
    const first = await start({ config });
    const { campaignId } = await first.plan(70);
    await first.untilFinished({ campaignId });
    await apps.pop()![Symbol.asyncDispose]();

    const second = await start({ config });
    const other = await second.plan(70);
    await second.until(async () => (await second.ledger.progress(other)).states.accepted === 30);
    for (let i = 0; i < 5; i += 1) {
      await second.reconciler.reconcile();
      await delay(50);
    }
    expect((await second.ledger.progress(other)).states).toMatchObject({ accepted: 30, queued: 40 });
    expect((await second.pace.state()).closedReason).toBe("the day's budget is spent");

    await sql`update pace_minute set minute = minute - interval '24 hours 1 minute'`.execute(database.db);
    await second.untilFinished(other);
    expect(sink.messages).toHaveLength(140);
  });
});

describe('several processes', () => {
  it('share the work; any number of reconcilers do no harm', async () => {
    const shared = { queuePrefix: 'shared' };
    const [one, two] = await Promise.all([start(shared), start(shared)]);
    sink.takeTime(5);
    const { campaignId } = await one.plan(2_000);
    await one.until(async () => {
      await Promise.all([1, 2, 3].flatMap(() => [one.reconciler.reconcile(), two.reconciler.reconcile()]));
      return one.ledger.isFinished({ campaignId });
    }, campaignId);
    expect(sink.copies().size).toBe(2_000);
    expect(sink.messages).toHaveLength(2_000);
    const { rows } = await sql<{ slices: number; drained: number }>`
      select count(*) as slices, count(*) filter (where epoch > 0) as drained from slice`.execute(database.db);
    expect(rows[0]!.slices).toBeGreaterThan(2);
    expect(rows[0]!.drained).toBe(rows[0]!.slices);
  });

  it('never sends again what a silent worker had on the wire', async () => {
    const app = await start();
    const { campaignId, id } = await app.plan(10);
    await app.reconciler.reconcile();
    await app.untilFinished({ campaignId });
    // As a worker leaves it that was killed between the wire and the ledger.
    await sql`update delivery set state = 'sending', accepted_at = null where dispatch_id = ${id} and ordinal <= 4`.execute(
      database.db,
    );
    await sql`update slice set leased_by = 'gone', lease_until = clock_timestamp() - interval '1 second' where dispatch_id = ${id}`.execute(
      database.db,
    );
    await sql`update dispatch set state = 'running'`.execute(database.db);
    expect((await app.reconciler.reconcile()).unknown).toBe(4);
    for (let i = 0; i < 5; i += 1) await app.reconciler.reconcile();
    await delay(200);
    expect((await app.ledger.progress({ campaignId })).states).toMatchObject({ accepted: 6, unknown: 4 });
    expect(sink.messages).toHaveLength(10);
    expect(await app.ledger.unknowns()).toHaveLength(4);
  });

  it('keeps a lease as long as a server is slow, and no longer than a worker lives', async () => {
    const app = await start({ options: { leaseSeconds: 1, leaseMarginSeconds: 0.2 } });
    sink.takeTime(2_500);
    const { campaignId } = await app.plan(5);
    await app.untilFinished({ campaignId });
    expect((await app.ledger.progress({ campaignId })).states).toMatchObject({ accepted: 5 });
  });

  it('leave a lease alone for good once a database that was away too long has cost them their outcomes', async () => {
    // No worker: one would write down by itself, when ten seconds have passed, what this test looks at.
    const app = await start({
      options: { leaseSeconds: 1, leaseMarginSeconds: 0.2 },
      config: { roles: ['scheduler'] },
    });
    const rename = (table: string, name: string) =>
      sql`alter table ${sql.table(table)} rename to ${sql.id(name)}`.execute(database.db);
    let away: Promise<unknown> | undefined;
    sink.takeTime(300);
    sink.answer(() => {
      away ??= Promise.all([rename('slice', 'slice_away'), rename('delivery', 'delivery_away')]);
      return 'accept';
    });
    const { id } = await app.plan(5);
    const { id: sliceId } = await database.db
      .selectFrom('slice')
      .select('id')
      .where('dispatch_id', '=', id)
      .executeTakeFirstOrThrow();
    // As the reconciler starts it, without a job of the queue's.
    await sql`update dispatch set state = 'running'`.execute(database.db);
    await sql`update delivery set state = 'queued'`.execute(database.db);
    await expect(app.sender.drain(sliceId, new AbortController().signal)).rejects.toThrow(/"delivery" does not exist/);
    await Promise.all([rename('slice_away', 'slice'), rename('delivery_away', 'delivery')]);
    const renew = jest.spyOn(app.get(SliceRepository), 'renew');
    // Three times as long as a run leaves between two renewals.
    await delay(1_000);
    expect(renew).not.toHaveBeenCalled();
    await app.until(async () => (await app.ledger.unknowns()).length === 5);
    // It has noted what the server answered, and writes that down when the database is back.
    await app.get(CrashRecovery).tick();
    expect(await app.ledger.unknowns()).toEqual([]);
    expect((await app.ledger.progress({ dispatchId: id })).states).toMatchObject({ accepted: 5 });
  });

  it('finishes what is on the wire when asked to stop, and leaves no lease behind', async () => {
    const app = await start();
    sink.takeTime(300);
    const { campaignId } = await app.plan(500);
    await app.until(() => sink.messages.length > 0, campaignId);
    await apps.pop()![Symbol.asyncDispose]();
    const leases = await database.db.selectFrom('slice').select('id').where('leased_by', 'is not', null).execute();
    const sending = await database.db
      .selectFrom('delivery')
      .select('ordinal')
      .where('state', 'in', ['sending', 'unknown'])
      .execute();
    expect([leases, sending]).toEqual([[], []]);

    const next = await start();
    sink.takeTime(0);
    await next.untilFinished({ campaignId });
    expect(sink.messages).toHaveLength(500);
    expect(sink.copies().size).toBe(500);
  });
});

describe('the metrics', () => {
  it('count what was sent and show what is left, the queue and the breaker', async () => {
    sink.answer((address) => (address === addressOf(1) ? { rcpt: 550, text: '5.1.1 no such mailbox' } : 'accept'));
    const app = await start({ config: { mailDayBudget: 1_000 } });
    const { campaignId } = await app.plan(20);
    await app.untilFinished({ campaignId });
    await app.plan(3, { dueAt: new Date(app.clock.now().getTime() + 60_000) });
    const text = await app.metrics.metrics();
    const valueOf = (line: RegExp) => Number(line.exec(text)?.[1]);
    expect(valueOf(/^delivery_outcomes_total{transport="[^"]+",state="accepted"} (\d+)$/m)).toBe(19);
    expect(valueOf(/^delivery_outcomes_total{transport="[^"]+",state="failed"} (\d+)$/m)).toBe(1);
    expect(valueOf(/^delivery_due_to_accepted_seconds_count{transport="[^"]+"} (\d+)$/m)).toBe(19);
    expect(valueOf(/^delivery_messages{state="planned"} (\d+)$/m)).toBe(3);
    expect(valueOf(/^delivery_transport_closed{transport="[^"]+"} (\d+)$/m)).toBe(0);
    expect(valueOf(/^delivery_day_budget_used{transport="all transports"} (\d+)$/m)).toBeGreaterThanOrEqual(19);
    expect(valueOf(/^delivery_lease_overdue_seconds (\d+)$/m)).toBe(0);
    expect(text).toMatch(/^delivery_queue_jobs{queue="delivery"} \d+$/m);
  });
});

describe('trial mode', () => {
  it('writes to allowed addresses only', async () => {
    const app = await start({ config: { trialMode: true, trialAllow: [addressOf(2), '@example.test'] } });
    const { campaignId } = await app.plan(4);
    const allowed = await app.plan(2, {}, { address: 'testa.sample@example.test' });
    await app.untilFinished({ campaignId });
    await app.untilFinished(allowed);
    expect(sink.messages.map(({ to }) => to).sort()).toEqual([
      'testa.sample2@nhs.net',
      'testa.sample@example.test',
      'testa.sample@example.test',
    ]);
    const held = await app.ledger.messages({ campaignId, states: ['suppressed'] });
    expect(held.map(({ reason }) => reason)).toEqual(['trial-mode', 'trial-mode', 'trial-mode']);
  });
});

describe('a reminder', () => {
  it('goes out only while somebody it is about still has to act', async () => {
    const app = await start();
    const windowId = randomUUID();
    const asked: unknown[] = [];
    jest.spyOn(app.deadlines, 'stillBlocking').mockImplementation((reference, pairs) => {
      asked.push(reference);
      return Promise.resolve(pairs.filter(({ organisationCode }) => organisationCode !== 'A81001'));
    });
    const [done, waits, oneOfTwo] = [...app.people(3)];
    const guard = (...organisationCodes: string[]) => ({ windowId, actor: 'practice' as const, organisationCodes });
    const dispatch = {
      id: randomUUID(),
      campaignId: randomUUID(),
      purpose: 'reminder',
      dueAt: app.clock.now(),
      expiresAt: null,
    };
    await app.ledger.plan(dispatch, [
      { ...done!, guard: guard('A81001') },
      { ...waits!, guard: guard('A81002') },
      { ...oneOfTwo!, guard: guard('A81001', 'A81002') },
    ]);
    await app.untilFinished(dispatch);
    const messages = await app.ledger.messages(dispatch);
    expect(messages.map(({ state, reason }) => [state, reason])).toEqual([
      ['cancelled', 'no longer blocking'],
      ['accepted', null],
      ['accepted', null],
    ]);
    expect(new Set(asked)).toEqual(new Set([windowId]));
  });

  it('names no practice that has acted since it was planned', async () => {
    const app = await start();
    const acted = 'A81001';
    jest
      .spyOn(app.deadlines, 'stillBlocking')
      .mockImplementation((_, pairs) => Promise.resolve(pairs.filter((pair) => pair.organisationCode !== acted)));
    const [person] = [...app.people(1)];
    const codes = [acted, 'A81002', 'A81003'];
    const practices = codes.map((code) => ({ code, name: `Practice of ${code}` }));
    const template = app.catalogue.get(REMINDER);
    const dispatch = {
      ...{ id: randomUUID(), campaignId: randomUUID(), purpose: 'reminder', dueAt: app.clock.now(), expiresAt: null },
    };
    await app.ledger.plan(dispatch, [
      {
        ...person!,
        ...{ template: REMINDER, templateVersion: template.version, values: { ...template.sample, practices } },
        guard: { windowId: randomUUID(), actor: 'practice', organisationCodes: codes },
      },
    ]);
    await app.untilFinished(dispatch);
    expect(sink.messages).toHaveLength(1);
    const raw = sink.messages[0]?.raw.toString() ?? '';
    expect(codes.filter((code) => raw.includes(`Practice of ${code}`))).toEqual(['A81002', 'A81003']);
  });
});
