import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { MESSAGE_STATES, messageIdOf, type NewMessage } from '../../src/delivery/index.js';
import { LedgerRepository } from '../../src/delivery/ledger.repository.js';
import { SliceRepository } from '../../src/delivery/slice.repository.js';
import { ReconcilerRepository } from '../../src/delivery/reconciler.repository.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { connect } from '../../src/platform/database/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp, MONDAY } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
let app: DeliveryApp;
let clock: FixedClock;

beforeAll(async () => {
  database = await testDatabase();
  sink = await SmtpSink.start();
  clock = new FixedClock(MONDAY);
  app = await DeliveryApp.start({ server: database.server, smtpUrl: sink.url, clock });
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => {
  clock.moveTo(MONDAY);
});

const LATER = new Date(MONDAY.getTime() + 3_600_000);
const newDispatch = (values = {}) => ({
  id: randomUUID(),
  campaignId: randomUUID(),
  purpose: 'sign-in',
  dueAt: LATER,
  expiresAt: null,
  ...values,
});

describe('the ledger', () => {
  it('knows the states that the database knows', async () => {
    const { rows } = await sql<{
      state: string;
    }>`select unnest(enum_range(null::message_state))::text as state`.execute(database.db);
    expect(rows.map(({ state }) => state)).toEqual(MESSAGE_STATES);
  });

  it('plans a dispatch once, however often it is asked', async () => {
    const dispatch = newDispatch();
    const plan = () => app.ledger.plan(dispatch, app.people(300));
    const results = await Promise.all([plan(), plan(), plan()]);
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(results.map(({ planned }) => planned)).toEqual([300, 300, 300]);
    expect((await app.ledger.progress(dispatch)).planned).toBe(300);
  });

  it('plans all or nothing', async () => {
    const dispatch = newDispatch();
    function* failing(): Generator<NewMessage> {
      yield* app.people(2_500);
      throw new Error('the audience ended early');
    }
    await expect(app.ledger.plan(dispatch, failing())).rejects.toThrow('the audience ended early');
    expect(await app.ledger.dispatches(dispatch.campaignId)).toEqual([]);
    expect((await app.ledger.plan(dispatch, app.people(1))).isNew).toBe(true);
  });

  it('plans in the transaction of its caller', async () => {
    const dispatch = newDispatch();
    await expect(
      database.db.transaction().execute(async (trx) => {
        await app.ledger.plan(dispatch, app.people(3), trx);
        throw new Error('the launch failed');
      }),
    ).rejects.toThrow('the launch failed');
    expect((await app.ledger.progress(dispatch)).planned).toBe(0);
  });

  it('refuses a second message to a person for the same purpose of a campaign', async () => {
    const first = newDispatch();
    await app.ledger.plan(first, app.people(3));
    await expect(app.ledger.plan({ ...first, id: randomUUID() }, app.people(1))).rejects.toMatchObject({
      code: 'already-planned',
    });
    const [person] = [...app.people(1)];
    await expect(app.ledger.plan(newDispatch(), [person!, person!])).rejects.toMatchObject({ code: 'already-planned' });
    await app.ledger.plan({ ...first, id: randomUUID(), purpose: 'reminder' }, app.people(1));
  });

  it.each([
    ['an address that is none', { address: 'Testa Sample <testa.sample1@nhs.net>' }, {}, 'bad-message'],
    ['an expiry before the due time', {}, { expiresAt: LATER }, 'bad-dispatch'],
  ])('refuses %s', async (_what, message, dispatch, code) => {
    await expect(app.ledger.plan(newDispatch(dispatch), app.people(1, message))).rejects.toMatchObject({ code });
  });

  it('gives a message the id that anybody can compute', async () => {
    const dispatch = newDispatch();
    await app.ledger.plan(dispatch, app.people(1));
    const [message] = await app.ledger.messages({ campaignId: dispatch.campaignId });
    expect(message!.id).toBe(messageIdOf(dispatch.campaignId, 'person-1', 'sign-in'));
  });

  it('pages through a campaign of several dispatches without gap or repeat', async () => {
    const { campaignId } = newDispatch();
    for (const purpose of ['first', 'second', 'third']) {
      await app.ledger.plan(newDispatch({ campaignId, purpose }), app.people(35));
    }
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await app.ledger.messages({ campaignId, limit: 20, ...(after ? { after } : {}) });
      seen.push(...page.map(({ id }) => id));
      after = page.at(-1)?.id;
      if (after === undefined) break;
    }
    expect(seen).toHaveLength(105);
    expect(new Set(seen).size).toBe(105);
    expect(await app.ledger.messages({ campaignId, states: ['failed'] })).toEqual([]);
    expect(await app.ledger.messages({ campaignId, states: ['planned'], limit: 1_000 })).toHaveLength(105);
  });

  it('says what an organisation, a person and an account were told', async () => {
    const dispatch = newDispatch();
    await app.ledger.plan(
      dispatch,
      app.people(1, { personKey: 'somebody', accountIds: ['U900', 'U901'], organisationCodes: ['B82001', 'B82002'] }),
    );
    for (const found of [
      await app.ledger.told('B82001'),
      await app.ledger.told('B82002'),
      await app.ledger.messagesOf({ personKey: 'somebody' }),
      await app.ledger.messagesOf({ accountId: 'U901' }),
    ]) {
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({
        campaignId: dispatch.campaignId,
        route: 'direct',
        state: 'planned',
        dueAt: LATER,
      });
    }
    expect(await app.ledger.told('B82003')).toEqual([]);
  });

  it('pages through what an organisation was told without loss or repetition', async () => {
    await app.ledger.plan(newDispatch(), app.people(7, { organisationCodes: ['B82004'] }));
    const all = (await app.ledger.told('B82004')).map(({ id }) => id);
    const pages = await Promise.all([0, 3, 6, 9].map((offset) => app.ledger.told('B82004', { limit: 3, offset })));
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1, 0]);
    expect(pages.flat().map(({ id }) => id)).toEqual(all);
  });

  it('stops exactly the unsent messages that it is told to stop', async () => {
    const dispatch = newDispatch();
    await app.ledger.plan(dispatch, app.people(100));
    const batch = { dispatchId: dispatch.id };
    expect(await app.ledger.cancelUnsent({ ...batch, personKeys: ['person-1', 'person-2', 'nobody'] }, 'asked')).toBe(
      2,
    );
    expect(await app.ledger.cancelUnsent({ ...batch, organisationCodes: ['A81003'] }, 'asked')).toBe(2);
    expect(await app.ledger.cancelUnsent({ ...batch, purposes: ['another'] }, 'asked')).toBe(0);
    expect((await app.ledger.progress(dispatch)).states).toMatchObject({ planned: 96, cancelled: 4 });
    await expect(app.ledger.cancelUnsent({ personKeys: ['person-1'] }, 'asked')).rejects.toMatchObject({
      code: 'no-batch',
    });
    expect(await app.ledger.cancel(batch, 'over')).toBe(96);
    expect(await app.ledger.faults()).toEqual([]);
  });

  it('stops a campaign for everybody who asks for it at once, while schedulers go on', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { id, campaignId } = await app.plan(2_000, { dueAt: clock.now() });
      // As after some time: the rows do not lie in the order in which they were planned.
      await sql`update delivery set reason = 'moved' where dispatch_id = ${id} and ordinal % 3 = 1`.execute(
        database.db,
      );
      await app.ledger.pause({ campaignId });
      const stopped = await Promise.all([
        app.ledger.cancel({ campaignId }, 'one'),
        app.reconciler.reconcile().then(() => 0),
        app.ledger.cancelUnsent({ campaignId }, 'two'),
        app.ledger.cancelUnsent({ dispatchId: id }, 'three'),
        app.reconciler.reconcile().then(() => 0),
      ]);
      expect(stopped.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(2_000);
      await app.reconciler.reconcile();
      expect((await app.ledger.progress({ campaignId })).states.cancelled).toBe(2_000);
    }
  });

  it('keeps a tally of states and minutes in step with the rows, and says when it is not', async () => {
    const { campaignId } = await app.plan(5);
    await app.untilFinished({ campaignId });
    await app.ledger.markBounced(messageIdOf(campaignId, 'person-1', 'sign-in'), 'hard 5.1.1');
    const tally = await sql<{ state: string; minute: Date; messages: number }>`
      select state, minute, sum(messages) as messages from delivery_tally
      where dispatch_id = (select id from dispatch where campaign_id = ${campaignId})
      group by 1, 2 having sum(messages) <> 0 order by 1`.execute(database.db);
    expect(tally.rows).toEqual([
      { state: 'accepted', minute: MONDAY, messages: 4 },
      { state: 'bounced', minute: MONDAY, messages: 1 },
    ]);
    expect(await app.ledger.faults()).toEqual([]);
    await sql`insert into delivery_tally select id, 'failed', null, 1 from dispatch where campaign_id = ${campaignId}`.execute(
      database.db,
    );
    expect(await app.ledger.faults()).toEqual([
      expect.objectContaining({ fault: 'belongs to a dispatch with 0 messages failed, which are tallied as 1' }),
    ]);
    await sql`delete from delivery_tally where state = 'failed'`.execute(database.db);
  });

  it.each([
    ['has no delivery row', sql`delete from delivery where ordinal = 2`],
    ['has a delivery row only', sql`delete from message where ordinal = 2`],
    [
      'has the delivery row of another message',
      sql`update delivery set message_id = gen_random_uuid() where ordinal = 2`,
    ],
    ['belongs to no dispatch', sql`with slices as (delete from slice) delete from dispatch`],
  ])('notices a message that %s', async (fault, break_) => {
    await app.plan(2);
    const trx = await database.db.startTransaction().execute();
    try {
      await break_.execute(trx);
      const faults = await new LedgerRepository(trx).faults();
      expect(faults).toContainEqual({ messageId: expect.any(String) as string, fault });
    } finally {
      await trx.rollback().execute();
    }
  });

  it('takes a bounce or a complaint only for a message that was accepted', async () => {
    const { campaignId } = await app.plan(3);
    const id = (person: number) => messageIdOf(campaignId, `person-${person}`, 'sign-in');
    expect(await app.ledger.markBounced(id(1), 'hard 5.1.1')).toBe('not-yet');
    await app.untilFinished({ campaignId });
    expect(await app.ledger.markBounced(id(1), 'hard 5.1.1')).toBe('marked');
    expect(await app.ledger.markBounced(id(1), 'hard 5.1.1')).toBe('already');
    expect(await app.ledger.markComplained(id(2), 'abuse')).toBe('marked');
    expect(await app.ledger.markBounced(randomUUID(), 'hard')).toBe('no-such-message');
    expect((await app.ledger.message(id(1))).reason).toBe('hard 5.1.1');

    const stopped = newDispatch();
    await app.ledger.plan(stopped, app.people(1));
    await app.ledger.cancel({ dispatchId: stopped.id }, 'over');
    expect(await app.ledger.markBounced(messageIdOf(stopped.campaignId, 'person-1', 'sign-in'), 'hard')).toBe(
      'not-sent',
    );
  });

  it('sends nothing to whom a row no longer names, and leaves the evidence', async () => {
    const sent = await app.plan(2);
    await app.untilFinished(sent);
    const unsent = newDispatch();
    await app.ledger.plan(unsent, app.people(2));
    await sql`update message set address = null, values = null, redacted_at = ${MONDAY} where person_key = 'person-1'`.execute(
      database.db,
    );

    const [message] = await app.ledger.messages({ campaignId: sent.campaignId });
    expect(message).toMatchObject({ personKey: 'person-1', address: null, values: null, redactedAt: MONDAY });
    expect(message).toMatchObject({ state: 'accepted', acceptedAt: MONDAY });
    clock.moveTo(LATER);
    await app.untilFinished(unsent);
    expect((await app.ledger.progress(unsent)).states).toMatchObject({ accepted: 1, suppressed: 1 });
  });
});

describe('the reconciler', () => {
  it('looks at the rows of its slices only, however many there are', async () => {
    const { planned } = await app.ledger.plan(newDispatch({ dueAt: MONDAY }), app.people(700));
    const undecided = randomUUID();
    await sql`insert into dispatch (id, campaign_id, purpose, due_at, planned, state, created_at, state_changed_at)
      values (${undecided}, ${randomUUID()}, 'sign-in', ${MONDAY}, 60000, 'running', ${MONDAY}, ${MONDAY})`.execute(
      database.db,
    );
    await sql`insert into delivery (dispatch_id, ordinal, message_id, state, state_changed_at)
      select ${undecided}::uuid, n, gen_random_uuid(), (case n when 1 then 'unknown' else 'accepted' end)::message_state,
        now() from generate_series(1, 60000) n`.execute(database.db);
    await sql`analyze`.execute(database.db);
    const now = clock.now();
    const trx = await database.db.startTransaction().execute();
    try {
      const repository = new ReconcilerRepository(trx);
      await repository.startDue(now);
      await repository.breakLeases(now);
      await repository.expire(now);
      await repository.stopCancelled(now);
      expect(await repository.queueDue(now, 64)).toHaveLength(2);
      await repository.finish(now);
      const { rows } = await sql<{ whole: number; rows: number }>`
        select seq_scan::int as whole, idx_tup_fetch::int as rows
        from pg_stat_xact_user_tables where relname = 'delivery'`.execute(trx);
      expect(rows[0]?.whole).toBe(0);
      expect(rows[0]?.rows).toBeLessThan(3 * planned);
    } finally {
      await trx.rollback().execute();
    }
  });
});

describe("a worker's statements", () => {
  it('never read the whole ledger, though they were planned when it was small', async () => {
    await using fresh = await testDatabase<DeliveryTables>();
    await using its = await DeliveryApp.start({ server: fresh.server, smtpUrl: sink.url, clock });
    const db = connect<DeliveryTables>(fresh.connectionString, 1);
    const drain = async (dispatch: ReturnType<typeof newDispatch>, trx: Kysely<DeliveryTables>) => {
      const repository = new ReconcilerRepository(trx);
      await repository.startDue(MONDAY);
      const slices = new SliceRepository(trx);
      let drained = 0;
      for (const { id } of await repository.queueDue(MONDAY, 64)) {
        const lease = await slices.lease(id, 'worker', 60);
        if (lease?.dispatchId !== dispatch.id) throw new Error('Somebody else has it');
        const messages = await slices.queued(lease);
        const intents = messages.map(({ ordinal }) => ({ ordinal, sha256: '00'.repeat(32) }));
        await slices.intend(lease, intents, 'smtp', MONDAY, 60);
        const accepted = intents.map(({ ordinal }) => ({ ordinal, state: 'accepted' as const, code: 250 }));
        drained += await slices.acknowledge(lease, accepted, MONDAY);
        expect(await slices.release(lease, MONDAY)).toBe(true);
      }
      return drained;
    };
    try {
      for (let i = 0; i < 12; i++) {
        const dispatch = newDispatch({ dueAt: MONDAY });
        await its.ledger.plan(dispatch, its.people(1));
        expect(await drain(dispatch, db)).toBe(1);
        // Of one page no index is worth a look.
        if (i === 0) await sql`vacuum analyze delivery, message, slice`.execute(fresh.db);
      }
      const large = newDispatch({ dueAt: MONDAY });
      await its.ledger.plan(large, its.people(6_000));
      await sql`select pg_stat_force_next_flush()`.execute(db);
      const trx = await db.startTransaction().execute();
      expect(await drain(large, trx)).toBe(6_000);
      const { rows } = await sql<{ table: string; whole: number }>`
        select relname as "table", seq_scan::int as whole from pg_stat_xact_user_tables
        where relname in ('delivery', 'message') order by relname`.execute(trx);
      await trx.rollback().execute();
      expect(rows).toEqual([
        { table: 'delivery', whole: 0 },
        { table: 'message', whole: 0 },
      ]);
    } finally {
      await db.destroy();
    }
  });
});

describe('the suppression list', () => {
  it('holds addresses in any spelling, until they fade or are lifted, and forgets nothing', async () => {
    const list = app.suppressions;
    await list.add({ address: 'Testa.Sample7@nhs.net', reason: 'hard-bounce', source: 'report 1', expiresAt: null });
    await list.add({ address: 'testa.sample8@nhs.net', reason: 'mailbox-full', source: 'report 2', expiresAt: LATER });
    const both = ['TESTA.SAMPLE7@NHS.NET', 'testa.sample8@nhs.net', 'testa.sample9@nhs.net'];
    expect(await list.suppressed(both)).toEqual(
      new Map([
        ['testa.sample7@nhs.net', 'hard-bounce'],
        ['testa.sample8@nhs.net', 'mailbox-full'],
      ]),
    );
    clock.moveTo(LATER);
    expect(await list.isSuppressed('testa.sample8@nhs.net')).toBe(false);
    expect(await list.lift('testa.sample7@nhs.net', 'an operator')).toEqual(['report 1']);
    expect(await list.lift('testa.sample7@nhs.net', 'an operator')).toEqual([]);
    expect((await list.suppressed(both)).size).toBe(0);
    expect(await list.history('testa.sample7@nhs.net')).toMatchObject([
      { reason: 'hard-bounce', liftedBy: 'an operator' },
    ]);
  });

  it('holds an address once for each reason and source, as long as the longest of them says', async () => {
    const list = app.suppressions;
    const address = 'testa.sample10@nhs.net';
    const soon = new Date(clock.now().getTime() + 3_600_000);
    const later = new Date(clock.now().getTime() + 7_200_000);
    const wanted = { address, reason: 'asked-not-to', source: 'key:1' };
    await Promise.all([later, soon, later, soon].map((expiresAt) => list.add({ ...wanted, expiresAt })));
    expect(await list.history(address)).toMatchObject([{ expiresAt: later }]);
    await list.add({ ...wanted, expiresAt: null });
    await list.add({ ...wanted, expiresAt: soon });
    expect(await list.history(address)).toMatchObject([{ expiresAt: null }]);
    await list.add({ ...wanted, source: 'key:2', expiresAt: soon });
    await list.add({ ...wanted, reason: 'left', expiresAt: soon });
    expect(await list.history(address)).toHaveLength(3);
  });
});
