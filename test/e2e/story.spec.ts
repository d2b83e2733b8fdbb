import { type CampaignInput, CampaignService, CampaignTicker } from '../../src/campaigns/index.js';
import { simulate } from '../../src/commands/simulation.js';
import { type SimulationReport } from '../../src/commands/simulation.report.js';
import { isWithinShare, type ScenarioChoice, scenarioOf } from '../../src/commands/simulation.scenario.js';
import { SimulatedTransport } from '../../src/commands/simulation.transport.js';
import { DeadlinesService, type DeadlinesTables, DeclarationFeed } from '../../src/deadlines/index.js';
import { CaptureInbox, Ledger, type MessageView, Reconciler } from '../../src/delivery/index.js';
import { CONFIG, type Config } from '../../src/platform/config/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const author = colleague('author');
const approver = colleague('approver');
const operator = colleague('operator');
const ACT_SHARE = 0.6;

type Name = CampaignInput['kind'] | 'late-notice';

/**
 * The round of the source message: reminders until midday of Friday 18 September, a mail server that is down from ten
 * to half past twelve that day, CQRS again from Wednesday 23rd, PCSE on Monday 28th, guidance once it is ready.
 */
describe.each([2020, 2026])('the round of September %d', (year) => {
  const at = (time: string): Date => LondonTime.parse(`${year}-09-${time}`).toInstant();
  const MONDAY = at('07T09:00');
  const choice: ScenarioChoice = {
    scenario: 'most-act',
    actShare: ACT_SHARE,
    smtpDown: `${year}-09-18T10:00/${year}-09-18T12:30`,
  };
  const clock = new FixedClock(MONDAY);
  const campaigns = new Map<Name, string>();
  let database: TestDatabase<DeadlinesTables>;
  let test: TestApp;
  let simulated: SimulationReport;
  let windowId: string;
  let missed: readonly string[];

  const ledgerOf = (name: Name): Promise<MessageView[]> =>
    test.app.get(Ledger).messages({ campaignId: campaigns.get(name)!, limit: 5_000 });
  const acceptedAt = async (name: Name, time: string): Promise<MessageView[]> =>
    (await ledgerOf(name)).filter(({ acceptedAt: when }) => when?.getTime() === at(time).getTime());
  const blockers = () => test.app.get(DeadlinesService).blockers(windowId);

  /** As the schedule does, every few seconds of the day. */
  const reach = async (time: string): Promise<void> => {
    clock.moveTo(at(time));
    for (const id of campaigns.values()) await test.settle(id);
  };
  const tickDuringOutage = async (time: string): Promise<void> => {
    clock.moveTo(at(time));
    await test.app.get(CampaignTicker).run();
    await test.app.get(Reconciler).reconcile();
  };
  /** What CQRS reports of those who act. */
  const report = async (from: readonly string[], to: string): Promise<void> => {
    const rows = (await database.db.selectFrom('declaration').selectAll().execute()).filter(
      (row) =>
        row.declaration_required &&
        from.includes(row.status) &&
        (to !== 'approved' || row.approval_required) &&
        isWithinShare(row.organisation_code, ACT_SHARE),
    );
    await test.app.get(DeclarationFeed).applyDeclarations(
      rows.map((row) => ({
        organisationCode: row.organisation_code,
        service: row.service,
        period: row.period,
        declarationRequired: row.declaration_required,
        approvalRequired: row.approval_required,
        status: to,
        updatedAt: clock.now().toISOString(),
      })),
      'system:test',
    );
  };
  const scheduled = async (name: Name, input: Omit<CampaignInput, 'name' | 'windowId'>): Promise<void> => {
    const service = test.app.get(CampaignService);
    const { id } = await service.create({ name, windowId, ...input }, author);
    const { hash, summary } = await service.plan(id);
    expect(summary.missing).toEqual({});
    await service.submit(id, author);
    await service.approve(id, hash, approver);
    await service.schedule(id, operator);
    campaigns.set(name, id);
  };

  beforeAll(async () => {
    database = await testDatabase();
    const window = {
      name: `September ${year}`,
      cutoff: `${year}-09-18T12:00`,
      reopening: `${year}-09-23T08:00`,
      pcse: `${year}-09-28T08:00`,
      signInChange: `${year}-09-23T08:00`,
      weekdays: { cutoff: 'Friday', reopening: 'Wednesday', pcse: 'Monday' } as const,
    };
    const scenario = scenarioOf(choice, LondonTime.parse(window.cutoff));
    test = await TestApp.start({
      server: database.server,
      clock,
      wrapTransport: (behind) => new SimulatedTransport(clock, scenario, { behind }),
    });
    await test.importSmallDirectory();
    await test.importDeclarations(1);
    // The files speak of 2026: for an earlier round they must not be news from the future.
    await database.db
      .updateTable('declaration')
      .set({ updated_at: new Date(MONDAY.getTime() - 1) })
      .execute();
    windowId = (await test.app.get(DeadlinesService).createWindow(window, author.id)).id;

    await scheduled('sign-in-notice', { kind: 'sign-in-notice', launchAt: MONDAY.toISOString() });
    await scheduled('cascade-request', { kind: 'cascade-request', launchAt: MONDAY.toISOString() });
    await scheduled('payment-reminder', { kind: 'payment-reminder' });
    await scheduled('late-notice', {
      kind: 'sign-in-notice',
      audience: { segments: ['unknown'] },
      launchAt: at('18T11:00').toISOString(),
    });
    await scheduled('after-cutoff', { kind: 'after-cutoff', launchAt: at('18T13:00').toISOString() });
    await scheduled('guidance-follow-up', { kind: 'guidance-follow-up' });

    const held: (() => Promise<void>)[] = [];
    try {
      simulated = await simulate(
        {
          server: database.server,
          config: test.app.get<Config>(CONFIG),
          window: await test.app.get(DeadlinesService).window(windowId),
          now: clock.now(),
          choice,
          logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
        },
        (release) => held.push(release),
      );
    } finally {
      for (const release of held.reverse()) await release();
    }
  }, 300_000);
  afterAll(async () => {
    await test[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  it('left everything untouched while it was simulated', async () => {
    expect(await test.app.get(CaptureInbox).count()).toBe(0);
    expect(clock.now()).toEqual(MONDAY);
    for (const id of campaigns.values())
      expect(await test.app.get(CampaignService).get(id)).toMatchObject({ state: 'scheduled' });
  });

  it('tells people and commissioners on the Monday', async () => {
    await reach('07T09:00');
    for (const name of ['sign-in-notice', 'cascade-request'] as const) {
      const messages = await ledgerOf(name);
      expect(messages.length).toBeGreaterThan(100);
      expect(await acceptedAt(name, '07T09:00')).toHaveLength(messages.length);
    }
  });

  it('reminds whoever blocks a payment, at nine and at eight, and stops when the work is done', async () => {
    const remindedAt = async (time: string): Promise<string[]> => {
      const blocking = await blockers();
      const practices = new Set<string>(
        blocking.filter(({ practice }) => practice).map(({ organisationCode }) => organisationCode),
      );
      await reach(time);
      const messages = await acceptedAt('payment-reminder', time);
      for (const { template, organisationCodes } of messages)
        if (template === 'payment-reminder-practice')
          for (const code of organisationCodes) expect(practices).toContain(code);
      return messages.map(({ personKey }) => personKey);
    };
    const first = await remindedAt('11T09:00');
    await reach('11T11:00');
    await report(['not-declared', 'returned'], 'declared');
    await reach('14T10:00');
    await report(['declared'], 'approved');
    await reach('14T14:00');
    await report(['approved'], 'financially-approved');
    const second = await remindedAt('16T09:00');
    expect(second.length).toBeLessThan(first.length);
    expect(second.length).toBeGreaterThan(0);
    expect(await remindedAt('17T09:00')).toEqual(second);
    expect(await remindedAt('18T08:00')).toEqual(second);
    expect((await ledgerOf('payment-reminder')).length).toBe(first.length + 3 * second.length);
  });

  it('holds a late notice while the mail server is down, and lets nothing of it leave from midday on', async () => {
    await tickDuringOutage('18T11:00');
    await tickDuringOutage('18T11:59:59');
    const before = await ledgerOf('late-notice');
    expect(before.length).toBeGreaterThan(0);
    for (const { state } of before) expect(['planned', 'queued', 'sending']).toContain(state);
    missed = (await blockers()).map(({ organisationCode }) => organisationCode as string);
    await reach('18T12:00');
    const after = await ledgerOf('late-notice');
    for (const message of after)
      expect(message).toMatchObject({ state: 'expired', acceptedAt: null, stateChangedAt: at('18T12:00') });
    await reach('18T12:30');
    expect((await ledgerOf('late-notice')).every(({ state }) => state === 'expired')).toBe(true);
  });

  it('tells those who missed it, and nobody else, of the next opportunity', async () => {
    await reach('18T13:00');
    const messages = await acceptedAt('after-cutoff', '18T13:00');
    expect(messages.length).toBeGreaterThan(0);
    expect(messages).toHaveLength((await ledgerOf('after-cutoff')).length);
    const listed = messages.flatMap(({ values }) => values!['practices'] as { code: string }[]);
    for (const { code } of listed) expect(missed).toContain(code);
  });

  it('holds the guidance back until a person releases it', async () => {
    await reach('23T07:59');
    expect(await ledgerOf('guidance-follow-up')).toEqual([]);
    clock.moveTo(at('23T08:00'));
    await test.app.get(CampaignService).release(campaigns.get('guidance-follow-up')!, operator);
    await reach('23T08:00');
    const messages = await acceptedAt('guidance-follow-up', '23T08:00');
    expect(messages.length).toBeGreaterThan(0);
    expect(new Set(messages.map(({ segment }) => segment))).toEqual(new Set(['without-nhsmail']));
  });

  it('is over on the day of PCSE, with a sound ledger', async () => {
    await reach('28T08:00');
    for (const id of campaigns.values())
      expect(await test.app.get(CampaignService).get(id)).toMatchObject({ state: 'finished' });
    expect(await test.app.get(Ledger).faults()).toEqual([]);
  });

  it('wrote no wrong date into any email', async () => {
    const right = new Set([`Friday 18`, `Wednesday 23`, `Monday 28`].map((day) => `${day} September ${year}`));
    const inbox = test.app.get(CaptureInbox);
    const wrong = new Set<string>();
    let read = 0;
    let after: string | undefined;
    do {
      const page = await inbox.search({ limit: 500, ...(after !== undefined && { after }) });
      // The list has the words of each as whoever opens it reads them: opening all of them takes ten times as long.
      const [first] = page.items;
      expect((await inbox.get(first!.id)).text.replace(/\s+/g, ' ').trim()).toBe(first!.text);
      for (const { subject, text } of page.items) {
        const words = `${subject} ${text}`.replace(/\s+/g, ' ');
        const dates = words.match(
          /(\w+day )?\d{1,2}(st|nd|rd|th)? (January|February|March|April|May|June|July|August|September|October|November|December)( \d{4})?/g,
        );
        for (const date of dates ?? []) if (!right.has(date)) wrong.add(date);
        for (const [said, before] of words.matchAll(/(\S+ \S+) Friday 18 September/g))
          if (before !== 'midday on') wrong.add(said);
        read += 1;
      }
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect([...wrong]).toEqual([]);
    let accepted = 0;
    for (const name of campaigns.keys())
      accepted += (await ledgerOf(name)).filter(({ state }) => state === 'accepted').length;
    expect(read).toBe(accepted);
  });

  it('went exactly as it had been simulated', async () => {
    const counts = (rows: readonly { key: string; messages: number }[]): Record<string, number> => {
      const sum: Record<string, number> = {};
      for (const { key, messages } of rows) sum[key] = (sum[key] ?? 0) + messages;
      return sum;
    };
    const real: { key: string; messages: number }[] = [];
    for (const name of campaigns.keys()) {
      for (const { state, acceptedAt: when, stateChangedAt } of await ledgerOf(name)) {
        const time = LondonTime.fromInstant(when ?? stateChangedAt).isoLocal();
        real.push({ key: `${name} ${state} ${time}`, messages: 1 });
      }
    }
    const foreseen = simulated.calendar
      .filter(({ campaign, what }) => campaign !== '' && what !== 'skipped')
      .map(({ campaign, what, day, time, messages }) => ({ key: `${campaign} ${what} ${day}T${time}`, messages }));
    expect(counts(foreseen)).toEqual(counts(real));
    expect(simulated.missed.organisations.map(({ code }) => code)).toEqual(missed);
    expect(simulated.campaigns.every(({ state }) => state === 'finished')).toBe(true);
  });
});
