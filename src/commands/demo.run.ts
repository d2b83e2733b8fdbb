import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type INestApplicationContext } from '@nestjs/common';
import {
  type CampaignInput,
  CampaignRunner,
  CampaignService,
  CampaignTicker,
  CorrectionService,
  type PlanSummary,
} from '../campaigns/index.js';
import { CascadeFreezer, ESCALATION_PAST_COMMISSIONERS } from '../cascades/index.js';
import { DeadlinesService, DeclarationFeed } from '../deadlines/index.js';
import { CaptureInbox, Ledger } from '../delivery/index.js';
import { type ImportReport, ImportService } from '../directory/index.js';
import { PROJECT_ROOT } from '../platform/config/index.js';
import { ReadinessService, SegmentsService } from '../segments/index.js';
import { type FixedClock } from '../shared/clock.js';
import { formatDateTime, LondonTime } from '../shared/london-time.js';
import { runScriptedCascade, type ScriptedCascadeResult } from './cascade.run.js';
import { describe } from './import.commands.js';
import { DEMO } from './invented.people.js';
import { planLines } from './plan.lines.js';
import { progressBar } from './progress-bar.js';
import { readinessByKind } from './readiness.counts.js';
import { table } from './terminal.js';

export interface DemoResult {
  readonly segments: Readonly<Record<string, number>>;
  readonly readiness: Readonly<Record<string, { ready: number; atRisk: number }>>;
  readonly campaigns: readonly DemoCampaign[];
  /** The second act: how far the request came, and what it did for those at risk. */
  readonly cascade: ScriptedCascadeResult;
  readonly correction: DemoCorrection;
  /** Of all campaigns, by state. */
  readonly messages: Readonly<Partial<Record<string, number>>>;
  readonly planned: number;
  readonly terminal: number;
  readonly captured: number;
  readonly messagesPerSecond: number;
  readonly seconds: Readonly<Record<string, number>>;
}

/** What followed when the cutoff moved. */
export interface DemoCorrection {
  readonly from: string;
  readonly to: string;
  /** People who had been told the old date and get the correction once it is approved. */
  readonly people: number;
  readonly backToDraft: number;
}

export interface DemoCampaign {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly recipients: number;
  readonly excluded: number;
  readonly exclusions: Readonly<Record<string, number>>;
  readonly unreachable: number;
}

interface DemoSettings {
  readonly small: boolean;
  /** `performance.now()` when the command began: the embedded database started in between. */
  readonly started: number;
  readonly say: (line: string) => void;
}

const FIXTURES = join(PROJECT_ROOT, 'test', 'fixtures');
/** Five and two working days before the cutoff of Friday 18 September 2026, at nine, and what CQRS said just before. */
const REMINDERS = [
  { feed: 'declarations-1.csv', at: LondonTime.parse('2026-09-11T09:00') },
  { feed: 'declarations-2.csv', at: LondonTime.parse('2026-09-16T09:00') },
];

/** The request has until the evening before the first reminder; after the second one the cutoff moves. */
const CASCADE_UNTIL = LondonTime.parse('2026-09-10T17:00');
const DATES = {
  cutoff: '2026-09-18T12:00',
  reopening: '2026-09-23T08:00',
  pcse: '2026-09-28T08:00',
  signInChange: '2026-09-23T08:00',
};
const MOVED_CUTOFF = '2026-09-21T12:00';

/** The round of 18 September 2026 from the imports to the reminder, through the service's own parts. */
export class Demo {
  private readonly seconds: Record<string, number> = {};
  private readonly campaigns: DemoCampaign[] = [];

  constructor(
    private readonly app: INestApplicationContext,
    private readonly clock: FixedClock,
    private readonly settings: DemoSettings,
  ) {}

  async run(): Promise<DemoResult> {
    const { say, small, started } = this.settings;
    this.seconds['start'] = secondsSince(started);
    const people = join(FIXTURES, small ? 'demo-small' : 'demo');
    await this.timed('import', () => this.importFiles(people));
    const segments = await this.timed('segments', () => this.app.get(SegmentsService).counts());
    say(`\n${table(['segment', 'accounts'], Object.entries(segments))}`);
    const readiness = readinessByKind(await this.timed('readiness', () => this.app.get(ReadinessService).readiness()));
    say(
      `\n${table(
        ['organisations', 'ready', 'at risk'],
        Object.entries(readiness).map(([kind, row]) => [kind, row.ready, row.atRisk]),
      )}`,
    );

    const window = await this.app.get(DeadlinesService).createWindow(
      {
        name: 'September 2026',
        ...DATES,
        weekdays: { cutoff: 'Friday', reopening: 'Wednesday', pcse: 'Monday', signInChange: 'Wednesday' },
      },
      DEMO.author.id,
    );
    const sent = await this.timed('sign-in notice', () =>
      this.sendNow({ name: 'Sign-in change and September cutoff', kind: 'sign-in-notice', windowId: window.id }),
    );
    const messagesPerSecond = Math.round(sent / (this.seconds['sending'] ?? 1));
    const cascade = await this.timed('cascade', () => this.cascade(people, window.id));
    await this.timed('reminders', () => this.remind(people, window.id));
    const correction = await this.timed('correction', () => this.moveCutoff(window.id));
    return this.result({ segments, readiness, cascade, correction }, messagesPerSecond, started);
  }

  private async importFiles(people: string): Promise<void> {
    const imports = this.app.get(ImportService);
    const request = { actor: DEMO.author.id };
    this.report(await imports.importOrganisations([join(this.settings.small ? people : FIXTURES, 'ods')], request));
    this.report(await imports.importAccounts(join(people, 'accounts.csv'), request));
    this.report(await imports.importNhsmail(join(people, 'nhsmail.csv'), request));
    this.report(await imports.importNoNhsmail(join(people, 'no-nhsmail.csv'), request));
  }

  /** The second act: the request to commissioners, their answers and those of the practices, and what silence leads to. */
  private async cascade(people: string, windowId: string): Promise<ScriptedCascadeResult> {
    const request = { name: 'Please cascade to your practices', kind: 'cascade-request', windowId } as const;
    const id = await this.approved(request);
    // Before anything ticks: its own tick would take the usual policy, that goes no further than the CQRS team.
    await this.app.get(CascadeFreezer).freeze(id, ESCALATION_PAST_COMMISSIONERS);
    await this.app.get(CampaignService).schedule(id, DEMO.operator);
    await this.untilEnded(id);
    const result = await runScriptedCascade(this.app, {
      campaignId: id,
      clock: this.clock,
      until: CASCADE_UNTIL.toInstant(),
      accountsFile: join(people, 'accounts.csv'),
      actor: DEMO.author.id,
      say: this.settings.say,
    });
    await this.untilEnded(id);
    return result;
  }

  /** An outage moves the cutoff: nothing with the old date leaves any more, and whoever was told it gets a correction. */
  private async moveCutoff(windowId: string): Promise<DemoCorrection> {
    const { version } = await this.app.get(DeadlinesService).window(windowId);
    const input = { ...DATES, cutoff: MOVED_CUTOFF, reason: 'Outage' };
    const moved = await this.app.get(CorrectionService).moveCutoff(windowId, input, version, DEMO.author);
    if (moved.correctionId === null) throw new Error('Nobody was told the old cutoff');
    const { summary } = await this.app.get(CampaignService).plan(moved.correctionId);
    const [from, to] = [DATES.cutoff, MOVED_CUTOFF].map((time) => formatDateTime(LondonTime.parse(time)));
    this.settings.say(
      `\nThe cutoff moves from ${from} to ${to}: ${summary.people.toLocaleString('en-GB')} people were told the old date. A correction to them is drafted and waits for approval.`,
    );
    return {
      from: DATES.cutoff,
      to: MOVED_CUTOFF,
      people: summary.people,
      backToDraft: moved.backToDraft.length,
    };
  }

  /** One campaign for the whole ladder, approved once; each reminder goes to those who block a payment at that moment. */
  private async remind(people: string, windowId: string): Promise<void> {
    const id = await this.schedule({ name: 'September reminders', kind: 'payment-reminder', windowId });
    for (const { feed, at } of REMINDERS) {
      this.clock.moveTo(at.toInstant());
      const request = { actor: DEMO.author.id };
      this.report(await this.app.get(DeclarationFeed).importDeclarations(join(people, feed), request));
      await this.untilEnded(id);
    }
  }

  private async sendNow(input: CampaignInput): Promise<number> {
    return this.untilEnded(await this.schedule(input));
  }

  private async schedule(input: CampaignInput): Promise<string> {
    const id = await this.approved(input);
    await this.app.get(CampaignService).schedule(id, DEMO.operator);
    return id;
  }

  /** Planned, and agreed to by somebody else. */
  private async approved(input: CampaignInput): Promise<string> {
    const { say } = this.settings;
    const service = this.app.get(CampaignService);
    const { id, name, kind } = await service.create(input, DEMO.author);
    const plan = await service.plan(id);
    say(`\n── ${name} ──`);
    for (const line of planLines(plan)) say(line);
    this.campaigns.push(campaignOf(id, name, kind, plan.summary));
    await service.submit(id, DEMO.author);
    await service.approve(id, plan.hash, DEMO.approver);
    return id;
  }

  /** Waits until nothing of the campaign is due and every message has ended; the service's own ticks do the work. */
  private async untilEnded(campaignId: string): Promise<number> {
    const ledger = this.app.get(Ledger);
    const runner = this.app.get(CampaignRunner);
    const before = (await ledger.progress({ campaignId })).planned;
    const started = performance.now();
    const bar = progressBar('emails');
    let last = -1;
    let quietSince = started;
    try {
      for (;;) {
        const due = await runner.due();
        const { planned, terminal } = await ledger.progress({ campaignId });
        bar.update(terminal - before, planned - before, terminal - before);
        if (!due.includes(campaignId) && planned === terminal) {
          const sent = planned - before;
          const seconds = secondsSince(started);
          this.seconds['sending'] ??= seconds;
          bar.stop();
          if (sent > 0) {
            this.settings.say(
              `${sent.toLocaleString('en-GB')} emails in ${seconds.toFixed(1)} s (${Math.round(sent / seconds).toLocaleString('en-GB')} a second)`,
            );
          }
          return sent;
        }
        if (terminal !== last) quietSince = performance.now();
        if (secondsSince(quietSince) > 120)
          throw new Error(`No message ended for two minutes; ${planned - terminal} are left`);
        last = terminal;
        await delay(100);
      }
    } finally {
      bar.stop();
    }
  }

  private async result(
    facts: Pick<DemoResult, 'segments' | 'readiness' | 'cascade' | 'correction'>,
    messagesPerSecond: number,
    started: number,
  ): Promise<DemoResult> {
    const messages: Record<string, number> = {};
    let planned = 0;
    let terminal = 0;
    for (const { id } of this.campaigns) {
      const progress = await this.app.get(Ledger).progress({ campaignId: id });
      planned += progress.planned;
      terminal += progress.terminal;
      for (const [state, count] of Object.entries(progress.states)) {
        if (count > 0) messages[state] = (messages[state] ?? 0) + count;
      }
    }
    await this.app.get(CampaignTicker).run();
    const captured = await this.app.get(CaptureInbox).count();
    this.seconds['total'] = secondsSince(started);
    const seconds = Object.fromEntries(
      Object.entries(this.seconds).map(([step, value]) => [step, Math.round(value * 100) / 100]),
    );
    return {
      ...facts,
      campaigns: this.campaigns,
      messages,
      planned,
      terminal,
      captured,
      messagesPerSecond,
      seconds,
    };
  }

  private report(report: ImportReport): void {
    for (const line of describe(report)) this.settings.say(line);
    if (!report.applied) throw new Error(`The demo's own ${report.kind} file was refused`);
  }

  private async timed<T>(step: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      this.seconds[step] = secondsSince(started);
    }
  }
}

function campaignOf(id: string, name: string, kind: string, summary: PlanSummary): DemoCampaign {
  const { recipients, excluded, exclusions, unreachable } = summary;
  return { id, name, kind, recipients, excluded, exclusions, unreachable };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
