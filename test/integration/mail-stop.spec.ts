import { AuditTrail } from '../../src/access/index.js';
import { MailStop, MailStopModule } from '../../src/delivery/index.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { DeliveryWatchdog } from '../../src/delivery/delivery.watchdog.js';
import { FixedClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp, MONDAY } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

/** Of a worker: two slices at once, each with at most two windows of 100 intents. */
const IN_FLIGHT = 2 * 2 * 100;
const BY = 'person:0199a3c2-6d1e-7c3a-9b54-2f6f1f0f9a11';

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
let clock: FixedClock;
const apps: DeliveryApp[] = [];
beforeEach(async () => {
  [database, sink] = await Promise.all([testDatabase<DeliveryTables>(), SmtpSink.start()]);
  clock = new FixedClock(MONDAY);
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const start = async () => {
  const setting = { server: database.server, smtpUrl: sink.url, queuePrefix: 'stopped', clock };
  const app = await DeliveryApp.start({ ...setting, modules: [MailStopModule] });
  apps.push(app);
  return app;
};

describe('the stop of all mail', () => {
  it('keeps two workers in the middle of two campaigns from sending more, over a restart; then the rest leaves, once', async () => {
    const one = await start();
    await start();
    sink.takeTime(5);
    const [first, second] = [await one.plan(1_500), await one.plan(1_500)];
    await one.until(() => sink.messages.length > 300);
    expect(await one.get(MailStop).stop('the date is wrong', BY)).toBe(true);
    const sending = async () => {
      const rows = await database.db.selectFrom('delivery').select('ordinal').where('state', '=', 'sending').execute();
      return rows.length;
    };
    const atStop = sink.messages.length;
    await one.until(async () => (await sending()) === 0 && (await one.jobs.depth()).delivery === 0);
    const left = sink.messages.length;
    expect(left - atStop).toBeLessThanOrEqual(2 * IN_FLIGHT);
    for (let pass = 0; pass < 20; pass += 1) await one.reconciler.reconcile();
    expect((await one.jobs.depth()).delivery).toBe(0);
    expect(sink.messages).toHaveLength(left);
    const leases = await database.db.selectFrom('slice').select('id').where('leased_by', 'is not', null).execute();
    expect(leases).toEqual([]);

    for (const app of apps.splice(0)) await app[Symbol.asyncDispose]();
    const next = await start();
    for (let pass = 0; pass < 5; pass += 1) await next.reconciler.reconcile();
    expect((await next.jobs.depth()).delivery).toBe(0);
    expect(sink.messages).toHaveLength(left);

    expect(await next.get(MailStop).resume(BY)).toBe(true);
    await next.untilFinished(first, 60);
    await next.untilFinished(second, 60);
    expect(sink.messages).toHaveLength(3_000);
    expect(await next.ledger.faults()).toEqual([]);
    expect(await next.ledger.unknowns()).toEqual([]);
  });

  it('lets nothing past its cutoff leave afterwards, and is no standstill', async () => {
    const app = await start();
    await app.get(MailStop).stop('rehearsed', BY);
    const { campaignId } = await app.plan(20, { expiresAt: new Date(MONDAY.getTime() + 3_600_000) });
    await app.reconciler.reconcile();
    await app.get(DeliveryWatchdog).look();
    await app.get(DeliveryWatchdog).look();
    expect(app.get(DeliveryWatchdog).standstillSeconds()).toBe(0);
    expect(await app.metrics.metrics()).toMatch(/^delivery_stopped 1$/m);
    clock.advance(3_600_000);
    await app.until(async () => (await app.ledger.progress({ campaignId })).states.expired === 20);
    await app.get(MailStop).resume(BY);
    await app.reconciler.reconcile();
    expect(sink.messages).toEqual([]);
    await app.until(async () => /^delivery_stopped 0$/m.test(await app.metrics.metrics()));
  });

  it('stands where somebody lets an earlier one end', async () => {
    const app = await start();
    const mail = app.get(MailStop);
    await mail.stop('the date is wrong', BY);
    const seen = (await mail.standing())?.since;
    await mail.resume(BY, seen);
    expect(await mail.resume(BY, seen)).toBe(false);
    clock.advance(1);
    await mail.stop('the link is wrong', BY);
    await expect(mail.resume(BY, seen)).rejects.toMatchObject({ code: 'stopped-again' });
    expect(await mail.standing()).toMatchObject({ reason: 'the link is wrong' });
    expect(await mail.resume(BY, (await mail.standing())?.since)).toBe(true);
  });

  it('is one, whoever asks how often, with an entry for each change and none for what changed nothing', async () => {
    const app = await start();
    const mail = app.get(MailStop);
    expect(await Promise.all(['a', 'b', 'c'].map((reason) => mail.stop(reason, BY)))).toContain(true);
    expect(await mail.stop('once more', BY)).toBe(false);
    expect(await mail.standing()).toMatchObject({
      since: MONDAY,
      by: BY,
      reason: expect.stringMatching(/^[abc]$/) as string,
    });
    expect((await Promise.all([mail.resume(BY), mail.resume(BY)])).filter(Boolean)).toEqual([true]);
    expect(await mail.resume(BY)).toBe(false);
    expect(await mail.standing()).toBeUndefined();
    const trail = await app.get(AuditTrail).entries({ subject: 'delivery:all-mail', limit: 10 });
    expect(trail.map(({ action, actor }) => [action, actor])).toEqual([
      ['delivery.resumed', BY],
      ['delivery.stopped', BY],
    ]);
  });
});
