import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { sql } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { DeliveryWatchdog } from '../../src/delivery/delivery.watchdog.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
let said: unknown[];
beforeEach(async () => {
  [database, sink] = await Promise.all([testDatabase<DeliveryTables>(), SmtpSink.start()]);
  said = [];
  for (const level of ['error', 'log'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((...what: unknown[]) => {
      said.push(what[0]);
    });
  }
});
afterEach(async () => {
  jest.restoreAllMocks();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** A millisecond of standstill is an alarm. */
const start = (roles: ('worker' | 'scheduler')[]) =>
  DeliveryApp.start({
    server: database.server,
    smtpUrl: sink.url,
    queuePrefix: 'watched',
    config: { roles },
    options: { standstillSeconds: 0.001 },
  });
const alarms = () =>
  said.filter((what) => (what as { message?: string }).message === 'messages are due and none moves');

describe('the watchdog of delivery', () => {
  it('raises an alarm once while nobody sends what is due, shows it, and says when it is over', async () => {
    await using scheduler = await start(['scheduler']);
    const watchdog = scheduler.get(DeliveryWatchdog);
    const { campaignId } = await scheduler.plan(5);
    await scheduler.reconciler.reconcile();
    const stands = async () => {
      await watchdog.look();
      return watchdog.standstillSeconds() >= 1;
    };
    await scheduler.until(stands, campaignId);
    expect(alarms()).toEqual([expect.objectContaining({ dueSlices: 1 })]);
    expect(await scheduler.metrics.metrics()).toMatch(/^delivery_standstill_seconds [1-9]\d*$/m);

    await using worker = await start(['worker']);
    await worker.untilFinished({ campaignId });
    await watchdog.look();
    expect(said).toContainEqual({ message: 'messages move again, or none is due' });
    expect(await scheduler.metrics.metrics()).toMatch(/^delivery_standstill_seconds 0$/m);
    expect(alarms()).toHaveLength(1);
  });

  it('goes by progress, not by age: a day-old mailing of which one more message was sent is none', async () => {
    await using scheduler = await start(['scheduler']);
    const watchdog = scheduler.get(DeliveryWatchdog);
    await scheduler.plan(5, { dueAt: new Date(scheduler.clock.now().getTime() - 86_400_000) });
    await scheduler.reconciler.reconcile();
    for (let ordinal = 0; ordinal < 4; ordinal += 1) {
      await sql`update delivery set state = 'accepted', accepted_at = now()
        where ordinal = (select min(ordinal) from delivery where state <> 'accepted')`.execute(database.db);
      await watchdog.look();
    }
    expect(watchdog.standstillSeconds()).toBe(0);
    expect(alarms()).toEqual([]);
  });

  it('takes a pause, a closed transport and the time before a mailing for no standstill', async () => {
    await using scheduler = await start(['scheduler']);
    const watchdog = scheduler.get(DeliveryWatchdog);
    const looks = async () => {
      await watchdog.look();
      await delay(5);
      await watchdog.look();
      return alarms().length;
    };
    await scheduler.plan(5, { dueAt: new Date(scheduler.clock.now().getTime() + 60_000) });
    const paused = await scheduler.plan(5);
    await scheduler.ledger.pause(paused);
    await scheduler.reconciler.reconcile();
    expect(await looks()).toBe(0);

    await scheduler.pace.close(scheduler.routes[0]!, 'refused');
    await scheduler.ledger.resume(paused);
    await scheduler.reconciler.reconcile();
    expect(await looks()).toBe(0);

    await sql`update pace set closed_until = '-infinity'`.execute(database.db);
    await scheduler.until(async () => (await scheduler.pace.state()).closedForMs === 0);
    expect(await looks()).toBe(1);
  });
});
