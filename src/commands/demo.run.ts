import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type INestApplicationContext } from '@nestjs/common';
import { permissionsOf, type AccessRole, type Principal } from '../access/index.js';
import { type CampaignInput, CampaignService, CampaignTicker, type PlanSummary } from '../campaigns/index.js';
import { DeadlinesService, DeclarationImporter } from '../deadlines/index.js';
import { CaptureInbox, Ledger, Reconciler } from '../delivery/index.js';
import { type ImportReport, ImportService } from '../directory/index.js';
import { PROJECT_ROOT } from '../platform/config/index.js';
import { type Readiness, ReadinessService, SegmentsService } from '../segments/index.js';
import { type FixedClock } from '../shared/clock.js';
import { LondonTime } from '../shared/london-time.js';
import { describe } from './import.commands.js';
import { planLines } from './plan.lines.js';
import { progressBar } from './progress-bar.js';
import { table } from './terminal.js';

export interface DemoResult {
  readonly segments: Readonly<Record<string, number>>;
  readonly readiness: Readonly<Record<string, { ready: number; atRisk: number }>>;
  readonly campaigns: readonly DemoCampaign[];
  /** Of all campaigns, by state. */
  readonly messages: Readonly<Partial<Record<string, number>>>;
  readonly planned: number;
  readonly terminal: number;
  readonly captured: number;
  readonly messagesPerSecond: number;
  readonly seconds: Readonly<Record<string, number>>;
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
/** Two working days before the cutoff of Friday 18 September 2026, at nine. */
const REMINDER_DAY = LondonTime.parse('2026-09-16T09:00');

const AUTHOR = invented('author');
const APPROVER = invented('approver');
const OPERATOR = invented('operator');

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
        cutoff: '2026-09-18T12:00',
        reopening: '2026-09-23T08:00',
        pcse: '2026-09-28T08:00',
        signInChange: '2026-09-23T08:00',
        weekdays: { cutoff: 'Friday', reopening: 'Wednesday', pcse: 'Monday', signInChange: 'Wednesday' },
      },
      AUTHOR.id,
    );
    const sent = await this.timed('sign-in notice', () =>
      this.sendNow({ name: 'Sign-in change and September cutoff', kind: 'sign-in-notice', windowId: window.id }),
    );
    const messagesPerSecond = Math.round(sent / (this.seconds['sending'] ?? 1));
    await this.timed('cascade request', () =>
      this.sendNow({ name: 'Please cascade to your practices', kind: 'cascade-request', windowId: window.id }),
    );
    await this.timed('declarations', () => this.importDeclarations(people));
    await this.timed('reminder', async () => {
      this.clock.moveTo(REMINDER_DAY.toInstant());
      await this.sendNow({ name: 'September reminders', kind: 'payment-reminder', windowId: window.id });
    });
    return this.result(segments, readiness, messagesPerSecond, started);
  }

  private async importFiles(people: string): Promise<void> {
    const imports = this.app.get(ImportService);
    const request = { actor: AUTHOR.id };
    this.report(await imports.importOrganisations([join(FIXTURES, 'ods')], request));
    this.report(await imports.importAccounts(join(people, 'accounts.csv'), request));
    this.report(await imports.importNhsmail(join(people, 'nhsmail.csv'), request));
    this.report(await imports.importNoNhsmail(join(people, 'no-nhsmail.csv'), request));
  }

  private async importDeclarations(people: string): Promise<void> {
    const importer = this.app.get(DeclarationImporter);
    this.report(await importer.importDeclarations(join(people, 'declarations.csv'), { actor: AUTHOR.id }));
  }

  /** Plan, have it approved by somebody else, schedule, and wait until every message has ended. */
  private async sendNow(input: CampaignInput): Promise<number> {
    const { say } = this.settings;
    const service = this.app.get(CampaignService);
    const { id, name, kind } = await service.create(input, AUTHOR);
    const { hash, summary, ...plan } = await service.plan(id);
    say(`\n── ${name} ──`);
    for (const line of planLines({ ...plan, hash, summary })) say(line);
    this.campaigns.push(campaignOf(id, name, kind, summary));
    await service.submit(id, AUTHOR);
    await service.approve(id, hash, APPROVER);
    await service.schedule(id, OPERATOR);
    await this.app.get(CampaignTicker).run();
    const started = performance.now();
    const sent = await this.untilEnded(id);
    const seconds = secondsSince(started);
    this.seconds['sending'] ??= seconds;
    say(
      `${sent.toLocaleString('en-GB')} e-mails left in ${seconds.toFixed(1)} s (${Math.round(sent / seconds).toLocaleString('en-GB')} a second).`,
    );
    return sent;
  }

  private async untilEnded(campaignId: string): Promise<number> {
    const ledger = this.app.get(Ledger);
    const bar = progressBar('e-mails');
    let last = -1;
    let quietSince = performance.now();
    try {
      for (;;) {
        await this.app.get(Reconciler).reconcile();
        const { planned, terminal } = await ledger.progress({ campaignId });
        bar.update(terminal, planned, terminal);
        if (planned === terminal) return planned;
        if (terminal !== last) quietSince = performance.now();
        if (secondsSince(quietSince) > 60)
          throw new Error(`No message ended for a minute; ${planned - terminal} are left`);
        last = terminal;
        await delay(150);
      }
    } finally {
      bar.stop();
    }
  }

  private async result(
    segments: DemoResult['segments'],
    readiness: DemoResult['readiness'],
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
      segments,
      readiness,
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

/** An invented colleague: approval needs two people. */
function invented(role: AccessRole): Principal {
  return {
    id: `person:demo-${role}`,
    kind: 'person',
    name: `The demo's ${role}`,
    roles: [role],
    permissions: permissionsOf([role]),
  };
}

function campaignOf(id: string, name: string, kind: string, summary: PlanSummary): DemoCampaign {
  const { recipients, excluded, exclusions, unreachable } = summary;
  return { id, name, kind, recipients, excluded, exclusions, unreachable };
}

function readinessByKind(rows: readonly Readiness[]): Record<string, { ready: number; atRisk: number }> {
  const kinds: Record<string, { ready: number; atRisk: number }> = {};
  for (const { kind, atRisk } of rows) {
    const row = (kinds[kind] ??= { ready: 0, atRisk: 0 });
    if (atRisk) row.atRisk += 1;
    else row.ready += 1;
  }
  return kinds;
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
