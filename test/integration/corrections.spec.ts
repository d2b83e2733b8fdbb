import { ApiKeys, AuditTrail, type Permission, type Principal } from '../../src/access/index.js';
import {
  type CampaignInput,
  CampaignRunner,
  CampaignService,
  CorrectionService,
  CorrectionTicker,
  type WindowMoved,
} from '../../src/campaigns/index.js';
import { type CampaignTables } from '../../src/campaigns/campaign.tables.js';
import { CampaignRepository } from '../../src/campaigns/campaign.repository.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { CaptureInbox, Ledger, type MessageView } from '../../src/delivery/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const at = (time: string): Date => LondonTime.parse(time).toInstant();
const MONDAY = at('2026-09-07T09:00');
const LATER = { reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00', signInChange: '2026-09-23T08:00' };
const OLD = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23', pcse: '2026-09-28' };
const author = colleague('author');
const approver = colleague('approver');
const operator = colleague('operator');

let database: TestDatabase<CampaignTables>;
let clock: FixedClock;
let test: TestApp;
let service: CampaignService;
let runner: CampaignRunner;
let corrections: CorrectionService;
let deadlines: DeadlinesService;
let ledger: Ledger;
let windowId: string;
let windows = 0;

beforeAll(async () => {
  database = await testDatabase();
  clock = new FixedClock(MONDAY);
  test = await TestApp.start({ server: database.server, clock });
  await test.importSmallDirectory();
  await test.importDeclarations(1);
  service = test.app.get(CampaignService);
  runner = test.app.get(CampaignRunner);
  corrections = test.app.get(CorrectionService);
  deadlines = test.app.get(DeadlinesService);
  ledger = test.app.get(Ledger);
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  clock.moveTo(MONDAY);
  const name = `Window ${(windows += 1)}`;
  windowId = (await deadlines.createWindow({ name, cutoff: OLD.cutoff, ...LATER }, author.id)).id;
});

const scheduled = async (more: Partial<CampaignInput> = {}): Promise<string> => {
  const { id } = await service.create({ name: 'September', kind: 'sign-in-notice', windowId, ...more }, author);
  await goOn(id);
  return id;
};
/** Plan, second pair of eyes, clock. */
const goOn = async (id: string): Promise<void> => {
  const { hash } = await service.plan(id);
  await service.submit(id, author);
  await service.approve(id, hash, approver);
  await service.schedule(id, operator);
};
const move = async (cutoff: string): Promise<WindowMoved> => {
  const { version } = await deadlines.window(windowId);
  return corrections.moveCutoff(windowId, { cutoff, ...LATER, reason: 'Outage' }, version, author);
};
const messages = (campaignId: string): Promise<MessageView[]> => ledger.messages({ campaignId, limit: 1_000 });
const people = (list: readonly MessageView[]): string[] => [...new Set(list.map(({ personKey }) => personKey))].sort();
const accepted = async (id: string): Promise<MessageView[]> =>
  (await messages(id)).filter(({ state }) => state === 'accepted');

const mailTo = async (to: string, subject: string) =>
  (await test.app.get(CaptureInbox).search({ to, subject, limit: 10 })).items;

describe('a correction', () => {
  it('is in production not approved by whoever moved the dates, nor by who is behind the key that did', async () => {
    await using production = await TestApp.start({
      server: database.server,
      clock,
      config: { environment: 'production' },
    });
    await test.settle(await scheduled());
    clock.moveTo(at('2026-09-08T10:00'));
    const permissions: Permission[] = [
      'campaign:read',
      'campaign:write',
      'campaign:approve',
      'window:write',
      'key:manage',
    ];
    const both = (name: string) => ({ ...colleague('author', name), permissions });
    const [one, two, three] = [both('one'), both('two'), both('three')];
    const keys = production.app.get(ApiKeys);
    const keyOf = async (maker: Principal) =>
      (await keys.recognise((await keys.create({ name: 'A key', permissions, expiresInDays: 1 }, maker)).key))!;
    const key = await keyOf(one);
    const { version } = await deadlines.window(windowId);
    const dates = { ...LATER, reason: 'Outage' };
    // Nobody has followed this change yet when the next one comes.
    await deadlines.moveCutoff(windowId, { cutoff: '2026-09-16T12:00', ...dates }, version, two.id);
    const moved = await production.app
      .get(CorrectionService)
      .moveCutoff(windowId, { cutoff: '2026-09-17T12:00', ...dates }, version + 1, key);
    const id = moved.correctionId!;

    const campaigns = production.app.get(CampaignService);
    const { hash } = await campaigns.plan(id);
    await campaigns.submit(id, three);
    for (const guise of [key, one, await keyOf(one), two, await keyOf(two)])
      await expect(campaigns.approve(id, hash, guise)).rejects.toMatchObject({ code: 'own-campaign' });
    expect((await campaigns.approve(id, hash, await keyOf(three))).state).toBe('approved');
    await campaigns.cancel(id, 'It was a test', operator);
  });

  it('is drafted for exactly those who were told, waits for approval, and shows both dates', async () => {
    const notice = await scheduled({ audience: { segments: ['unknown', 'mismatched'] } });
    await test.settle(notice);
    const told = people(await accepted(notice));
    expect(told.length).toBeGreaterThan(10);

    clock.moveTo(at('2026-09-08T10:00'));
    const moved = await move('2026-09-17T12:00');
    const id = moved.correctionId!;
    expect(await service.get(id)).toMatchObject({ kind: 'correction', state: 'draft', author: author.id });
    await test.settle(id);
    expect(await messages(id)).toEqual([]);

    const plan = await service.plan(id);
    expect(plan.summary).toMatchObject({ recipients: told.length, missing: {} });
    await goOn(id);
    await test.settle(id);
    const sent = await accepted(id);
    expect(people(sent)).toEqual(told);
    for (const message of sent) expect(message.values).toMatchObject({ previousWindow: OLD });
    const [mail] = await mailTo(sent[0]!.address!, 'Correction');
    expect(mail!.subject).toBe('Correction: the CQRS payment deadline is now midday on Thursday 17 September 2026');
    expect(await service.get(id)).toMatchObject({ state: 'finished' });
  });

  it('goes to the address that is registered now, and leaves out with a reason who cannot be written to', async () => {
    const notice = await scheduled({ audience: { segments: ['unknown'] } });
    await test.settle(notice);
    const [first, second] = (await accepted(notice)).filter(({ accountIds }) => accountIds.length === 1);
    const setAccount = async (message: MessageView, values: Record<string, string>): Promise<void> => {
      await database.db.updateTable('account').set(values).where('id', '=', message.accountIds[0]!).execute();
    };
    const before = await database.db
      .selectFrom('account')
      .selectAll()
      .where('id', 'in', [first!.accountIds[0]!, second!.accountIds[0]!])
      .execute();
    clock.moveTo(at('2026-09-08T10:00'));
    await setAccount(first!, { email: 'new.address@example.com', email_normalised: 'new.address@example.com' });
    await setAccount(second!, { status: 'disabled' });
    const { correctionId } = await move('2026-09-17T12:00');
    const plan = await service.plan(correctionId!);
    expect(plan.summary.excluded).toBe(1);
    await goOn(correctionId!);
    await test.settle(correctionId!);
    const sent = await accepted(correctionId!);
    expect(sent.map(({ address }) => address)).toContain('new.address@example.com');
    expect(sent.map(({ address }) => address)).not.toContain(first!.address);
    expect(people(sent)).not.toContain(second!.personKey);
    for (const { id, email, email_normalised, status } of before)
      await database.db.updateTable('account').set({ email, email_normalised, status }).where('id', '=', id).execute();
  });

  it('tells each person the dates that they were told, when the cutoff moved twice', async () => {
    const early = await scheduled({ audience: { segments: ['unknown'] } });
    await test.settle(early);
    clock.moveTo(at('2026-09-08T10:00'));
    const first = await move('2026-09-17T12:00');
    const late = await scheduled({ audience: { segments: ['mismatched'] } });
    await test.settle(late);

    clock.moveTo(at('2026-09-09T10:00'));
    const second = await move('2026-09-16T12:00');
    expect((await service.get(first.correctionId!)).state).toBe('cancelled');
    await goOn(second.correctionId!);
    await test.settle(second.correctionId!);
    const cutoffs = new Map(
      (await accepted(second.correctionId!)).map(({ personKey, values }) => [
        personKey,
        (values!['previousWindow'] as typeof OLD).cutoff,
      ]),
    );
    const [toldEarly, toldLate] = [people(await accepted(early)), people(await accepted(late))];
    expect([...cutoffs.keys()].sort()).toEqual([...new Set([...toldEarly, ...toldLate])].sort());
    for (const person of toldEarly.filter((key) => !toldLate.includes(key)))
      expect(cutoffs.get(person)).toBe('2026-09-18T12:00');
    for (const person of toldLate) expect(cutoffs.get(person)).toBe('2026-09-17T12:00');
  });

  it('is not drafted when the window moves back before anybody was told otherwise, nor when nobody was told', async () => {
    clock.moveTo(at('2026-09-08T09:00'));
    expect((await move('2026-09-17T12:00')).correctionId).toBeNull();
    clock.moveTo(at('2026-09-08T09:30'));
    await move(OLD.cutoff);
    await test.settle(await scheduled({ audience: { segments: ['unknown'] } }));
    clock.moveTo(at('2026-09-08T10:00'));
    const there = await move('2026-09-17T12:00');
    expect(there.correctionId).not.toBeNull();
    clock.moveTo(at('2026-09-08T10:05'));
    expect((await move(OLD.cutoff)).correctionId).toBeNull();
    expect((await service.get(there.correctionId!)).state).toBe('cancelled');
  });

  it('says only the day of the sign-in change where only that has moved, to exactly those who were told it', async () => {
    const notice = await scheduled({ audience: { segments: ['unknown'] } });
    await test.settle(notice);
    const reminder = await scheduled({ kind: 'payment-reminder', audience: { segments: ['mismatched'] } });
    clock.moveTo(at('2026-09-11T09:00'));
    await test.settle(reminder);
    const [told, reminded] = [people(await accepted(notice)), people(await accepted(reminder))];
    expect(reminded.filter((person) => !told.includes(person)).length).toBeGreaterThan(0);

    clock.moveTo(at('2026-09-14T10:00'));
    const { version } = await deadlines.window(windowId);
    const later = { cutoff: OLD.cutoff, ...LATER, signInChange: '2026-09-24T08:00' };
    const { correctionId } = await corrections.moveCutoff(windowId, later, version, author);
    await goOn(correctionId!);
    await test.settle(correctionId!);
    const sent = await accepted(correctionId!);
    expect(people(sent)).toEqual(told);
    expect(new Set(sent.map(({ template }) => template))).toEqual(new Set(['correction-sign-in']));
    const [mail] = await mailTo(sent[0]!.address!, 'Correction: signing in');
    expect(mail!.subject).toBe('Correction: signing in to CQRS changes on Thursday 24 September 2026');
  });

  it('expires with the new cutoff, to the second', async () => {
    await test.settle(await scheduled({ audience: { segments: ['unknown'] } }));
    clock.moveTo(at('2026-09-08T10:00'));
    const { correctionId } = await move('2026-09-17T12:00');
    await goOn(correctionId!);
    clock.moveTo(at('2026-09-17T12:00'));
    await test.settle(correctionId!);
    expect(await messages(correctionId!)).toEqual([]);
    expect(await service.steps(correctionId!)).toMatchObject([{ state: 'skipped', note: 'its time had passed' }]);
    clock.moveTo(at('2026-09-17T12:30'));
    // Moved after the new cutoff has passed: there is nothing before which to tell anybody.
    await deadlines.moveCutoff(
      windowId,
      { cutoff: '2026-09-17T12:15', ...LATER },
      (await deadlines.window(windowId)).version,
      author.id,
    );
    expect((await corrections.windowMoved(windowId)).correctionId).toBeNull();
  });

  it('is drafted once for a version, however many ask, and by the schedule when nobody does', async () => {
    await test.settle(await scheduled({ audience: { segments: ['unknown'] } }));
    clock.moveTo(at('2026-09-08T10:00'));
    await deadlines.moveCutoff(windowId, { cutoff: '2026-09-17T12:00', ...LATER }, 1, author.id);
    const results = await Promise.all([
      test.app.get(CorrectionTicker).run(),
      // More than there are connections to the database.
      ...Array.from({ length: 30 }, () => corrections.windowMoved(windowId)),
    ]);
    const drafts = (await service.list({ windowId, limit: 50 })).filter(({ kind }) => kind === 'correction');
    expect(drafts).toHaveLength(1);
    for (const result of results.slice(1)) expect(result).toMatchObject({ correctionId: drafts[0]!.id });
  });
  it('is cancelled by the next one, also when somebody cancels it at that moment', async () => {
    await test.settle(await scheduled({ audience: { segments: ['unknown'] } }));
    clock.moveTo(at('2026-09-08T10:00'));
    const { correctionId } = await move('2026-09-17T12:00');
    const rows = test.app.get(CampaignRepository);
    const ofWindow = rows.ofWindow.bind(rows);
    jest.spyOn(rows, 'ofWindow').mockImplementationOnce(async (id) => {
      const found = await ofWindow(id);
      await service.cancel(correctionId!, 'not needed', operator);
      return found;
    });
    expect((await move('2026-09-16T12:00')).correctionId).not.toBeNull();
  });
});

describe('a moved cutoff', () => {
  it('returns a ladder to draft in the middle, and once approved again it starts afresh with the new times', async () => {
    const id = await scheduled({ kind: 'payment-reminder' });
    clock.moveTo(at('2026-09-11T09:00'));
    await test.settle(id);
    const first = await accepted(id);
    expect(first.length).toBeGreaterThan(0);

    clock.moveTo(at('2026-09-11T15:00'));
    const moved = await move('2026-09-25T12:00').catch((error: unknown) => error);
    expect(moved).toMatchObject({ code: 'bad-declaration-window' });
    const { version } = await deadlines.window(windowId);
    const result = await corrections.moveCutoff(
      windowId,
      { cutoff: '2026-09-22T12:00', ...LATER, reason: 'More time' },
      version,
      author,
    );
    expect(result).toMatchObject({ backToDraft: [id] });
    expect(await service.get(id)).toMatchObject({ state: 'draft', approved_hash: null });
    expect((await service.steps(id)).filter(({ state }) => state === 'waiting')).toEqual([]);
    clock.moveTo(at('2026-09-16T09:00'));
    await test.settle(id);
    expect(await accepted(id)).toHaveLength(first.length);

    await goOn(id);
    const waiting = (await service.steps(id)).filter(({ state }) => state === 'waiting');
    expect(waiting.map(({ label, due_at }) => [label, due_at])).toEqual([
      ['5 working days before', at('2026-09-15T09:00')],
      ['2 working days before', at('2026-09-18T09:00')],
      ['the morning before', at('2026-09-21T09:00')],
      ['4 hours before', at('2026-09-22T08:00')],
    ]);
    clock.moveTo(at('2026-09-18T09:00'));
    await test.settle(id);
    const again = (await accepted(id)).length - first.length;
    expect(again).toBe(first.length);
    const [mail] = await mailTo(first[0]!.address!, 'before midday on Tuesday 22 September 2026');
    expect(mail).toBeDefined();
  });

  it('stops a notice half-way; approved again it goes to the rest, and those who had it are corrected', async () => {
    const id = await scheduled({ audience: { segments: ['unknown', 'mismatched', 'without-nhsmail'] } });
    await runner.runDueSteps(id);
    const all = people(await messages(id));
    const half = all.slice(0, Math.floor(all.length / 2));
    await ledger.cancelUnsent({ campaignId: id, personKeys: half }, 'the test stops half of them');
    await test.settle(id);
    const had = people(await accepted(id));
    expect(had).toEqual(all.filter((key) => !half.includes(key)));
    await database.db.updateTable('campaign').set({ state: 'sending' }).where('id', '=', id).execute();

    clock.moveTo(at('2026-09-08T10:00'));
    const { backToDraft, correctionId } = await move('2026-09-17T12:00');
    expect(backToDraft).toEqual([id]);
    await goOn(id);
    await goOn(correctionId!);
    await test.settle(id);
    await test.settle(correctionId!);
    const after = (await accepted(id)).filter(({ acceptedAt }) => acceptedAt! > MONDAY);
    expect(people(after)).toEqual(half);
    expect(people(await accepted(correctionId!))).toEqual(had);
    for (const { address } of after) {
      const [mail] = await mailTo(address!, '17 September 2026');
      expect(mail).toBeDefined();
    }
  });

  it('leaves a campaign that has told people its dates with its window: another window is for another campaign', async () => {
    const id = await scheduled({ kind: 'payment-reminder' });
    clock.moveTo(at('2026-09-11T09:00'));
    await test.settle(id);
    const told = people(await accepted(id));
    clock.moveTo(at('2026-09-11T15:00'));
    const { correctionId } = await move('2026-09-21T12:00');

    const { version } = await service.get(id);
    const october = { cutoff: '2026-10-26T12:00', reopening: '2026-10-28T08:00', pcse: '2026-11-02T08:00' };
    const other = await deadlines.createWindow({ name: `October beside ${windowId}`, ...october }, author.id);
    const content: CampaignInput = { name: 'Renamed', kind: 'payment-reminder', windowId };
    const elsewhere = service.edit(id, version, { ...content, windowId: other.id }, author);
    await expect(elsewhere).rejects.toMatchObject({ code: 'has-sent' });
    const otherwise = service.edit(id, version, { ...content, kind: 'after-cutoff' }, author);
    await expect(otherwise).rejects.toMatchObject({ code: 'has-sent' });
    expect(await service.edit(id, version, content, author)).toMatchObject({ name: 'Renamed', state: 'draft' });

    await goOn(correctionId!);
    await test.settle(correctionId!);
    expect(people(await accepted(correctionId!))).toEqual(told);
  });

  it('lets nothing with the old date leave afterwards, whenever a dispatch happens', async () => {
    for (let round = 0; round < 4; round += 1) {
      const name = `Race ${round} of window ${windows}`;
      clock.moveTo(MONDAY);
      windowId = (await deadlines.createWindow({ name, cutoff: OLD.cutoff, ...LATER }, author.id)).id;
      const id = await scheduled({ launchAt: '2026-09-08T10:00:00+01:00' });
      clock.moveTo(at('2026-09-08T10:00'));
      const dispatching = runner.runDueSteps(id).then(() => test.settle(id));
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, round * 150));
      const { correctionId } = await move('2026-09-17T12:00');
      const toldByThen = (await messages(id)).filter(({ state }) => state === 'accepted' || state === 'sending');
      clock.moveTo(at('2026-09-08T11:00'));
      await dispatching;
      await test.settle(id);

      const after = await messages(id);
      const late = after.filter(({ acceptedAt }) => acceptedAt && acceptedAt >= at('2026-09-08T11:00'));
      const onTheWire = new Set(
        toldByThen.filter(({ state }) => state === 'sending').map(({ id: message }) => message),
      );
      expect(late.filter(({ id: message }) => !onTheWire.has(message))).toEqual([]);
      const told = after.filter(({ state }) => state === 'accepted');
      expect(told.length).toBeLessThanOrEqual(toldByThen.length);
      const { planned, terminal } = await ledger.progress({ campaignId: id });
      expect(terminal).toBe(planned);
      // Whoever is quick enough has told everybody before the move: then it is over, and a correction follows.
      const wasOver = told.length > 0 && told.length === planned;
      expect(wasOver ? ['draft', 'finished'] : ['draft']).toContain((await service.get(id)).state);
      expect(correctionId !== null).toBe(told.length > 0);
      if (correctionId !== null) expect((await service.plan(correctionId)).summary.people).toBe(people(told).length);
    }
  });

  it('needs the permission and the version, and is audited', async () => {
    const input = { cutoff: '2026-09-17T12:00', ...LATER };
    await expect(corrections.moveCutoff(windowId, input, 1, colleague('viewer'))).rejects.toMatchObject({
      code: 'not-permitted',
    });
    await expect(corrections.moveCutoff(windowId, input, 2, author)).rejects.toMatchObject({ code: 'window-changed' });
    expect(await test.app.get(AuditTrail).verify()).toMatchObject({ ok: true });
    expect(await ledger.faults()).toEqual([]);
  });
});
