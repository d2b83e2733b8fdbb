import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import yauzl from 'yauzl';
import { type CampaignInput, CampaignService, CorrectionService, Retention } from '../../src/campaigns/index.js';
import { RETENTION_DAYS } from '../../src/campaigns/retention.rules.js';
import {
  CascadeFreezer,
  CascadeReports,
  CascadeService,
  CascadeTicker,
  type DrillScope,
  DrillService,
  EscalationService,
  LoopService,
  ProofService,
} from '../../src/cascades/index.js';
import { ContactPicture } from '../../src/cascades/contact.picture.js';
import { type CascadeTables } from '../../src/cascades/cascade.tables.js';
import { type CoverageCounts, type CoverageRow } from '../../src/cascades/report.repository.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { CaptureInbox, Ledger, returnPathsOf, SuppressionList } from '../../src/delivery/index.js';
import { ImportService } from '../../src/directory/index.js';
import { FeedbackService } from '../../src/feedback/index.js';
import { CONFIG, type Config } from '../../src/platform/config/index.js';
import { SegmentsService } from '../../src/segments/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { type AppError } from '../../src/shared/errors.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { type OdsCode } from '../../src/shared/ods-code.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const at = (time: string): Date => LondonTime.parse(time).toInstant();
const MONDAY = at('2026-09-07T09:00');
const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'demo-small');
const author = colleague('author');

let database: TestDatabase<CascadeTables>;
let clock: FixedClock;
let test: TestApp;
let cascades: CascadeService;
let ticker: CascadeTicker;
let reports: CascadeReports;
let windowId: string;

beforeAll(async () => {
  database = await testDatabase();
  clock = new FixedClock(MONDAY);
  test = await TestApp.start({ server: database.server, clock });
  await test.importSmallDirectory();
  // An export may leave a first name out; whoever bears none is asked like everybody.
  await sql`update account set first_name = '' where id ~ '[02468]$'`.execute(database.db);
  cascades = test.app.get(CascadeService);
  ticker = test.app.get(CascadeTicker);
  reports = test.app.get(CascadeReports);
  const window = await test.app.get(DeadlinesService).createWindow(
    {
      name: 'September',
      cutoff: '2026-09-18T12:00',
      reopening: '2026-09-23T08:00',
      pcse: '2026-09-28T08:00',
      signInChange: '2026-09-23T08:00',
    },
    author.id,
  );
  windowId = window.id;
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => {
  clock.moveTo(MONDAY);
});

/** A cascade whose request has just been sent to every commissioner and region. */
async function launched(more: Partial<CampaignInput> = {}): Promise<string> {
  const campaigns = test.app.get(CampaignService);
  const { id } = await campaigns.create({ name: 'Please cascade', kind: 'cascade-request', windowId, ...more }, author);
  await approveAndSend(id);
  await test.app.get(CascadeFreezer).freeze(id);
  await ticker.runOne(id);
  return id;
}

async function approveAndSend(id: string): Promise<void> {
  const campaigns = test.app.get(CampaignService);
  const { hash } = await campaigns.plan(id);
  await campaigns.submit(id, author);
  await campaigns.approve(id, hash, colleague('approver'));
  await campaigns.schedule(id, colleague('operator'));
  await test.settle(id);
}

/** What the ledger holds for an organisation in this cascade. */
const toldIn = async (id: string, code: string) =>
  (await test.app.get(Ledger).told(code)).filter(({ campaignId }) => campaignId === id);

const rows = async (id: string, kind: string) =>
  database.db
    .selectFrom('cascade_organisation')
    .selectAll()
    .where('cascade_id', '=', id)
    .where('kind', '=', kind as 'region')
    .orderBy('code')
    .execute();

/** A commissioner with contacts, a deputy and several practices. */
async function commissionerOf(id: string) {
  const found = await database.db
    .selectFrom('cascade_organisation as node')
    .selectAll('node')
    .where('node.cascade_id', '=', id)
    .where('node.kind', '=', 'commissioner')
    .where((where) =>
      where.exists(
        where
          .selectFrom('cascade_contact as contact')
          .select('contact.rank')
          .whereRef('contact.cascade_id', '=', 'node.cascade_id')
          .whereRef('contact.code', '=', 'node.code')
          .where('contact.rank', '=', 2),
      ),
    )
    .orderBy('node.code')
    .execute();
  for (const node of found) {
    const practices = await cascades.below(id, node);
    if (practices.length >= 3) return { node, practices };
  }
  throw new Error('The fixture has no commissioner with a deputy and three practices');
}

async function escalationsOf(id: string, code: string): Promise<string[]> {
  const steps = await cascades.steps(id, code);
  return steps
    .filter(({ action }) => action === 'escalate')
    .map(({ at: when, details }) => `${LondonTime.fromInstant(when).isoLocal().slice(0, 16)} ${details.to ?? ''}`);
}

async function hoursPass(id: string, from: string, until: string): Promise<void> {
  clock.moveTo(at(from));
  while (clock.now() <= at(until)) {
    await ticker.runOne(id);
    clock.advance(3 * 3_600_000);
  }
}

describe('a cascade', () => {
  it('is frozen once for an approved request, with everybody below the nation in it', async () => {
    const id = await launched();
    expect(await test.app.get(CascadeFreezer).freeze(id)).toBe(id);
    const [commissioners, practices, regions] = await Promise.all(
      ['commissioner', 'practice', 'region'].map((kind) => rows(id, kind)),
    );
    expect(practices).toHaveLength(80);
    expect(regions!.length).toBeGreaterThan(0);
    expect(commissioners!.length).toBeGreaterThan(3);
    const { db } = database;
    const contacts = await db.selectFrom('cascade_contact').selectAll().where('cascade_id', '=', id).execute();
    expect(contacts.filter(({ rank }) => rank === 1).length).toBeGreaterThan(50);
    expect(Object.keys((await cascades.get(id)).snapshot).sort()).toEqual([
      'accounts',
      'nhsmail',
      'no-nhsmail',
      'organisations',
    ]);
  });

  it('sends each commissioner a link of its own that any of its people may forward', async () => {
    const id = await launched();
    const { node } = await commissionerOf(id);
    const { path } = await cascades.link(id, node.code, 'answer');
    const [message] = await toldIn(id, node.code);
    expect((message?.values as { links: { acknowledge: string } }).links.acknowledge).toContain(path);
    const { items } = await test.app.get(CaptureInbox).search({ text: path.slice(-22), limit: 5 });
    expect(items.length).toBeGreaterThan(0);
  });

  it('keeps a notice from telling anybody the opposite of what its worklists ask for, until the need is met', async () => {
    const id = await launched({ name: 'Worklists of Monday' });
    const campaigns = test.app.get(CampaignService);
    const notice = await campaigns.create({ name: 'Notice', kind: 'sign-in-notice', windowId }, author);
    const plan = () => campaigns.plan(notice.id);
    expect((await plan()).summary.contradictions).toEqual([]);
    // When the worklists were frozen, the directory had the accounts of two people under other addresses.
    const { rows: people } = await sql<{ accounts: string[] }>`
      select account_ids as accounts from plan_recipient recipient
      where plan_id = (select id from plan where campaign_id = ${notice.id} order by made_at desc, id desc limit 1)
        and template = 'sign-in-nhsmail' and excluded is null and exists (
          select from cascade_organisation where cascade_id = ${id} and code = organisation_codes[1])
      order by person_key limit 2`.execute(database.db);
    expect(people).toHaveLength(2);
    const accounts = people.flatMap((person) => person.accounts);
    const need = (resolved: boolean) =>
      sql`insert into cascade_help (cascade_id, account_id, code, need, resolved_at, resolution)
        select ${id}, account_id, min(organisation_code), 'mismatched',
          ${resolved ? MONDAY : null}::timestamptz, ${resolved ? 'corrected' : null}
        from membership join cascade_organisation on cascade_id = ${id} and code = organisation_code
        where account_id = any(${accounts}::text[]) group by account_id
        on conflict (cascade_id, account_id, code) do update
          set resolved_at = excluded.resolved_at, resolution = excluded.resolution`.execute(database.db);
    await need(false);
    const found = { template: 'sign-in-nhsmail', otherTemplate: 'cascade-request', people: 2 };
    expect((await plan()).summary.contradictions).toEqual([{ campaign: 'Worklists of Monday', ...found }]);
    await expect(campaigns.submit(notice.id, author)).rejects.toMatchObject({ code: 'contradictory-instructions' });

    await need(true);
    const { hash, summary } = await plan();
    expect(summary.contradictions).toEqual([]);
    await campaigns.submit(notice.id, author);
    await campaigns.approve(notice.id, hash, colleague('approver'));
    await campaigns.schedule(notice.id, colleague('operator'));
    // What came up after the approval is found at launch.
    await need(false);
    await test.settle(notice.id);
    expect(await campaigns.get(notice.id)).toMatchObject({ state: 'draft', approved_hash: null });
    expect((await test.app.get(Ledger).progress({ campaignId: notice.id })).planned).toBe(0);
    await sql`delete from cascade_help where cascade_id = ${id}`.execute(database.db);
    await campaigns.cancel(notice.id, 'over', colleague('operator'));
  });

  it('knows sent from delivered, and both from answered', async () => {
    const id = await launched();
    const { node } = await commissionerOf(id);
    expect((await cascades.organisation(id, node.code)).state).toBe('sent');
    clock.advance(3_600_000);
    await ticker.runOne(id);
    expect((await cascades.organisation(id, node.code)).state).toBe('delivered');
    const answer = { cascadeId: id, organisation: node.code, actor: `link:${node.code}` };
    expect(await cascades.answer({ ...answer, answer: 'acknowledge' })).toEqual({
      outcome: 'recorded',
      state: 'acknowledged',
      late: false,
    });
    expect((await cascades.steps(id, node.code)).map(({ action }) => action)).toEqual([
      'sent',
      'delivered',
      'acknowledge',
    ]);
  });

  it('keeps to which practices a commissioner has passed the message on, and counts each answer once', async () => {
    const id = await launched();
    const { node, practices } = await commissionerOf(id);
    const [first, second, ...others] = practices.map(({ code }) => code);
    const answer = { cascadeId: id, organisation: node.code, actor: `link:${node.code}`, answer: 'pass-on' as const };
    await cascades.answer({ ...answer, below: [first!, second!] });
    expect((await cascades.organisation(id, second!)).coverage).toBe('passed-on');
    expect((await cascades.organisation(id, others[0]!)).coverage).toBe('silent');
    expect(await cascades.answer({ ...answer, below: [first!] })).toMatchObject({ outcome: 'already' });
    await cascades.answer(answer);
    expect((await cascades.below(id, node)).every(({ coverage }) => coverage === 'passed-on')).toBe(true);
    const passed = (await cascades.steps(id, node.code)).filter(({ action }) => action === 'pass-on');
    expect(passed.map(({ details }) => details.practices)).toEqual([[first, second], others]);
  });

  it('takes more answers at the same moment than there are connections to the database', async () => {
    const id = await launched();
    const { node } = await commissionerOf(id);
    const answer = { cascadeId: id, organisation: node.code, actor: `link:${node.code}`, answer: 'pass-on' as const };
    const results = await Promise.all(Array.from({ length: 30 }, () => cascades.answer(answer)));
    expect(results.filter(({ outcome }) => outcome === 'recorded')).toHaveLength(1);
  });

  it('refuses another organisation’s practices, an answer that is not theirs, and a refusal without a reason', async () => {
    const id = await launched();
    const { node, practices } = await commissionerOf(id);
    const foreign = (await rows(id, 'practice')).find(({ commissioner_code }) => commissioner_code !== node.code)!.code;
    const answer = { cascadeId: id, organisation: node.code, actor: `link:${node.code}` };
    await expect(cascades.answer({ ...answer, answer: 'pass-on', below: [foreign] })).rejects.toMatchObject({
      code: 'not-below',
    });
    await expect(cascades.answer({ ...answer, answer: 'confirm' })).rejects.toMatchObject({ code: 'not-its-answer' });
    await expect(cascades.answer({ ...answer, answer: 'decline' })).rejects.toMatchObject({ code: 'reason-missing' });
    await expect(cascades.answer({ ...answer, organisation: 'ZZZ', answer: 'acknowledge' })).rejects.toMatchObject({
      code: 'not-in-cascade',
    });
    expect(await cascades.steps(id, practices[0]!.code)).toEqual([]);
  });

  it('counts a late answer, as late', async () => {
    const id = await launched();
    const { node } = await commissionerOf(id);
    clock.moveTo(at('2026-10-20T09:00'));
    const answer = { cascadeId: id, organisation: node.code, actor: 'link:x', answer: 'acknowledge' as const };
    expect(await cascades.answer(answer)).toEqual({ outcome: 'recorded', state: 'acknowledged', late: true });
    expect((await cascades.organisation(id, node.code)).answered_late).toBe(true);
  });
});

describe('silence', () => {
  it('goes to the deputy, the region, the CQRS team, in working hours, and ends with an answer', async () => {
    const id = await launched();
    const { node, practices } = await commissionerOf(id);
    await hoursPass(id, '2026-09-07T12:00', '2026-09-10T18:00');
    expect(await escalationsOf(id, node.code)).toEqual([
      '2026-09-08T09:00 deputy',
      '2026-09-09T09:00 parent',
      '2026-09-10T09:00 team',
    ]);
    const told = await toldIn(id, node.code);
    const deputy = told.find(({ purpose }) => purpose.startsWith(`escalation:deputy:${node.code}:`));
    expect(deputy).toMatchObject({ template: 'cascade-request', route: 'cascade' });
    expect(deputy?.values).toMatchObject({ totals: { practices: practices.length } });
    await test.settle(id);
    expect(await test.app.get(Ledger).faults()).toEqual([]);
    expect((await test.app.get(Ledger).progress({ campaignId: id })).states.failed).toBe(0);
  });

  it('is not escalated once somebody answered, and what has not left by then is stopped', async () => {
    const id = await launched();
    const { node } = await commissionerOf(id);
    clock.moveTo(at('2026-09-08T10:00'));
    await ticker.runOne(id);
    const unsent = (await toldIn(id, node.code)).find(({ purpose }) => purpose.startsWith('escalation'))!;
    await cascades.answer({ cascadeId: id, organisation: node.code, answer: 'acknowledge', actor: 'link:x' });
    expect(await test.app.get(Ledger).message(unsent.id)).toMatchObject({ state: 'cancelled', reason: 'answered' });
    await hoursPass(id, '2026-09-08T12:00', '2026-09-10T09:00');
    expect(await escalationsOf(id, node.code)).toEqual(['2026-09-08T10:00 deputy']);
  });

  it('gives who acknowledges two working days to pass it on, goes the same way again, and stops when it has', async () => {
    const id = await launched();
    const { node, practices } = await commissionerOf(id);
    const answer = { cascadeId: id, organisation: node.code, actor: 'link:x' };
    clock.moveTo(at('2026-09-08T12:00'));
    await ticker.runOne(id);
    await cascades.answer({ ...answer, answer: 'acknowledge' });
    const next = (await test.app.get(EscalationService).foresee(await cascades.get(id))).get(node.code);
    expect(next).toMatchObject({ target: 'deputy', cause: 'not-passed-on', dueAt: at('2026-09-10T12:00') });
    await hoursPass(id, '2026-09-08T15:00', '2026-09-11T15:00');
    expect(await escalationsOf(id, node.code)).toEqual([
      '2026-09-08T12:00 deputy',
      '2026-09-10T12:00 deputy',
      '2026-09-11T12:00 parent',
    ]);
    const last = (await cascades.steps(id, node.code)).at(-1);
    expect(last?.details).toMatchObject({ to: 'parent', cause: 'not-passed-on' });

    // Some of them are told: what has not left is stopped, and the rest have the whole time again.
    const [first, ...rest] = practices.map(({ code }) => code);
    clock.moveTo(at('2026-09-11T16:00'));
    await cascades.answer({ ...answer, answer: 'pass-on', below: [first!] });
    const unsent = (await toldIn(id, node.code)).filter(({ purpose }) => purpose.startsWith('escalation:deputy'));
    expect(unsent.length).toBeGreaterThan(1);
    for (const { id: message } of unsent) {
      expect(await test.app.get(Ledger).message(message)).toMatchObject({ state: 'cancelled', reason: 'answered' });
    }
    await hoursPass(id, '2026-09-14T09:00', '2026-09-15T17:00');
    expect(await escalationsOf(id, node.code)).toHaveLength(3);
    await hoursPass(id, '2026-09-15T18:00', '2026-09-16T10:00');
    expect((await escalationsOf(id, node.code)).at(-1)).toMatch(/^2026-09-16T\d\d:00 deputy$/);

    await cascades.answer({ ...answer, answer: 'pass-on', below: rest });
    await hoursPass(id, '2026-09-16T12:00', '2026-09-18T12:00');
    expect(await escalationsOf(id, node.code)).toHaveLength(4);
  });

  it('gives a commissioner that has passed it on to everybody the same time for a practice that joins later', async () => {
    const id = await launched();
    const { node, practices } = await commissionerOf(id);
    await cascades.answer({ cascadeId: id, organisation: node.code, answer: 'pass-on', actor: 'link:x' });
    const due = async () => (await test.app.get(EscalationService).foresee(await cascades.get(id))).get(node.code);
    expect(await due()).toBeUndefined();
    const joined = { cascade_id: id, code: practices[0]!.code };
    await database.db
      .updateTable('cascade_organisation')
      .set({ joined_late: true, passed_on_at: null, passed_on_by: null })
      .where('cascade_id', '=', id)
      .where('code', '=', joined.code)
      .execute();
    await database.db
      .insertInto('cascade_step')
      .values({ ...joined, action: 'join', at: at('2026-09-08T09:00'), actor: 'system:cascades', details: '{}' })
      .execute();
    expect(await due()).toMatchObject({ target: 'deputy', cause: 'not-passed-on', dueAt: at('2026-09-10T09:00') });
    clock.moveTo(at('2026-09-09T09:00'));
    await cascades.answer({ cascadeId: id, organisation: joined.code, answer: 'confirm', actor: 'link:y' });
    expect(await due()).toBeUndefined();
  });

  it('lets a request that was declined go to the region at once', async () => {
    const id = await launched();
    const { node } = await commissionerOf(id);
    clock.moveTo(at('2026-09-07T11:00'));
    const declined = { cascadeId: id, organisation: node.code, answer: 'decline' as const, actor: 'link:x' };
    await cascades.answer({ ...declined, reason: 'We do not commission primary care any more' });
    await ticker.runOne(id);
    await ticker.runOne(id);
    expect(await escalationsOf(id, node.code)).toEqual(['2026-09-07T11:00 parent']);
  });

  it('sends a practice that is "not ours" a message of its own, once', async () => {
    const id = await launched();
    const { node, practices } = await commissionerOf(id);
    const practice = practices.find(({ has_contacts }) => has_contacts)!.code;
    const declined = { cascadeId: id, organisation: node.code, answer: 'decline' as const, actor: 'link:x' };
    await cascades.answer({ ...declined, below: [practice], reason: 'Moved to our neighbour' });
    await ticker.runOne(id);
    await ticker.runOne(id);
    const own = await toldIn(id, practice);
    expect(own.length).toBeGreaterThan(0);
    expect(own.every(({ purpose }) => purpose.startsWith('escalation:practices:'))).toBe(true);
    // In words of its own: a practice has nobody to pass it on to.
    expect(own.map(({ template, route }) => `${template} ${route}`)).toEqual(own.map(() => 'cascade-practice direct'));
    await test.settle(id);
    const { items } = await test.app.get(CaptureInbox).search({ text: 'we are writing to you directly', limit: 5 });
    expect(items.length).toBeGreaterThan(0);
    expect((await cascades.steps(id, practice)).map(({ action }) => action)).toEqual(['reroute', 'escalate']);
    expect((await cascades.organisation(id, node.code)).state).toBe('sent');
  });
});

describe('a cascade whose dates move', () => {
  it('asks exactly those again who were told the old ones, and goes on with the new ones only', async () => {
    const times = { reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00', signInChange: '2026-09-23T08:00' };
    const own = await test.app
      .get(DeadlinesService)
      .createWindow({ name: 'Moving', cutoff: '2026-09-17T12:00', ...times }, author.id);
    const id = await launched({ windowId: own.id });
    const { node, practices } = await commissionerOf(id);
    const told = practices[0]!.code;
    const [refusing, silent] = (await rows(id, 'commissioner')).filter(
      ({ code, sent_at }) => code !== node.code && sent_at !== null,
    );
    await cascades.answer({ cascadeId: id, organisation: node.code, answer: 'pass-on', below: [told], actor: 'x' });
    await cascades.answer({ cascadeId: id, organisation: told, answer: 'confirm', actor: 'x' });
    const refusal = { answer: 'decline', reason: 'Not ours', actor: 'x' } as const;
    await cascades.answer({ cascadeId: id, organisation: refusing!.code, ...refusal });

    clock.moveTo(at('2026-09-08T10:00'));
    const { correctionId } = await test.app
      .get(CorrectionService)
      .moveCutoff(own.id, { cutoff: '2026-09-18T12:00', ...times }, own.version, author);
    await ticker.runOne(id);
    await ticker.runOne(id);
    const reopened = await database.db
      .selectFrom('cascade_step')
      .select(['code', 'details'])
      .where('cascade_id', '=', id)
      .where('action', '=', 'reopen')
      .execute();
    expect(reopened.map(({ code }) => code).sort()).toEqual([node.code, told].sort());
    expect(reopened[0]!.details).toMatchObject({ told: { cutoff: '2026-09-17T12:00' } });
    expect(await cascades.organisation(id, told)).toMatchObject({ coverage: 'silent', confirmed_at: null });
    expect((await cascades.organisation(id, refusing!.code)).state).toBe('declined');
    const took = async () =>
      (await reports.score(id)).flatMap(({ kind, step, taken }) => (kind === 'commissioner' ? [[step, taken]] : []));
    // Of the two answers one is taken back.
    expect(await took()).toEqual([
      ['answer', 1],
      ['pass-on', 0],
    ]);

    // As long as nobody has been told the new dates, nobody is reminded of the old ones.
    await hoursPass(id, '2026-09-09T09:00', '2026-09-10T10:00');
    expect(await escalationsOf(id, silent!.code)).toEqual([]);

    clock.moveTo(at('2026-09-10T10:00'));
    await approveAndSend(correctionId!);
    await ticker.runOne(id);
    expect(await escalationsOf(id, node.code)).toEqual([]);
    // An answer to the new dates stays, and silence counts from the correction.
    await cascades.answer({ cascadeId: id, organisation: node.code, answer: 'pass-on', actor: 'x' });
    await hoursPass(id, '2026-09-10T13:00', '2026-09-11T13:00');
    expect((await cascades.organisation(id, node.code)).state).toBe('passed-on');
    expect(await took()).toEqual([
      ['answer', 2],
      ['pass-on', 1],
    ]);
    expect(await escalationsOf(id, silent!.code)).toMatchObject([expect.stringMatching(/^2026-09-11T1\d:00 deputy$/)]);
    const { rows: said } = await sql<{ cutoff: string }>`
      select shared_values -> 'window' ->> 'cutoff' as cutoff from dispatch
      where campaign_id = ${id} and purpose like 'escalation:%' group by 1`.execute(database.db);
    expect(said).toEqual([{ cutoff: '2026-09-18T12:00' }]);
  });
});

describe('the report', () => {
  const sums: readonly (keyof CoverageCounts)[] = [
    'practices',
    'confirmed',
    'passedOn',
    'silent',
    'unreachable',
    'closed',
    'joinedLate',
    'moved',
    'atRiskBefore',
    'atRiskNow',
    'peopleToHelp',
    'peopleHelped',
    'commissioners',
    'commissionersAnswered',
    'commissionersLate',
  ];
  const sumOf = (all: readonly CoverageRow[], field: keyof CoverageCounts): number =>
    all.reduce((sum, row) => sum + row[field], 0);

  it('gives parents that are the sum of their children, whatever anybody answered', async () => {
    const id = await launched();
    const practices = (await rows(id, 'practice')).map(({ code }) => code);
    const change = fc.record({
      code: fc.constantFrom(...practices),
      confirmed_at: fc.option(fc.constant(MONDAY)),
      passed_on_at: fc.option(fc.constant(MONDAY)),
      change: fc.constantFrom(null, 'closed' as const, 'moved' as const),
      reachable: fc.boolean(),
      joined_late: fc.boolean(),
      commissioner_code: fc.constantFrom(null, ...(await rows(id, 'commissioner')).map(({ code }) => code)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 30 }), async (changes) => {
        for (const { code, ...patch } of changes) {
          await database.db
            .updateTable('cascade_organisation')
            .set(patch)
            .where('cascade_id', '=', id)
            .where('code', '=', code)
            .execute();
        }
        const all = await reports.coverage(id);
        const [nation] = all;
        const regions = all.filter(({ level }) => level === 'region');
        for (const field of sums) {
          expect(sumOf(regions, field)).toBe(nation![field]);
          for (const region of regions) {
            const below = all.filter((row) => row.level === 'commissioner' && row.regionCode === region.regionCode);
            expect(sumOf(below, field)).toBe(region[field]);
          }
        }
        for (const row of all)
          expect(row.confirmed + row.passedOn + row.silent + row.unreachable + row.closed).toBe(row.practices);
      }),
      { numRuns: 15 },
    );
  });

  it('leads from a commissioner down to its practices', async () => {
    const id = await launched();
    const { node, practices } = await commissionerOf(id);
    await cascades.answer({ cascadeId: id, organisation: node.code, answer: 'pass-on', actor: 'link:x' });
    await cascades.answer({ cascadeId: id, organisation: practices[0]!.code, answer: 'confirm', actor: 'link:y' });
    const row = (await reports.coverage(id)).find(({ commissionerCode }) => commissionerCode === node.code);
    expect(row).toMatchObject({ confirmed: 1, passedOn: practices.length - 1, silent: 0, state: 'passed-on' });
    const filter = { commissionerCode: node.code, coverage: 'confirmed' as const, limit: 10 };
    expect((await reports.practices(id, filter)).map(({ code }) => code)).toEqual([practices[0]!.code]);
    expect(await reports.curve(id)).toEqual([{ day: '2026-09-07', passedOn: practices.length, confirmed: 1 }]);
  });
});

describe('a rehearsal', () => {
  const everywhere = { regions: [], practices: false, contacts: 2 };
  const operator = colleague('operator');
  const drill = async (more: Partial<DrillScope> = {}) => {
    const drills = test.app.get(DrillService);
    const forecast = await drills.foresee({ ...everywhere, ...more }, operator);
    const id = await drills.start('Rehearsal', { ...everywhere, ...more }, operator, {
      messages: forecast.messages,
    });
    return { id, forecast };
  };

  it('writes what it foretold, to regions and commissioners, without a word of any campaign', async () => {
    const { id, forecast } = await drill();
    await test.settle(id);
    const messages = await database.db
      .selectFrom('message' as 'cascade')
      .select(
        sql<{ template: string; code: string }>`json_build_object('template', template,
        'code', organisation_codes[1])`.as('told'),
      )
      .where(sql<boolean>`campaign_id = ${id}`)
      .execute();
    expect(messages).toHaveLength(forecast.messages);
    expect(new Set(messages.map(({ told }) => told.template))).toEqual(new Set(['cascade-drill']));
    const { states } = await test.app.get(Ledger).progress({ campaignId: id });
    expect(states.accepted).toBe(forecast.messages);
    const told = new Set(messages.map(({ told: { code } }) => code));
    expect(told.size).toBe(forecast.organisations.region + forecast.organisations.commissioner);
    expect(forecast.organisations.practice).toBe(0);
    const { items } = await test.app.get(CaptureInbox).search({ text: 'This is a drill', limit: 1 });
    expect(items[0]?.subject).toContain('CQRS drill');
    const { path } = await cascades.link(id, [...told][0]!, 'answer');
    expect((await test.app.get(CaptureInbox).search({ text: path.slice(-22), limit: 1 })).items).toHaveLength(1);
  });

  it('is scored by how soon each level pressed the button, and by who never did', async () => {
    const { id, forecast } = await drill({ practices: true });
    await test.settle(id);
    await ticker.runOne(id);
    const [first, second] = (await rows(id, 'commissioner')).filter(({ sent_at }) => sent_at !== null);
    const [practice] = (await rows(id, 'practice')).filter(({ sent_at }) => sent_at !== null);
    for (const [hours, { code }, answer] of [
      [1, first!, 'acknowledge'],
      [2, second!, 'decline'],
      [47, practice!, 'confirm'],
    ] as const) {
      clock.advance(hours * 3_600_000);
      await cascades.answer({ cascadeId: id, organisation: code, answer, reason: 'Not us', actor: `link:${code}` });
    }
    await hoursPass(id, '2026-09-09T12:00', '2026-09-11T18:00');
    const { organisations: asked, messages } = forecast;
    expect(await reports.score(id)).toEqual([
      {
        kind: 'region',
        step: 'answer',
        asked: asked.region,
        taken: 0,
        medianHours: null,
        slowestHours: null,
        never: asked.region,
      },
      {
        kind: 'commissioner',
        step: 'answer',
        asked: asked.commissioner,
        taken: 2,
        medianHours: 2,
        slowestHours: 3,
        never: asked.commissioner - 2,
      },
      {
        kind: 'practice',
        step: 'answer',
        asked: asked.practice,
        taken: 1,
        medianHours: 50,
        slowestHours: 50,
        never: asked.practice - 1,
      },
    ]);
    // Silence is what a drill shows: nobody is chased.
    expect(await test.app.get(Ledger).progress({ campaignId: id })).toMatchObject({ planned: messages });
    expect((await reports.score(id, first!.region_code!)).map(({ kind }) => kind)).toContain('region');
  });

  it('foretells the same from the kept picture as from everybody afresh, also when an address takes no mail', async () => {
    const [drills, contacts] = [test.app.get(DrillService), test.app.get(ContactPicture)];
    const { id: version } = await database.db
      .selectFrom('import_batch' as 'cascade')
      .select(sql<number>`max(id)`.as('id'))
      .executeTakeFirstOrThrow();
    const everybody = contacts.begin();
    for await (const batch of test.app.get(SegmentsService).batches()) {
      for (const classified of batch) everybody.add(classified);
    }
    const foreseen = async () =>
      Promise.all(
        [{}, { contacts: 1 }, { practices: true }, { practices: true, contacts: 5 }].map((more) =>
          drills.foresee({ ...everywhere, ...more }, operator),
        ),
      );
    const compare = async () => {
      await contacts.begin().keep(version);
      expect((await foreseen()).map(({ messages }) => messages)).toEqual([0, 0, 0, 0]);
      await everybody.keep(version);
      const kept = await foreseen();
      await sql`delete from contact_picture`.execute(database.db);
      expect(kept).toEqual(await foreseen());
      return kept.at(-1)!;
    };
    const before = await compare();
    const { rows: first } = await sql<{ address: string }>`
      select email_normalised as address from contact_picture_place place join account on account.id = account_id
      where place = 0 order by code limit 3`.execute(database.db);
    const list = test.app.get(SuppressionList);
    for (const { address } of first) {
      await list.add({ address, reason: 'hard-bounce', source: 'test', expiresAt: null });
    }
    expect((await compare()).messages).toBeLessThan(before.messages);
    for (const { address } of first) await list.lift(address, 'test');
  });

  it('leaves in sending hours, and refuses the past, an unknown region and a number that is not true any more', async () => {
    const drills = test.app.get(DrillService);
    const saturday = { ...everywhere, at: at('2026-09-12T10:00') };
    expect((await drills.foresee(saturday, operator)).leavesAt).toEqual(at('2026-09-14T08:00'));
    const refusal = async (more: Partial<DrillScope>, who = operator, agreed = {}) =>
      drills
        .start('Rehearsal', { ...everywhere, ...more }, who, agreed)
        .catch((error: unknown) => (error as AppError).code);
    expect(await refusal({ at: at('2026-09-07T08:59') })).toBe('drill-in-the-past');
    expect(await refusal({ regions: ['Y99' as OdsCode] })).toBe('no-such-region');
    expect(await refusal({}, operator, { messages: 1 })).toBe('drill-has-changed');
    expect(await refusal({}, colleague('viewer'))).toBe('not-permitted');
    expect(await refusal({ regions: ['Y60' as OdsCode] }, { ...operator, region: 'Y63' as OdsCode })).toMatch(/region/);
  });
});

/** Last: it changes the directory under everybody else. */
describe('a proof pack', () => {
  /** Everything in it that is not about when it was made. */
  const contents = async (pack: Buffer): Promise<string> => {
    const archive = await yauzl.fromBufferPromise(pack);
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName !== 'proof.json') continue;
      const chunks: Buffer[] = [];
      for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    }
    throw new Error('The pack has no proof.json');
  };

  it('says the same, byte for byte, when addresses have been redacted', async () => {
    const id = await launched();
    const { node } = await commissionerOf(id);
    const [message] = await toldIn(id, node.code);
    const { secret } = test.app.get<Config>(CONFIG);
    const to = returnPathsOf('cqrs-comms@example.test', secret)(message!.id);
    const report = await test.app
      .get(FeedbackService)
      .ingest(
        `From: MAILER-DAEMON@example.org\r\nTo: ${to}\r\nSubject: Undelivered\r\n\r\n550 5.1.1 <${message!.address!}> user unknown`,
        { source: 'cli' },
      );
    expect(report).toMatchObject({ state: 'applied', messageId: message!.id });
    await cascades.answer({ cascadeId: id, organisation: node.code, answer: 'pass-on', actor: 'link:x' });
    const proofs = test.app.get(ProofService);
    const before = await proofs.pack(id, node.code, 'person:test');
    expect(await contents(before)).toContain('userunknown');
    clock.moveTo(new Date(MONDAY.getTime() + (RETENTION_DAYS.messages + 2) * 86_400_000));
    await test.app.get(Retention).purge();
    expect(await test.app.get(Ledger).message(message!.id)).toMatchObject({ address: null, values: null });
    const after = await proofs.pack(id, node.code, 'person:test');
    expect(await contents(after)).toBe(await contents(before));
    for (const pack of [before, after]) expect(await proofs.verify(pack)).toEqual({ ok: true, faults: [] });
  });
});

describe('later imports', () => {
  it('end the need of whoever has a new NHSmail account with the same roles, and name the old one as spare', async () => {
    const id = await launched();
    const folder = await mkdtemp(join(tmpdir(), 'cqrs-comms-cascades-'));
    const accounts = await readFile(join(FIXTURES, 'accounts.csv'), 'utf8');
    // U100002, registered elsewhere, has oyin.patternthorpe@nhs.net in the NHSmail directory.
    const fewer = 'N1,Oyin,Patternthorpe,oyin.patternthorpe@nhs.net,active,,A84002,View';
    const same = 'N1,Oyin,Patternthorpe,oyin.patternthorpe@nhs.net,active,,A84002,View|Declaration Management';
    const need = async () =>
      database.db
        .selectFrom('cascade_help')
        .select(['need', 'resolution', 'replaced_by'])
        .where('cascade_id', '=', id)
        .where('account_id', '=', 'U100002')
        .execute();
    const importWith = async (line: string): Promise<void> => {
      await writeFile(join(folder, 'accounts.csv'), `${accounts.trimEnd()}\n${line}\n`);
      await test.app.get(ImportService).importAccounts(join(folder, 'accounts.csv'), { actor: 'system:test' });
      await ticker.runOne(id);
    };
    expect(await need()).toEqual([{ need: 'mismatched', resolution: null, replaced_by: null }]);
    await importWith(fewer);
    expect(await need()).toEqual([{ need: 'mismatched', resolution: null, replaced_by: null }]);
    await importWith(same);
    expect(await need()).toEqual([{ need: 'mismatched', resolution: 'new-account', replaced_by: 'N1' }]);
    expect(await test.app.get(LoopService).retirable(id)).toContainEqual({
      accountId: 'U100002',
      replacedBy: 'N1',
      organisationCodes: ['A84002'],
    });
    await rm(folder, { recursive: true });
  });
});
