import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { sql } from 'kysely';
import { AuditTrail, People } from '../../src/access/index.js';
import { CampaignService } from '../../src/campaigns/index.js';
import {
  CascadeFreezer,
  CascadeService,
  type CascadeTables,
  CascadeTicker,
  DrillService,
  EscalationService,
  LoopService,
  NudgeService,
} from '../../src/cascades/index.js';
import { CampaignTransitions } from '../../src/campaigns/campaign.transitions.js';
import { CascadeRepository } from '../../src/cascades/cascade.repository.js';
import { CensusService } from '../../src/cascades/census.service.js';
import { EscalationRepository } from '../../src/cascades/escalation.repository.js';
import { UploadStore } from '../../src/console/upload.store.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { Ledger, MessageDesk, messageIdOf, returnPathsOf, SuppressionList } from '../../src/delivery/index.js';
import { type ImportReport } from '../../src/directory/index.js';
import { FeedbackRepository } from '../../src/feedback/feedback.repository.js';
import { FeedbackTicker } from '../../src/feedback/feedback.ticker.js';
import { FeedbackService, OptOutService } from '../../src/feedback/index.js';
import { CONFIG, type Config } from '../../src/platform/config/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { bounce } from '../support/bounce.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { withoutAudit } from '../support/refused-audit.js';

const at = (time: string): Date => LondonTime.parse(time).toInstant();
const MONDAY = at('2026-09-07T09:00');
const [author, operator] = [colleague('author'), colleague('operator')];
/** More than a process has connections to PostgreSQL. */
const CROWD = 25;

let database: TestDatabase<CascadeTables>;
let clock: FixedClock;
let test: TestApp;
let windowId: string;

beforeAll(async () => {
  database = await testDatabase();
  clock = new FixedClock(MONDAY);
  const commissioner = [
    { to: 'deputy', afterHours: 1 },
    { to: 'practices', afterHours: 1 },
  ];
  test = await TestApp.start({
    server: database.server,
    clock,
    config: { cascadeEscalation: { commissioner, mostPerRun: 2 } },
  });
  await test.importSmallDirectory();
  const dates = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' };
  const window = { name: 'September', ...dates, signInChange: '2026-09-23T08:00' };
  ({ id: windowId } = await test.app.get(DeadlinesService).createWindow(window, author.id));
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => {
  clock.moveTo(MONDAY);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const crowd = <T>(work: () => Promise<T>, size = CROWD): Promise<PromiseSettledResult<T>[]> =>
  Promise.allSettled(Array.from({ length: size }, work));
const done = <T>(outcomes: readonly PromiseSettledResult<T>[]): T[] =>
  outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
const refusals = (outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as { code?: string }).code] : []));
const entries = async (action: string, subject?: string) =>
  (await test.app.get(AuditTrail).entries({ limit: 1_000, ...(subject !== undefined && { subject }) })).filter(
    (entry) => entry.action === action,
  );

/**
 * Freezes the next caller of a method before it, as a machine that is suspended does; the real method runs when it is
 * let go on.
 */
function freezeBefore<K extends string>(part: Record<K, (...args: never[]) => Promise<unknown>>, method: K) {
  const original = part[method].bind(part);
  const events = new EventEmitter();
  const [frozen, thawed] = [once(events, 'frozen'), once(events, 'thawed')];
  jest.spyOn(part, method as never).mockImplementationOnce((async (...args: never[]) => {
    events.emit('frozen');
    await thawed;
    return original(...args);
  }) as never);
  return { frozen, goOn: () => events.emit('thawed') };
}

/** A cascade whose request has just been sent to every commissioner and region. */
async function launched(): Promise<string> {
  const campaigns = test.app.get(CampaignService);
  const { id } = await campaigns.create({ name: 'Two at once', kind: 'cascade-request', windowId }, author);
  const { hash } = await campaigns.plan(id);
  await campaigns.submit(id, author);
  await campaigns.approve(id, hash, colleague('approver'));
  await campaigns.schedule(id, operator);
  await test.settle(id);
  await test.app.get(CascadeFreezer).freeze(id);
  await test.app.get(CascadeTicker).runOne(id);
  return id;
}

const organisations = (id: string, kind: 'commissioner' | 'practice') =>
  database.db
    .selectFrom('cascade_organisation')
    .selectAll()
    .where('cascade_id', '=', id)
    .where('kind', '=', kind)
    .orderBy('code')
    .execute();

describe('a cascade', () => {
  it('writes to the practices of both rounds of a minute', async () => {
    const id = await launched();
    await database.db
      .updateTable('cascade_organisation')
      .set({ direct_reason: 'silence' })
      .where('cascade_id', '=', id)
      .where('kind', '=', 'practice')
      .execute();
    for (let round = 0; round < 2; round += 1) {
      await test.app.get(CascadeTicker).runOne(id);
      clock.advance(30_000);
    }
    const written = (await organisations(id, 'practice')).filter(({ written_at }) => written_at !== null);
    expect(written).toHaveLength(4);
    for (const { code } of written) {
      const told = (await test.app.get(Ledger).told(code)).filter(({ campaignId }) => campaignId === id);
      expect(told.map(({ purpose }) => purpose)).toContainEqual(expect.stringContaining('escalation:practices:'));
    }
  });

  it('nudges once, however many people ask for it at once', async () => {
    const id = await launched();
    const [{ code } = { code: '' }] = await organisations(id, 'commissioner');
    const outcomes = await crowd(() => test.app.get(NudgeService).nudge(id, [code], operator));
    expect(done(outcomes)).toHaveLength(1);
    expect(new Set(refusals(outcomes))).toEqual(new Set(['nothing-to-nudge']));
    expect(await entries('cascade.nudged', `cascade:${id}`)).toHaveLength(1);
  });

  it('takes silence further once, although a scheduler was frozen before it wrote', async () => {
    const id = await launched();
    const escalation = test.app.get(EscalationService);
    clock.moveTo(at('2026-09-07T14:00'));
    const { frozen, goOn } = freezeBefore(test.app.get(EscalationRepository), 'figures');
    const late = escalation.run(await test.app.get(CascadeService).get(id));
    await frozen;
    clock.advance(360_000);
    expect(await escalation.run(await test.app.get(CascadeService).get(id))).toBeGreaterThan(0);
    clock.advance(60_000);
    goOn();
    expect(await late).toBe(0);
    for (const { code } of await organisations(id, 'commissioner')) {
      const steps = await test.app.get(CascadeService).steps(id, code);
      expect(steps.filter(({ action }) => action === 'escalate').length).toBeLessThanOrEqual(1);
    }
  });

  it('takes nothing further about somebody who answers while the letters are made', async () => {
    const id = await launched();
    clock.moveTo(at('2026-09-07T14:00'));
    const { frozen, goOn } = freezeBefore(test.app.get(EscalationRepository), 'figures');
    const round = test.app.get(EscalationService).run(await test.app.get(CascadeService).get(id));
    await frozen;
    for (const { code: organisation } of await organisations(id, 'commissioner')) {
      await test.app
        .get(CascadeService)
        .answer({ cascadeId: id, organisation, answer: 'acknowledge', actor: `link:${organisation}` });
    }
    goOn();
    expect(await round).toBe(0);
  });

  it('is worked on by one scheduler at a time', async () => {
    const id = await launched();
    const cascades = test.app.get(CascadeRepository);
    const worked: string[] = [];
    const asOne = (who: string, meanwhile?: () => Promise<void>) =>
      cascades.inTurn(id, async () => {
        worked.push(who);
        await meanwhile?.();
      });
    await asOne('first', () => asOne('second'));
    await asOne('third');
    expect(worked).toEqual(['first', 'third']);
  });

  it('is compared with an import once, by whoever has seen the newest', async () => {
    const id = await launched();
    const loop = test.app.get(LoopService);
    const cascade = await test.app.get(CascadeService).get(id);
    await sql`update cascade set checked_batch = 0 where id = ${id}`.execute(database.db);
    const { frozen, goOn } = freezeBefore(test.app.get(CensusService), 'take');
    const late = loop.compare({ ...cascade, checked_batch: 0 });
    await frozen;
    await loop.compare({ ...cascade, checked_batch: 0 });
    await sql`
      update cascade_help set resolved_at = null, resolution = null, replaced_by = null where cascade_id = ${id}`.execute(
      database.db,
    );
    await sql`
      insert into cascade_help (cascade_id, account_id, code, need)
      select ${id}::uuid, 'known-since', code, 'unknown' from cascade_organisation where cascade_id = ${id} limit 1`.execute(
      database.db,
    );
    goOn();
    expect(await late).toEqual({ replaced: 0, ended: 0, joined: 0 });
  });

  it('takes an answer while it is compared with an import', async () => {
    const id = await launched();
    const [{ code: organisation } = { code: '' }] = await organisations(id, 'commissioner');
    await sql`update cascade set checked_batch = 0 where id = ${id}`.execute(database.db);
    await sql`
      update cascade_organisation set at_risk_now = at_risk_now <> (kind = 'practice'),
        reachable = reachable <> (kind = 'commissioner')
      where cascade_id = ${id}`.execute(database.db);
    const cascade = await test.app.get(CascadeService).get(id);
    const { frozen, goOn } = freezeBefore(test.app.get(CascadeRepository), 'refreshReach');
    const compared = test.app.get(LoopService).compare(cascade);
    await frozen;
    const answered = test.app
      .get(CascadeService)
      .answer({ cascadeId: id, organisation, answer: 'pass-on', actor: `link:${organisation}` });
    const waiting = sql<{ waits: boolean }>`select exists (select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock') as waits`;
    while (!(await waiting.execute(database.db)).rows[0]?.waits) await delay(10);
    goOn();
    expect(refusals(await Promise.allSettled([compared, answered]))).toEqual([]);
  });

  it('is rehearsed once when the button is pressed again', async () => {
    const form = randomUUID();
    const drill = { regions: [], practices: false, contacts: 1 };
    const start = () => test.app.get(DrillService).start('Rehearsal', drill, operator, { form });
    const ids = done(await crowd(start, 3));
    const [id = ''] = ids;
    expect([...ids, await start()]).toEqual([id, id, id, id]);
    expect(await test.app.get(Ledger).dispatches(id)).toHaveLength(1);
    expect(await entries('cascade.frozen', `cascade:${id}`)).toHaveLength(1);
  });
});

it('submits no campaign that somebody edits meanwhile: it would be in review without a plan', async () => {
  const campaigns = test.app.get(CampaignService);
  const content = { name: 'Edited meanwhile', kind: 'sign-in-notice' as const, windowId };
  const { id, version } = await campaigns.create(content, author);
  await campaigns.plan(id);
  const { frozen, goOn } = freezeBefore(test.app.get(CampaignTransitions), 'apply');
  const submitting = crowd(() => campaigns.submit(id, author), 1);
  await frozen;
  await campaigns.edit(id, version, { ...content, audience: { regions: ['Y63'] } }, author);
  goOn();
  expect(refusals(await submitting)).toEqual(['plan-changed']);
  expect((await campaigns.get(id)).state).toBe('draft');
});

it('lets two administrators change each other at once', async () => {
  const people = test.app.get(People);
  const signIn = (subject: string) =>
    people.signedIn({ ...{ issuer: 'test', subject, displayName: subject }, isAdmin: true } as Parameters<
      People['signedIn']
    >[0]);
  const both = [await signIn('one'), await signIn('two')] as const;
  const change = async ({ id }: { id: string }, by: { id: string }) => {
    const { version } = await people.get(id, colleague('admin'));
    const principal = { ...colleague('admin'), id: `person:${by.id}` };
    return () => people.change(id, version, { roles: ['admin', 'author'], region: null, active: true }, principal);
  };
  for (let round = 0; round < 8; round += 1) {
    const changes = [await change(both[0], both[1]), await change(both[1], both[0])];
    expect(refusals(await Promise.allSettled(changes.map((each) => each())))).toEqual([]);
  }
});

it('imports no part of an upload that somebody else has just imported', async () => {
  const uploads = new UploadStore(database.db as unknown as ConstructorParameters<typeof UploadStore>[0]);
  const folder = await mkdtemp(join(tmpdir(), 'cqrs-two-at-once-'));
  const path = join(folder, 'accounts.csv');
  await writeFile(path, 'a,b\n'.repeat(700_000));
  const nothing = (read: string) => Promise.resolve({ read } as unknown as ImportReport);
  const checked = await uploads.check('accounts', { path, originalname: 'accounts.csv' }, nothing);
  const sizes = await uploads.withFile(checked, async (whole) => (await stat(whole)).size);
  expect(sizes).toBe(2_800_000);
  // What somebody finds who had read the first part when the other one was done.
  await sql`delete from staged_upload_part where upload_id = ${checked.id} and ordinal > 1`.execute(database.db);
  let imported = false;
  const again = uploads.withFile(checked, () => Promise.resolve((imported = true)));
  await expect(again).rejects.toMatchObject({ code: 'upload-gone' });
  expect(imported).toBe(false);
  await uploads.forget(checked.id);
  await rm(folder, { recursive: true });
});

describe('what may have come back', () => {
  /** A bounce that was faster than the acknowledgement of its message, which is known by now. */
  async function waiting(
    address = `testa.sample${randomUUID().slice(0, 8)}@nhs.net`,
  ): Promise<{ id: string; address: string; report: string }> {
    const dispatch = { id: randomUUID(), campaignId: randomUUID(), purpose: 'notice' };
    const person = { personKey: 'person-1', accountIds: ['U1'], organisationCodes: ['A84002'], segment: null, address };
    const content = { template: 'notice', templateVersion: 'v1', values: {} };
    await test.app
      .get(Ledger)
      .plan({ ...dispatch, dueAt: clock.now(), expiresAt: null }, [{ ...person, route: 'direct', ...content }]);
    const id = messageIdOf(dispatch.campaignId, 'person-1', 'notice');
    const path = returnPathsOf('cqrs-comms@example.test', test.app.get<Config>(CONFIG).secret)(id);
    const report = await test.app.get(FeedbackService).ingest(bounce({ to: path, address }), { source: 'imap' });
    expect(report.state).toBe('waiting');
    await sql`update delivery set state = 'accepted' where message_id = ${id}`.execute(database.db);
    return { id, address, report: report.id };
  }

  it('is decided about once, and only together with the entry in the audit trail', async () => {
    const { id } = await waiting();
    await sql`update delivery set state = 'unknown' where message_id = ${id}`.execute(database.db);
    const desk = test.app.get(MessageDesk);
    await withoutAudit(database.db, () => expect(desk.decide(id, 'failed', operator)).rejects.toThrow('refused'));
    expect((await test.app.get(Ledger).message(id)).state).toBe('unknown');
    const outcomes = await Promise.allSettled(
      (['released', 'accepted', 'failed', 'released'] as const).map((outcome) => desk.decide(id, outcome, operator)),
    );
    expect(refusals(outcomes)).toEqual(['not-unknown', 'not-unknown', 'not-unknown']);
    expect(await entries('message.decided', `message:${id}`)).toHaveLength(1);
  });

  it('makes an address rest once, although two apply it at the same moment and it is lifted in between', async () => {
    const address = 'twice.sample@nhs.net';
    const suppressions = test.app.get(SuppressionList);
    await waiting(address);
    const ticker = test.app.get(FeedbackTicker);
    await ticker.applyWaiting();
    // Of an address that rests already.
    await waiting(address);
    const { frozen, goOn } = freezeBefore(test.app.get(FeedbackRepository), 'settle');
    const late = ticker.applyWaiting();
    await frozen;
    await ticker.applyWaiting();
    await suppressions.lift(address, operator.id);
    goOn();
    await late;
    expect(await suppressions.isSuppressed(address)).toBe(false);
    expect(await suppressions.history(address)).toHaveLength(1);
  });

  it('is lifted once, with one entry in the audit trail', async () => {
    const { address } = await waiting();
    await test.app.get(FeedbackTicker).applyWaiting();
    const before = (await entries('suppression.lifted')).length;
    const outcomes = await crowd(() => test.app.get(OptOutService).lift(address, operator.id), 6);
    expect(done(outcomes)).toHaveLength(1);
    expect(new Set(refusals(outcomes))).toEqual(new Set(['not-suppressed']));
    expect((await entries('suppression.lifted')).length).toBe(before + 1);
  });

  it('is applied although another report cannot be, and of that one the log tells once', async () => {
    const [broken, whole] = [await waiting(), await waiting()];
    const ticker = test.app.get(FeedbackTicker);
    const told = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await sql
      .raw(
        `create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
        create trigger refuse_it before update on delivery for each row when (new.message_id = '${broken.id}')
        execute function refuse_it()`,
      )
      .execute(database.db);
    try {
      for (let round = 0; round < 3; round += 1) await ticker.tick();
      expect(await test.app.get(SuppressionList).isSuppressed(whole.address)).toBe(true);
      const ofReports = told.mock.calls.filter(([what]) => 'report' in (what as object));
      expect(ofReports).toEqual([[{ message: 'tick failed', report: broken.report, error: 'refused' }]]);
    } finally {
      await sql`drop function refuse_it cascade`.execute(database.db);
    }
    await ticker.tick();
    expect(await test.app.get(SuppressionList).isSuppressed(broken.address)).toBe(true);
  });
});
