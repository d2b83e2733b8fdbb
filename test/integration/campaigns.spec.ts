import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { ApiKeys, AuditTrail, type Permission, type Principal } from '../../src/access/index.js';
import { type CampaignInput, CampaignRunner, CampaignService } from '../../src/campaigns/index.js';
import { type CampaignTables } from '../../src/campaigns/campaign.tables.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { CaptureInbox, Ledger, Reconciler, SuppressionList } from '../../src/delivery/index.js';
import { DEFAULT_TEMPLATES_DIR } from '../../src/rendering/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const at = (time: string): Date => LondonTime.parse(time).toInstant();
const MONDAY = at('2026-09-07T09:00');
const author = colleague('author');
const approver = colleague('approver');
const operator = colleague('operator');

let database: TestDatabase<CampaignTables>;
let clock: FixedClock;
let test: TestApp;
let service: CampaignService;
let runner: CampaignRunner;
let ledger: Ledger;
let windowId: string;
let windows = 0;

beforeAll(async () => {
  database = await testDatabase();
  clock = new FixedClock(MONDAY);
  test = await TestApp.start({ server: database.server, clock });
  await test.importSmallDirectory();
  service = test.app.get(CampaignService);
  runner = test.app.get(CampaignRunner);
  ledger = test.app.get(Ledger);
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  clock.moveTo(MONDAY);
  const window = await test.app.get(DeadlinesService).createWindow(
    {
      name: `Window ${(windows += 1)}`,
      cutoff: '2026-09-18T12:00',
      reopening: '2026-09-23T08:00',
      pcse: '2026-09-28T08:00',
      signInChange: '2026-09-23T08:00',
    },
    author.id,
  );
  windowId = window.id;
});

const draft = async (more: Partial<CampaignInput> = {}, by = author): Promise<string> =>
  (await service.create({ name: 'September', kind: 'sign-in-notice', windowId, ...more }, by)).id;
const approved = async (more: Partial<CampaignInput> = {}): Promise<string> => {
  const id = await draft(more);
  const { hash } = await service.plan(id);
  await service.submit(id, author);
  await service.approve(id, hash, approver);
  return id;
};
const scheduled = async (more: Partial<CampaignInput> = {}): Promise<string> => {
  const id = await approved(more);
  await service.schedule(id, operator);
  return id;
};
/** Suppresses for the time of `work`, so that no other test finds its people changed. */
const whileSuppressed = async (addresses: readonly string[], work: () => Promise<void>): Promise<void> => {
  const suppressions = test.app.get(SuppressionList);
  for (const address of addresses) await suppressions.add({ address, reason: 'test', source: 'test', expiresAt: null });
  await work();
  for (const address of addresses) await suppressions.lift(address, 'person:test');
};
const planned = async (id: string): Promise<number> => (await ledger.progress({ campaignId: id })).planned;

describe('a campaign', () => {
  it('sends what was planned, to everybody once, and is finished only then', async () => {
    const inbox = test.app.get(CaptureInbox);
    const before = await inbox.count();
    const id = await scheduled();
    const plan = await service.plan(id);
    await test.settle(id);
    expect((await service.get(id)).state).toBe('finished');
    const { states } = await ledger.progress({ campaignId: id });
    expect(states.accepted).toBe(plan.summary.recipients);
    expect((await inbox.count()) - before).toBe(plan.summary.recipients);
    expect(await ledger.faults()).toEqual([]);
  });

  it('plans the same hash for the same facts, and another when one recipient is different', async () => {
    const id = await draft();
    const first = await service.plan(id);
    const second = await service.plan(id);
    expect(second.hash).toBe(first.hash);
    expect(second.summary.changes).toMatchObject({ joined: 0, left: 0, changed: 0 });

    const someone = await database.db
      .selectFrom('plan_recipient')
      .select('address')
      .where('plan_id', '=', second.id)
      .where('address', 'is not', null)
      .orderBy('address')
      .executeTakeFirstOrThrow();
    await whileSuppressed([someone.address!], async () => {
      const third = await service.plan(id);
      expect(third.hash).not.toBe(first.hash);
      expect(third.summary.changes).toMatchObject({ joined: 0, left: 1, changed: 0 });
      expect(third.summary.exclusions['suppressed: test']).toBe(1);
    });
  });

  it('is planned however often somebody asks at once, and keeps the newest plan whole', async () => {
    const id = await draft({ audience: { segments: ['unknown', 'mismatched'] } });
    // More than there are connections to the database: each plan reads beside what it writes.
    const plans = await Promise.all(Array.from({ length: 30 }, () => service.plan(id)));
    expect(new Set(plans.map(({ hash }) => hash)).size).toBe(1);
    await service.submit(id, author);
    await service.approve(id, plans[0]!.hash, approver);
    const approvedPlan = (await service.get(id)).approved_plan_id;
    await Promise.all(Array.from({ length: 5 }, () => service.plan(id)));
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from plan_recipient
      where plan_id = ${approvedPlan}`.execute(database.db);
    expect(rows[0]!.n).toBeGreaterThan(0);
  });

  it('accounts for every person: an email or a reason', async () => {
    const { summary } = await service.plan(await draft());
    const total = Object.values(summary.byRoute).reduce((sum, people) => sum + people, 0);
    expect(summary.people + summary.excluded).toBe(total);
    expect(Object.values(summary.exclusions).reduce((sum, people) => sum + people, 0)).toBe(summary.excluded);
  });

  it('tells of the next chance also in a round that changes nothing about signing in', async () => {
    const times = { cutoff: '2026-10-16T12:00', reopening: '2026-10-21T08:00', pcse: '2026-10-26T08:00' };
    const window = await test.app.get(DeadlinesService).createWindow({ name: 'October', ...times }, author.id);
    const { summary } = await service.plan(await draft({ kind: 'after-cutoff', windowId: window.id }));
    expect(summary.recipients).toBeGreaterThan(0);
    expect(summary.missing).toEqual({});
  });

  it('is refused where another campaign is to tell the same people the opposite', async () => {
    const first = await approved();
    const { approved_plan_id: plan } = await service.get(first);
    await database.db
      .updateTable('plan_recipient')
      .set({ template: 'sign-in-without-nhsmail' })
      .where('plan_id', '=', plan!)
      .where('template', '=', 'sign-in-nhsmail')
      .where('person_key', 'in', (query) =>
        query
          .selectFrom('plan_recipient')
          .select('person_key')
          .where('plan_id', '=', plan!)
          .where('template', '=', 'sign-in-nhsmail')
          .limit(3),
      )
      .execute();
    const second = await draft();
    const { summary } = await service.plan(second);
    expect(summary.contradictions).toEqual([
      { campaign: 'September', template: 'sign-in-nhsmail', otherTemplate: 'sign-in-without-nhsmail', people: 3 },
    ]);
    await expect(service.submit(second, author)).rejects.toMatchObject({ code: 'contradictory-instructions' });
    await service.cancel(first, 'planned with an older directory', operator);
    await service.plan(second);
    await service.submit(second, author);
  });

  it('is refused where commissioners would be asked for a new account, and the person told to keep the old one', async () => {
    const first = await approved();
    const { approved_plan_id: plan } = await service.get(first);
    const { rows } = await sql<{ key: string }>`
      update plan_recipient set template = 'sign-in-without-nhsmail'
      where plan_id = ${plan} and template = 'sign-in-mismatched' and person_key in (
        select person_key from plan_recipient where plan_id = ${plan} and template = 'sign-in-mismatched' limit 2
      ) returning person_key as key`.execute(database.db);
    expect(rows).toHaveLength(2);
    const cascade = await draft({ kind: 'cascade-request' });
    const { summary, hash } = await service.plan(cascade);
    const found = { template: 'cascade-request', otherTemplate: 'sign-in-without-nhsmail', people: 2 };
    expect(summary.contradictions).toEqual([{ campaign: 'September', ...found }]);
    await expect(service.submit(cascade, author)).rejects.toMatchObject({ code: 'contradictory-instructions' });

    // One that was planned and submitted before is refused when it is to be approved.
    await sql`update plan set summary = jsonb_set(summary, '{contradictions}', '[]') where hash = ${hash}`.execute(
      database.db,
    );
    await service.submit(cascade, author);
    await expect(service.approve(cascade, hash, approver)).rejects.toMatchObject({
      code: 'contradictory-instructions',
    });
    await service.cancel(first, 'planned with an older directory', operator);
    await service.approve(cascade, hash, approver);
  });

  it('is not submitted while a template lacks a value, as one that the team has just changed may', async () => {
    await using folder = await withEarlierCutoff('sign-in-nhsmail');
    await using app = await TestApp.start({
      server: database.server,
      clock,
      config: { templatesDir: folder.path },
    });
    const campaigns = app.app.get(CampaignService);
    const id = await draft();
    const { summary } = await campaigns.plan(id);
    expect(summary.missing).toEqual({ 'sign-in-nhsmail': ['previousWindow.cutoff'] });
    await expect(campaigns.submit(id, author)).rejects.toMatchObject({
      code: 'values-missing',
      message: `Campaign ${id} cannot be submitted: sign-in-nhsmail lacks previousWindow.cutoff`,
    });
    expect((await service.get(id)).state).toBe('draft');
  });

  it('is not for places that nobody knows: a mistyped practice would be told nothing, and nothing would say so', async () => {
    const organisations = ['A84002', 'A8400Z'];
    const id = await draft({ audience: { organisations, commissioners: ['A84005'], regions: ['00L', 'Y63'] } });
    await service.plan(id);
    const submitted = service.submit(id, author);
    await expect(submitted).rejects.toMatchObject({ code: 'audience-unknown' });
    await expect(submitted).rejects.toThrow(
      '00L is no region; A84005 is no commissioner; no imported file names A8400Z',
    );
    const { version } = await service.get(id);
    const audience = { organisations: ['A84002'], commissioners: ['00L'], regions: ['Y63'] };
    await service.edit(id, version, { name: 'September', kind: 'sign-in-notice', windowId, audience }, author);
    await service.plan(id);
    expect((await service.submit(id, author)).state).toBe('in-review');
  });

  it('shows whom NHSmail-only mail would miss', async () => {
    const wide = await service.plan(await draft());
    const narrow = await service.plan(await draft({ audience: { reach: 'nhsmail-only' } }));
    expect(narrow.summary.exclusions['no NHSmail address registered']).toBe(
      wide.summary.recipients - narrow.summary.recipients,
    );
    expect(narrow.summary.byRoute['cascade'] ?? 0).toBeGreaterThan(wide.summary.byRoute['cascade'] ?? 0);
  });
});

describe('an approval', () => {
  it('is not given by the author, by a program of the service, or by somebody without the role', async () => {
    const id = await draft();
    const { hash } = await service.plan(id);
    await service.submit(id, author);
    const both = { ...colleague('approver', 'author'), permissions: [...approver.permissions, ...author.permissions] };
    await expect(service.approve(id, hash, both)).rejects.toMatchObject({ code: 'own-campaign' });
    const keys = test.app.get(ApiKeys);
    const { key } = await keys.create({ name: 'A key', permissions: ['campaign:approve'], expiresInDays: 1 }, both);
    await expect(service.approve(id, hash, (await keys.recognise(key))!)).rejects.toMatchObject({
      code: 'own-campaign',
    });
    await expect(service.approve(id, hash, { ...approver, id: 'system:x', kind: 'system' })).rejects.toMatchObject({
      code: 'not-a-person',
    });
    await expect(service.approve(id, hash, colleague('viewer'))).rejects.toMatchObject({ code: 'not-permitted' });
    await expect(service.approve(id, hash, operator)).rejects.toMatchObject({ code: 'not-permitted' });
    expect((await service.get(id)).state).toBe('in-review');
  });

  describe('is not given by whoever wrote a part of it', () => {
    const permissions: Permission[] = ['campaign:read', 'campaign:write', 'campaign:approve', 'key:manage'];
    const both = (name: string) => ({ ...colleague('author', name), permissions });
    const [one, two, three] = [both('one'), both('two'), both('three')];
    const keyOf = async (maker: Principal) => {
      const keys = test.app.get(ApiKeys);
      const { key } = await keys.create({ name: 'A key', permissions, expiresInDays: 1 }, maker);
      return (await keys.recognise(key))!;
    };

    it('in production by whatever key they wrote and approve', async () => {
      await using production = await TestApp.start({
        server: database.server,
        clock,
        config: { environment: 'production' },
      });
      const campaigns = production.app.get(CampaignService);
      const key = await keyOf(one);
      // A key that a key has made answers to the same person.
      const guises = [one, key, await keyOf(one), await keyOf(key)];
      for (const writer of guises) {
        const { id } = await campaigns.create({ name: 'September', kind: 'sign-in-notice', windowId }, writer);
        const { hash } = await campaigns.plan(id);
        await campaigns.submit(id, two);
        for (const guise of guises)
          await expect(campaigns.approve(id, hash, guise)).rejects.toMatchObject({ code: 'own-campaign' });
        await campaigns.sendBack(id, 'Not like this', three);
        const { version, audience } = await campaigns.get(id);
        const edit = { name: 'September!', kind: 'sign-in-notice' as const, windowId, audience };
        await campaigns.edit(id, version, edit, await keyOf(two));
        const { hash: edited } = await campaigns.plan(id);
        await campaigns.submit(id, one);
        for (const guise of [...guises, two, await keyOf(two)])
          await expect(campaigns.approve(id, edited, guise)).rejects.toMatchObject({ code: 'own-campaign' });
        expect((await campaigns.approve(id, edited, three)).state).toBe('approved');
        await campaigns.cancel(id, 'It was a test', operator);
      }
    });

    it('elsewhere each key that writes is a colleague, as whoever tries the service out is alone', async () => {
      const id = await draft({}, await keyOf(one));
      const { version, audience } = await service.get(id);
      await service.edit(id, version, { name: 'September!', kind: 'sign-in-notice', windowId, audience }, two);
      const { hash } = await service.plan(id);
      await service.submit(id, one);
      for (const guise of [two, await keyOf(two)])
        await expect(service.approve(id, hash, guise)).rejects.toMatchObject({ code: 'own-campaign' });
      expect((await service.approve(id, hash, await keyOf(one))).state).toBe('approved');
      await service.cancel(id, 'It was a test', operator);
    });
  });

  it('is for the newest plan only', async () => {
    const id = await draft();
    const { hash } = await service.plan(id);
    await service.submit(id, author);
    await expect(
      service.approve(
        id,
        hash.replace(/^./, (c) => (c === '0' ? '1' : '0')),
        approver,
      ),
    ).rejects.toMatchObject({ code: 'plan-changed' });
  });

  it('is for a plan of what the campaign says now: one from before an edit is none', async () => {
    const id = await draft();
    const { hash } = await service.plan(id);
    const fewer = { segments: ['unknown' as const] };
    await service.edit(id, 1, { name: 'September', kind: 'sign-in-notice', windowId, audience: fewer }, author);
    await expect(service.submit(id, author)).rejects.toMatchObject({ code: 'no-plan' });
    const again = await service.plan(id);
    expect(again.summary.recipients).toBeGreaterThan(0);
    expect(again.summary.changes.left).toBeGreaterThan(0);
    await service.submit(id, author);
    await expect(service.approve(id, hash, approver)).rejects.toMatchObject({ code: 'plan-changed' });
    await service.approve(id, again.hash, approver);
  });

  it('is void when a recipient was altered behind its back', async () => {
    const id = await scheduled();
    const { approved_plan_id: plan } = await service.get(id);
    await database.db
      .updateTable('plan_recipient')
      .set({ address: 'somebody.else@example.test' })
      .where('plan_id', '=', plan)
      .where('address', 'is not', null)
      .execute();
    await test.settle(id);
    expect(await service.get(id)).toMatchObject({ state: 'draft', approved_hash: null });
    expect(await planned(id)).toBe(0);
  });

  it('is void when the cutoff has moved since', async () => {
    const id = await scheduled({ launchAt: '2026-09-08T09:00:00+01:00' });
    const deadlines = test.app.get(DeadlinesService);
    const { version } = await deadlines.window(windowId);
    await deadlines.moveCutoff(
      windowId,
      {
        cutoff: '2026-09-17T12:00',
        reopening: '2026-09-23T08:00',
        pcse: '2026-09-28T08:00',
        signInChange: '2026-09-23T08:00',
      },
      version,
      author.id,
    );
    clock.moveTo(at('2026-09-08T09:00'));
    await test.settle(id);
    expect((await service.get(id)).state).toBe('draft');
    expect(await planned(id)).toBe(0);
  });

  it('lapses when too many have joined, left or changed since', async () => {
    const id = await scheduled({ launchAt: '2026-09-08T09:00:00+01:00' });
    const addresses = await database.db
      .selectFrom('account')
      .select('email_normalised')
      .where('email_normalised', 'is not', null)
      .limit(100)
      .execute();
    clock.moveTo(at('2026-09-08T09:00'));
    await whileSuppressed(
      addresses.map(({ email_normalised: address }) => address!),
      async () => {
        await test.settle(id);
        expect((await service.get(id)).state).toBe('draft');
      },
    );
    const [entry] = await test.app.get(AuditTrail).entries({ subject: `campaign:${id}`, limit: 1 });
    expect(entry).toMatchObject({ action: 'campaign.void-approval', actor: 'system:scheduler' });
  });
});

describe('the schedule', () => {
  it('waits for its time, and for a person where it is held back', async () => {
    const id = await scheduled({ kind: 'guidance-follow-up' });
    await test.settle(id);
    expect((await service.get(id)).state).toBe('scheduled');
    await service.release(id, operator);
    await test.settle(id);
    expect((await service.get(id)).state).toBe('finished');

    const later = await scheduled({
      launchAt: '2026-09-08T09:00:00+01:00',
      audience: { segments: ['without-nhsmail'] },
    });
    clock.moveTo(at('2026-09-08T08:59'));
    await test.settle(later);
    expect(await planned(later)).toBe(0);
    clock.moveTo(at('2026-09-08T09:00'));
    await test.settle(later);
    expect(await planned(later)).toBeGreaterThan(0);
  });

  it('keeps nobody from the audit trail while it writes the messages of a step', async () => {
    const id = await scheduled({ kind: 'payment-reminder' });
    await test.importDeclarations(1);
    clock.moveTo(at('2026-09-17T12:00'));
    const [dispatching] = await database.db.transaction().execute(async (trx) => {
      await sql`lock table message in exclusive mode`.execute(trx);
      const started = runner.runDueSteps(id);
      await waiting(1);
      await draft();
      return [started];
    });
    expect(await dispatching).toBeGreaterThan(0);
    const states = (await service.steps(id)).map(({ state }) => state);
    expect(states).toContain('skipped');
    expect(states).toContain('dispatched');
    await service.cancel(id, 'the test is over', operator);
  });

  it('sends nothing from the cutoff on', async () => {
    const id = await scheduled({ launchAt: '2026-09-18T11:00:00+01:00' });
    clock.moveTo(at('2026-09-18T12:00'));
    await test.settle(id);
    expect(await planned(id)).toBe(0);
    expect(await service.steps(id)).toMatchObject([{ state: 'skipped', note: 'its time had passed' }]);
  });

  it('tells nobody that the cutoff has passed before it has, however early somebody schedules that', async () => {
    await test.importDeclarations(1);
    clock.moveTo(at('2026-09-17T16:00'));
    for (const launchAt of [null, '2026-09-18T10:00:00+01:00', '2026-09-18T13:00:00+01:00']) {
      const id = await scheduled({ kind: 'after-cutoff', launchAt, audience: { regions: ['Y63'] } });
      const [step] = await service.steps(id);
      expect(step?.due_at).toEqual(at(launchAt?.includes('13:00') ? '2026-09-18T13:00' : '2026-09-18T12:00'));
      await test.settle(id);
      expect(await planned(id)).toBe(0);
      await service.cancel(id, 'seen', operator);
    }
    const id = await scheduled({ kind: 'after-cutoff' });
    clock.moveTo(at('2026-09-18T12:00'));
    await test.settle(id);
    expect(await planned(id)).toBeGreaterThan(0);

    // Made afterwards it leaves at once, and its plan speaks of now.
    clock.moveTo(at('2026-09-21T09:00'));
    const late = await scheduled({ kind: 'after-cutoff', audience: { regions: ['Y63'] } });
    const { explanation } = (await service.plan(late)).summary.feasibility;
    expect(explanation).toContain('Launched at 9am on Monday 21 September 2026');
    await test.settle(late);
    expect(await planned(late)).toBeGreaterThan(0);
  });

  it('dispatches a step once, however many schedulers ask at the same moment', async () => {
    const id = await scheduled({ audience: { segments: ['unknown', 'mismatched'] } });
    const counts = await Promise.all(Array.from({ length: 5 }, () => runner.runDueSteps(id)));
    expect(counts.filter((count) => count > 0)).toHaveLength(1);
    expect(await planned(id)).toBe(Math.max(...counts));
    await test.settle(id);
  });

  it('closes what is done once, however many schedulers find it so at the same moment', async () => {
    const ids: string[] = [];
    for (const segment of ['unknown', 'mismatched'] as const) {
      const id = await scheduled({ audience: { segments: [segment] } });
      await runner.runDueSteps(id);
      await test.deliver(id);
      ids.push(id);
    }
    const found = await runner.withoutWaitingSteps();
    await Promise.all(Array.from({ length: 5 }, () => found.map((each) => runner.finishIfDone(each))).flat());
    for (const id of ids) {
      expect((await service.get(id)).state).toBe('finished');
      const entries = await test.app.get(AuditTrail).entries({ subject: `campaign:${id}`, limit: 100 });
      expect(entries.filter(({ action }) => action === 'campaign.finish')).toHaveLength(1);
    }
  });

  it('does nothing about a campaign that somebody has changed since it was looked at', async () => {
    const id = await scheduled({ audience: { segments: ['unknown'] } });
    await runner.runDueSteps(id);
    await test.deliver(id);
    const found = (await runner.withoutWaitingSteps()).find((each) => each.id === id)!;
    await service.pause(id, operator);
    await service.resume(id, operator);
    await runner.finishIfDone(found);
    expect((await service.get(id)).state).toBe('sending');
    await test.settle(id);
    expect((await service.get(id)).state).toBe('finished');
  });

  it('pauses and resumes without repeating anybody, and cancels what has not left', async () => {
    const id = await scheduled({ audience: { segments: ['nhsmail'] } });
    await runner.runDueSteps(id);
    await service.pause(id, operator);
    await test.app.get(Reconciler).reconcile();
    const { states } = await ledger.progress({ campaignId: id });
    expect(states.accepted).toBe(0);
    await service.resume(id, operator);
    await test.settle(id);
    expect((await service.get(id)).state).toBe('finished');

    const other = await scheduled({ audience: { segments: ['mismatched'] } });
    await runner.runDueSteps(other);
    await service.cancel(other, 'wrong month', operator);
    await test.settle(other);
    const after = await ledger.progress({ campaignId: other });
    expect(after.states.cancelled).toBe(after.planned);
  });
});

/** Until so many connections to the test's database wait for somebody's lock. */
const waiting = async (connections: number): Promise<void> => {
  for (;;) {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(database.db);
    if (rows[0]?.n === connections) return;
    await delay(10);
  }
};

describe('a cancelled campaign', () => {
  it('sends nothing, also when it was launched between the reading and the writing of its state', async () => {
    const id = await scheduled({ audience: { segments: ['without-nhsmail'] } });
    const [launch, cancel] = await database.db.transaction().execute(async (trx) => {
      // Holds the launch up where it has the campaign and nobody can see that yet.
      await sql`lock table dispatch in exclusive mode`.execute(trx);
      const launched = runner.runDueSteps(id);
      await waiting(1);
      const cancelled = service.cancel(id, 'wrong month', operator);
      await waiting(2);
      return [launched, cancelled];
    });
    expect(await launch).toBeGreaterThan(0);
    expect((await cancel).state).toBe('cancelled');
    const { states, planned } = await ledger.progress({ campaignId: id });
    expect(states.cancelled).toBe(planned);
  });
});

describe('a campaign that somebody plans just now', () => {
  it('can be stopped meanwhile, and is launched in time', async () => {
    const cancelled = await scheduled({ audience: { segments: ['unknown'] } });
    const due = await scheduled({ audience: { segments: ['mismatched'] } });
    const plans = await database.db.transaction().execute(async (trx) => {
      // Holds both plans up where they have written their heads.
      await sql`lock table plan_recipient in exclusive mode`.execute(trx);
      const started = Promise.all([service.plan(cancelled), service.plan(due)]);
      await waiting(2);
      expect((await service.cancel(cancelled, 'wrong month', operator)).state).toBe('cancelled');
      expect(await runner.runDueSteps(due)).toBeGreaterThan(0);
      return [started];
    });
    await Promise.all(plans);
    await test.settle(due);
  });
});

describe('reminders', () => {
  it('go to those who block a payment at that moment, stop for those who have acted, and skip what was missed', async () => {
    const id = await scheduled({ kind: 'payment-reminder' });
    await test.importDeclarations(1);
    clock.moveTo(at('2026-09-11T09:00'));
    await test.settle(id);
    const first = await planned(id);
    expect(first).toBeGreaterThan(0);
    const blocked = new Set(
      (await test.app.get(DeadlinesService).blockers(windowId))
        .filter(({ practice }) => practice)
        .map(({ organisationCode }) => organisationCode as string),
    );
    const toPractices = (await ledger.messages({ campaignId: id, limit: 1_000 })).filter(
      ({ template }) => template === 'payment-reminder-practice',
    );
    expect(toPractices.length).toBeGreaterThan(0);
    for (const { organisationCodes } of toPractices)
      for (const code of organisationCodes) expect(blocked).toContain(code);

    await test.importDeclarations(2);
    // Two steps have come due meanwhile: only the later one goes out.
    clock.moveTo(at('2026-09-17T10:00'));
    await test.settle(id);
    const steps = await service.steps(id);
    expect(steps.map(({ step_id, state }) => [step_id, state])).toEqual([
      ['5-working-days', 'dispatched'],
      ['2-working-days', 'skipped'],
      ['morning-before', 'dispatched'],
      ['4-hours', 'waiting'],
    ]);
    expect((await planned(id)) - first).toBeLessThan(first);
    expect((await service.get(id)).state).toBe('sending');

    await database.db
      .updateTable('declaration' as never)
      .set({ status: 'financially-approved' } as never)
      .execute();
    clock.moveTo(at('2026-09-18T08:00'));
    const before = await planned(id);
    await test.settle(id);
    expect(await planned(id)).toBe(before);
    expect((await service.get(id)).state).toBe('finished');
  });
});

/** The service's templates, of which one says a cutoff that only a correction knows. */
async function withEarlierCutoff(name: string): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'cqrs-comms-templates-'));
  await cp(DEFAULT_TEMPLATES_DIR, path, { recursive: true });
  const file = (one: string): string => join(path, name, one);
  const edit = async (one: string, change: (text: string) => string): Promise<void> =>
    writeFile(file(one), change(await readFile(file(one), 'utf8')));
  await edit('template.yaml', (text) => text.replace('placeholders:\n', '$&  previousWindow.cutoff: required\n'));
  await edit('sample.json', (text) => text.replace('{', '{"previousWindow": {"cutoff": "2026-09-16T12:00"},'));
  await edit('body.txt.hbs', (text) => `${text}\nNot {{dateAndTime previousWindow.cutoff}}.\n`);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

it('keeps an audit chain of all of it', async () => {
  expect(await test.app.get(AuditTrail).verify()).toMatchObject({ ok: true });
});
