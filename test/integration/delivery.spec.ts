import { randomUUID } from 'node:crypto';
import { type MailTransport, type MessageState, type OutgoingMessage } from '../../src/delivery/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { addressOf, DeliveryApp, MONDAY } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { SliceRepository } from '../../src/delivery/slice.repository.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';

const redisUrl = process.env['TEST_REDIS_URL'];
const backends = [['PostgreSQL', undefined] as const, ...(redisUrl ? [['Redis', redisUrl] as const] : [])];
const HOUR = 3_600_000;

describe.each(backends)('delivery with the queue on %s', (_name, queueUrl) => {
  let database: TestDatabase<DeliveryTables>;
  let sink: SmtpSink;
  let app: DeliveryApp;
  let clock: FixedClock;

  beforeAll(async () => {
    database = await testDatabase();
    sink = await SmtpSink.start();
    clock = new FixedClock(MONDAY);
    app = await DeliveryApp.start({
      server: database.server,
      smtpUrl: sink.url,
      redisUrl: queueUrl,
      clock,
      options: { firstClosureSeconds: 0.2, longestClosureSeconds: 1 },
    });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    clock.moveTo(MONDAY);
    sink.messages.length = 0;
    sink.answer(() => 'accept');
    sink.takeTime(0);
  });
  afterEach(async () => {
    const faults = await app.ledger.faults();
    const doubled = [...sink.copies()].filter(([, copies]) => copies > 1);
    if (faults.length > 0 || doubled.length > 0) throw new Error(JSON.stringify({ faults, doubled }));
  });

  const states = async (campaignId: string) => {
    const { states } = await app.ledger.progress({ campaignId });
    return Object.fromEntries(Object.entries(states).filter(([, messages]) => messages > 0)) as Partial<
      Record<MessageState, number>
    >;
  };
  const dispatchState = async (campaignId: string) => (await app.ledger.dispatches(campaignId))[0]?.state;
  const find = async (campaignId: string, person: number) => {
    const message = (await app.ledger.messages({ campaignId, limit: 1_000 })).find(
      ({ address }) => address === addressOf(person),
    );
    return message!;
  };

  it('sends every message once, writes down what was sent, and finishes', async () => {
    const { campaignId } = await app.plan(600);
    await app.untilFinished({ campaignId });

    expect(await states(campaignId)).toEqual({ accepted: 600 });
    expect(sink.copies().size).toBe(600);
    const message = await find(campaignId, 17);
    expect(message).toMatchObject({ state: 'accepted', attempt: 1, code: 250, acceptedAt: MONDAY });
    expect(message.renderedSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(sink.messages.find(({ id }) => id === message.id)?.to).toBe(addressOf(17));
    await app.until(async () => (await dispatchState(campaignId)) === 'finished', campaignId);
  });

  it('sends nothing before its time', async () => {
    const { campaignId } = await app.plan(20, { dueAt: new Date(MONDAY.getTime() + HOUR) });
    await app.reconciler.reconcile();
    expect(await states(campaignId)).toEqual({ planned: 20 });
    clock.advance(HOUR);
    await app.untilFinished({ campaignId });
    expect(await states(campaignId)).toEqual({ accepted: 20 });
  });

  it('does no harm when a job is doubled, late, or for nothing', async () => {
    const { campaignId } = await app.plan(400);
    await app.reconciler.reconcile();
    const slices = await database.db.selectFrom('slice').selectAll().where('due_at', 'is not', null).execute();
    const again = () =>
      app.jobs.add(
        'send-slice',
        slices.map(({ id }) => ({ id: randomUUID(), payload: { sliceId: id } })),
      );
    await Promise.all([again(), again()]);
    await app.untilFinished({ campaignId });
    await again();
    await app.jobs.add('send-slice', [{ id: randomUUID(), payload: { sliceId: randomUUID() } }]);
    await app.until(async () => (await app.jobs.depth()).delivery === 0);
    expect(sink.messages).toHaveLength(400);
  });

  it('makes up for an emptied queue', async () => {
    sink.takeTime(5);
    const { campaignId } = await app.plan(1_000);
    await app.until(() => sink.messages.length > 50, campaignId);
    await app.jobs.queue('delivery').drain();
    await app.untilFinished({ campaignId });
    expect(await states(campaignId)).toEqual({ accepted: 1_000 });
  });

  it.each(['running', 'cancelled'] as const)(
    'opens a slice again that was closed over messages that wait, when its dispatch is %s',
    async (state) => {
      const closed = await app.plan(20, { dueAt: new Date(MONDAY.getTime() + HOUR) });
      // As a worker leaves it that was frozen past its lease, gave back what it had not sent, and was killed then.
      await database.db.updateTable('slice').set({ due_at: null }).where('dispatch_id', '=', closed.id).execute();
      clock.advance(HOUR);
      if (state === 'running') await app.reconciler.reconcile();
      else await database.db.updateTable('dispatch').set({ state }).where('id', '=', closed.id).execute();
      await app.until(async () => (await app.ledger.progress(closed)).terminal === 20, closed.campaignId);
      expect(await states(closed.campaignId)).toEqual({ [state === 'running' ? 'accepted' : state]: 20 });
    },
  );

  it('pauses between windows and, resumed, sends the rest to nobody twice', async () => {
    sink.takeTime(5);
    const { campaignId } = await app.plan(1_000);
    await app.until(() => sink.messages.length > 100, campaignId);
    expect(await app.ledger.pause({ campaignId })).toBe(1);
    await app.until(async () => ((await states(campaignId)).sending ?? 0) === 0, campaignId);
    const sent = sink.messages.length;
    expect(sent).toBeLessThan(1_000);
    for (let i = 0; i < 5; i += 1) await app.reconciler.reconcile();
    expect(await app.ledger.isFinished({ campaignId })).toBe(false);
    expect(await states(campaignId)).toEqual({ accepted: sent, queued: 1_000 - sent });

    expect(await app.ledger.resume({ campaignId })).toBe(1);
    await app.untilFinished({ campaignId });
    expect(sink.messages).toHaveLength(1_000);
  });

  it('cancels what has not left', async () => {
    sink.takeTime(5);
    const { campaignId } = await app.plan(1_000);
    await app.until(() => sink.messages.length > 100, campaignId);
    const cancelled = await app.ledger.cancel({ campaignId }, 'the cutoff was wrong');
    await app.until(() => app.ledger.isFinished({ campaignId }), campaignId);
    expect(await states(campaignId)).toEqual({ accepted: sink.messages.length, cancelled });
    expect(cancelled + sink.messages.length).toBe(1_000);
  });

  it('lets nothing leave at the cutoff or after it', async () => {
    const expiresAt = new Date('2026-09-18T12:00:00+01:00');
    const { campaignId } = await app.plan(50, { expiresAt });
    clock.moveTo(new Date(expiresAt.getTime() - 1));
    await app.untilFinished({ campaignId });
    expect(await states(campaignId)).toEqual({ accepted: 50 });

    clock.moveTo(MONDAY);
    const late = await app.plan(50, { expiresAt });
    clock.moveTo(expiresAt);
    await app.untilFinished(late);
    expect(await states(late.campaignId)).toEqual({ expired: 50 });
    expect(sink.messages).toHaveLength(50);
  });

  it('expires what a pause kept past the cutoff', async () => {
    const expiresAt = new Date(MONDAY.getTime() + HOUR);
    const { campaignId } = await app.plan(50, { expiresAt });
    await app.ledger.pause({ campaignId });
    clock.moveTo(expiresAt);
    await app.untilFinished({ campaignId });
    await app.ledger.resume({ campaignId });
    await app.reconciler.reconcile();
    expect(await states(campaignId)).toEqual({ expired: 50 });
    expect(sink.messages).toHaveLength(0);
  });

  it('stops in the middle of a slice when the cutoff comes', async () => {
    const expiresAt = new Date(MONDAY.getTime() + HOUR);
    sink.answer(() => {
      if (sink.messages.length === 60) clock.moveTo(expiresAt);
      return 'accept';
    });
    const { campaignId } = await app.plan(500, { expiresAt });
    await app.untilFinished({ campaignId });
    const { accepted, expired } = await states(campaignId);
    expect(accepted).toBe(sink.messages.length);
    expect(expired).toBe(500 - sink.messages.length);
    // What was on the wire at that moment: no more than twice what the transport takes at once.
    expect(accepted).toBeLessThanOrEqual(60 + 2 * 60);
  });

  it('retries by the kind of failure', async () => {
    const seen = new Map<string, number>();
    sink.answer((address) => {
      const time = (seen.get(address) ?? 0) + 1;
      seen.set(address, time);
      if (address === addressOf(1)) return { rcpt: 550, text: '5.1.1 no such mailbox' };
      if (address === addressOf(2)) return { data: 554, text: '5.7.1 refused' };
      if (address === addressOf(3)) return time < 3 ? { rcpt: 450, text: '4.2.0 busy' } : 'accept';
      if (address === addressOf(4)) return { rcpt: 452, text: '4.2.2 mailbox full' };
      return 'accept';
    });
    const { campaignId } = await app.plan(10);
    await app.until(async () => ((await states(campaignId)).deferred ?? 0) === 2, campaignId);
    expect(await states(campaignId)).toEqual({ accepted: 6, failed: 2, deferred: 2 });
    expect(await find(campaignId, 1)).toMatchObject({ state: 'failed', code: 550, enhanced: '5.1.1', attempt: 1 });
    const { nextAttemptAt } = await find(campaignId, 3);
    expect(nextAttemptAt!.getTime() - MONDAY.getTime()).toBeGreaterThanOrEqual(48_000);
    expect(nextAttemptAt!.getTime() - MONDAY.getTime()).toBeLessThanOrEqual(72_000);

    for (let i = 0; i < 12 && !(await app.ledger.isFinished({ campaignId })); i += 1) {
      clock.advance(2 * HOUR);
      await app.until(async () => {
        const rows = await app.ledger.messages({ campaignId, states: ['queued', 'sending', 'deferred'] });
        return rows.every((row) => row.state === 'deferred' && row.nextAttemptAt! > clock.now());
      }, campaignId);
    }
    expect(await find(campaignId, 3)).toMatchObject({ state: 'accepted', attempt: 3 });
    expect(await find(campaignId, 4)).toMatchObject({ state: 'failed', code: 452, attempt: 8 });
    expect([...seen].filter(([address]) => address === addressOf(1))).toEqual([[addressOf(1), 1]]);
  });

  it('never sends again what may have arrived, until a person decides', async () => {
    const lost = [addressOf(3), addressOf(4), addressOf(5)];
    sink.answer((address) => (lost.includes(address) ? 'drop-after-data' : 'accept'));
    const { campaignId } = await app.plan(40);
    await app.until(async () => ((await states(campaignId)).accepted ?? 0) === 37, campaignId);
    for (let i = 0; i < 5; i += 1) {
      clock.advance(24 * HOUR);
      await app.reconciler.reconcile();
    }
    expect(await states(campaignId)).toEqual({ accepted: 37, unknown: 3 });
    expect(await dispatchState(campaignId)).toBe('running');
    expect(sink.messages).toHaveLength(40);

    const [first, second, third] = (await app.ledger.unknowns()).filter((row) => row.campaignId === campaignId);
    await app.ledger.decideUnknown(first!.id, 'accepted', 'an operator');
    await app.ledger.decideUnknown(second!.id, 'failed', 'an operator');
    sink.messages.length = 0;
    sink.answer(() => 'accept');
    await app.ledger.releaseUnknown(third!.id, 'an operator');
    await app.untilFinished({ campaignId });
    expect(await states(campaignId)).toEqual({ accepted: 39, failed: 1 });
    expect(sink.messages.map(({ id }) => id)).toEqual([third!.id]);
    await expect(app.ledger.releaseUnknown(third!.id, 'an operator')).rejects.toMatchObject({ code: 'not-unknown' });
  });

  it('writes its outcomes again when PostgreSQL crashed before they were on disk', async () => {
    const { db } = database;
    sink.answer((address) => (address === addressOf(7) ? { rcpt: 550, text: '5.1.1 unknown' } : 'accept'));
    // A crash takes back the commits of its last half second that nobody waited for: here, all of a slice's outcomes.
    let crashed = false;
    const release = SliceRepository.prototype.release;
    const crash = jest.spyOn(SliceRepository.prototype, 'release').mockImplementationOnce(async function (
      this: SliceRepository,
      lease,
      ...rest
    ) {
      await db
        .updateTable('delivery')
        .set({ state: 'sending', code: null, reason: null, accepted_at: null })
        .where('dispatch_id', '=', lease.dispatchId)
        .where('state', 'in', ['accepted', 'failed'])
        .execute();
      crashed = true;
      return release.call(this, lease, ...rest);
    });
    const { campaignId } = await app.plan(30);
    await app.until(() => crashed, campaignId);
    await app.untilFinished({ campaignId });
    crash.mockRestore();
    expect(await states(campaignId)).toEqual({ accepted: 29, failed: 1 });
    expect(await find(campaignId, 7)).toMatchObject({ state: 'failed', code: 550, attempt: 1 });
  });

  it('writes to no address that is suppressed at that moment', async () => {
    await app.suppressions.add({
      address: addressOf(1).toUpperCase(),
      reason: 'hard-bounce',
      source: 'report 1',
      expiresAt: null,
    });
    await app.suppressions.add({
      address: addressOf(2),
      reason: 'mailbox-full',
      source: 'report 2',
      expiresAt: new Date(MONDAY.getTime() + HOUR),
    });
    await app.suppressions.add({ address: addressOf(3), reason: 'hard-bounce', source: 'report 3', expiresAt: null });
    await app.suppressions.lift(addressOf(3), 'an operator');
    const before = await app.plan(5);
    await app.untilFinished(before);
    expect(await states(before.campaignId)).toEqual({ accepted: 3, suppressed: 2 });
    expect(await find(before.campaignId, 1)).toMatchObject({ state: 'suppressed', reason: 'hard-bounce', attempt: 0 });

    clock.advance(HOUR);
    const after = await app.plan(5);
    await app.untilFinished(after);
    expect(await states(after.campaignId)).toEqual({ accepted: 4, suppressed: 1 });
    await app.suppressions.lift(addressOf(1), 'an operator');
    await app.suppressions.lift(addressOf(2), 'an operator');
  });

  it('fails a message that cannot be made, and sends the others', async () => {
    const planned = { ...(await app.plan(0)), id: randomUUID(), campaignId: randomUUID() };
    const [good, bad] = [...app.people(2)];
    await app.ledger.plan(planned, [good!, { ...bad!, values: {} }]);
    await app.untilFinished(planned);
    expect(await states(planned.campaignId)).toEqual({ accepted: 1, failed: 1 });
    expect((await find(planned.campaignId, 2)).reason).toMatch(/^missing-values/);
  });

  it('keeps a message for whoever has the version of its template that was approved, and sends the others', async () => {
    const planned = { ...(await app.plan(0)), id: randomUUID(), campaignId: randomUUID() };
    const { campaignId } = planned;
    const [good, changed] = [...app.people(2)];
    await app.ledger.plan(planned, [good!, { ...changed!, templateVersion: 'another' }]);
    await app.until(async () => (await states(campaignId)).deferred === 1, campaignId);
    await app.until(async () => (await states(campaignId)).accepted === 1, campaignId);
    expect(await find(campaignId, 2)).toMatchObject({
      attempt: 0,
      reason: expect.stringMatching(/^template-changed/) as string,
    });

    // As if a worker with the other version looked at it now.
    const { templateVersion } = good!;
    const toThis = database.db.updateTable('message').set({ template_version: templateVersion });
    await toThis.where('campaign_id', '=', campaignId).execute();
    clock.advance(5 * 60_000);
    await app.untilFinished(planned);
    expect(await states(campaignId)).toEqual({ accepted: 2 });
    expect(await find(campaignId, 2)).toMatchObject({ attempt: 1, reason: null });
  });

  it('lets what waits for another version of its template expire', async () => {
    const expiresAt = new Date(MONDAY.getTime() + HOUR);
    const planned = { ...(await app.plan(0)), id: randomUUID(), campaignId: randomUUID(), expiresAt };
    await app.ledger.plan(planned, [{ ...[...app.people(1)][0]!, templateVersion: 'another' }]);
    await app.until(async () => (await states(planned.campaignId)).deferred === 1, planned.campaignId);
    clock.advance(HOUR);
    await app.untilFinished(planned);
    expect(await states(planned.campaignId)).toEqual({ expired: 1 });
  });

  it('rests while the server throttles, then goes on by itself', async () => {
    let refused = 0;
    sink.answer(() => (refused++ < 3 ? { rcpt: 421, text: '4.7.0 too many messages' } : 'accept'));
    const { campaignId } = await app.plan(120);
    await app.until(() => refused > 0, campaignId);
    await app.until(async () => ((await states(campaignId)).sending ?? 0) === 0, campaignId);
    const pace = await database.db.selectFrom('pace').select('closed_reason').executeTakeFirst();
    expect(pace?.closed_reason).toMatch(/^421 /);
    await app.until(async () => {
      clock.advance(60_000);
      return app.ledger.isFinished({ campaignId });
    }, campaignId);
    expect(await states(campaignId)).toEqual({ accepted: 120 });
  });

  it('counts no attempt against a message while the server is away', async () => {
    await sink.close();
    const { campaignId } = await app.plan(60);
    await app.until(async () => (await app.pace.state()).trouble > 1, campaignId);
    await app.until(async () => ((await states(campaignId)).queued ?? 0) === 60, campaignId);
    await sink.listen();
    await app.untilFinished({ campaignId });
    expect(await states(campaignId)).toEqual({ accepted: 60 });
    const attempts = (await app.ledger.messages({ campaignId })).map(({ attempt }) => attempt);
    expect(new Set(attempts)).toEqual(new Set([1]));
  });
});

if (!redisUrl) {
  // Said loudly by the set-up too: this machine has no redis-server.
  process.stderr.write('delivery.spec.ts: the queue on Redis was NOT tested\n');
}

describe('a transport that reads nothing', () => {
  it('is given no message, only those whose values were in order', async () => {
    await using database = await testDatabase<DeliveryTables>();
    const given: OutgoingMessage[] = [];
    const blind: MailTransport = {
      name: 'blind',
      concurrency: 4,
      readsContent: false,
      send(message) {
        given.push(message);
        return Promise.resolve({ kind: 'accepted', code: 250, response: '250 taken' });
      },
      close: () => Promise.resolve(),
    };
    await using app = await DeliveryApp.start({ server: database.server, wrapTransport: () => blind });
    const { campaignId } = await app.plan(3);
    await app.untilFinished({ campaignId });
    expect(given.map(({ to }) => to).sort()).toEqual([1, 2, 3].map(addressOf));
    expect(given.every(({ mime }) => mime.length === 0)).toBe(true);

    const broken = await app.plan(1, {}, { values: {} });
    await app.untilFinished(broken);
    const [message] = await app.ledger.messages(broken);
    expect(message).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^missing-values/) as string });

    const changed = await app.plan(1, {}, { templateVersion: 'another' });
    await app.untilFinished(changed);
    const [another] = await app.ledger.messages(changed);
    expect(another).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^template-changed/) as string });
    expect(given).toHaveLength(3);
  });
});
