import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import pLimit from 'p-limit';
import { v7 as uuid } from 'uuid';
import { BankHolidays, DeadlinesService, type DeclarationWindow, feasibility } from '../deadlines/index.js';
import { type Config, InjectConfig, mailLimitsOf } from '../platform/config/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import { Clock } from '../shared/clock.js';
import { AudienceService, type Everybody } from './audience.service.js';
import { KINDS } from './campaign.kinds.js';
import { type CampaignRow } from './campaign.repository.js';
import { type CampaignTables } from './campaign.tables.js';
import { PlanRepository, type PlanRow, type RecipientRow } from './plan.repository.js';
import {
  contentHash,
  type Contradiction,
  differences,
  type Drift,
  type PlanDiff,
  planHash,
  type PlanStep,
  type PlanSummary,
  PlanTally,
  type PlanTotals,
} from './plan.rules.js';
import { type PlannedRecipient } from './recipient.types.js';
import { SharedValuesService } from './shared-values.service.js';

export interface Plan {
  readonly id: string;
  readonly campaignId: string;
  readonly madeAt: Date;
  /** What an approval binds to. */
  readonly hash: string;
  readonly summary: PlanSummary;
}

/** From so many lines on, the database's statistics are worth their time. */
const NOTABLE = 1_000;
/** Where no rate is configured the transport decides; this is what one process sends on a small machine. */
const ASSUMED_RATE_PER_MINUTE = 30_000;
/** Of a hundred messages, about two are deferred once (Exchange Online, mailbox busy). */
const RETRY_SHARE = 0.02;

/** Shows what a campaign would do, and freezes it: the plan that gets approved is the audience snapshot. */
@Injectable()
export class PlanService {
  /**
   * A plan holds the directory in memory, and one connection to the database while it reads through a second: 20 at once
   * held all connections and waited for one another.
   */
  private readonly turns = pLimit(2);

  constructor(
    private readonly plans: PlanRepository,
    private readonly audience: AudienceService,
    private readonly deadlines: DeadlinesService,
    private readonly bankHolidays: BankHolidays,
    private readonly sharedValues: SharedValuesService,
    private readonly templates: TemplateCatalogue,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Works the campaign out against the directory as it is now, and keeps the result beside the earlier plans. Whoever
   * asks while others are being made waits for a turn.
   */
  async make(campaign: CampaignRow): Promise<Plan> {
    return this.turns(() => this.makeNow(campaign));
  }

  private async makeNow(campaign: CampaignRow): Promise<Plan> {
    const window = await this.deadlines.window(campaign.window_id);
    const shared = this.sharedValues.of(campaign, window);
    const steps = this.stepsOf(campaign, window);
    const madeAt = this.clock.now();
    const id = uuid();
    const everybody = await this.audience.everybody();
    return this.plans.db.transaction().execute(async (trx) => {
      const previous = await this.plans.latest(campaign.id, trx);
      const head = { id, campaign_id: campaign.id, made_at: madeAt, content_hash: contentHash(campaign) };
      await this.plans.add(head, trx);
      const tally = new PlanTally();
      const missing = new Map<string, Set<string>>();
      const recipients = this.audience.recipients(campaign, window, everybody);
      await this.plans.addRecipients(id, this.checked(tallied(recipients, tally), shared, missing), trx);
      const totals = tally.result();
      if (totals.recipients + totals.excluded >= NOTABLE) await this.plans.analyse(trx);
      const hash = this.hashOf(tally, shared, steps);
      const summary: PlanSummary = {
        kind: campaign.kind,
        windowId: window.id,
        ...totals,
        duplicates: await this.plans.duplicates(id, campaign.id, trx),
        contradictions: await this.contradictions(campaign, id, trx, everybody),
        feasibility: this.feasibilityOf(totals, steps, window),
        missing: Object.fromEntries([...missing].map(([template, names]) => [template, [...names].sort()])),
        steps,
        changes: await this.changesSince(previous, id, trx),
      };
      await this.plans.complete(id, hash, summary, trx);
      await this.plans.forgetRecipients(campaign.id, [id, ...(previous ? [previous.id] : [])], trx);
      return { id, campaignId: campaign.id, madeAt, hash, summary };
    });
  }

  /** Whom the plan, or what it asks their commissioner to do, would tell the opposite of another campaign. */
  async contradictions(
    campaign: CampaignRow,
    planId: string,
    trx?: Transaction<CampaignTables>,
    everybody?: Everybody,
  ): Promise<Contradiction[]> {
    const forNewAccounts = await this.audience.peopleForNewAccounts(campaign, everybody);
    return this.plans.contradictions(planId, campaign.id, forNewAccounts, trx);
  }

  /** The newest plan, if it is one of what the campaign says now: an edit leaves none. */
  async latest(campaign: CampaignRow, trx?: Transaction<CampaignTables>): Promise<Plan | undefined> {
    const row = await this.plans.latest(campaign.id, trx);
    if (row === undefined || (row.content_hash !== null && row.content_hash !== contentHash(campaign)))
      return undefined;
    return { id: row.id, campaignId: row.campaign_id, madeAt: row.made_at, hash: row.hash, summary: row.summary };
  }

  /** A page of a plan: those who get an email, or those who get none and why. */
  async lines(...page: Parameters<PlanRepository['lines']>): Promise<RecipientRow[]> {
    return this.plans.lines(...page);
  }

  /**
   * The hash of a plan's rows, templates, values and times as they are now. It differs from the approved one when
   * anybody touched a recipient, a template, an attachment, a date or the schedule since.
   */
  async presentHash(campaign: CampaignRow, planId: string): Promise<string> {
    const window = await this.deadlines.window(campaign.window_id);
    const tally = new PlanTally();
    for await (const recipient of this.plans.planned(planId)) tally.add(recipient);
    return this.hashOf(tally, this.sharedValues.of(campaign, window), this.stepsOf(campaign, window));
  }

  /**
   * The present hash, and who would join, leave or be told something else if the campaign were planned now. Reads the
   * plan once for both, and writes nothing.
   */
  async driftSince(campaign: CampaignRow, planId: string): Promise<{ hash: string; drift: Drift }> {
    const window = await this.deadlines.window(campaign.window_id);
    const tally = new PlanTally();
    const approved = tallied(this.plans.planned(planId), tally);
    const everybody = await this.audience.everybody();
    const drift = await differences(approved, this.audience.recipients(campaign, window, everybody));
    return { hash: this.hashOf(tally, this.sharedValues.of(campaign, window), this.stepsOf(campaign, window)), drift };
  }

  /** Keys of the people of a plan who would be told what is not true of them any more. */
  async outdatedSince(campaign: CampaignRow, planId: string): Promise<readonly string[]> {
    const window = await this.deadlines.window(campaign.window_id);
    const everybody = await this.audience.everybody();
    const present = this.audience.recipients(campaign, window, everybody);
    return (await differences(this.plans.planned(planId, 'mailed'), present)).outdated;
  }

  /** When the campaign acts, as its kind, launch time and window say. */
  stepsOf(campaign: Pick<CampaignRow, 'kind' | 'launch_at'>, window: DeclarationWindow): PlanStep[] {
    const kind = KINDS[campaign.kind];
    const expiresAt = expiryOf(campaign.kind, window)?.toISOString() ?? null;
    const suffix = suffixOf(window);
    if (kind.schedule === 'once') {
      const dueAt = kind.fromCutoff ? laterOf(campaign.launch_at, window.cutoff.toInstant()) : campaign.launch_at;
      return [{ id: `launch${suffix}`, label: kind.title, dueAt: dueAt?.toISOString() ?? null, expiresAt }];
    }
    return this.deadlines.ladder(window).reminders.map(({ stepId, label, dueAt }) => ({
      id: `${stepId}${suffix}`,
      label,
      dueAt: dueAt.toISOString(),
      expiresAt,
    }));
  }

  private hashOf(tally: PlanTally, shared: unknown, steps: readonly PlanStep[]): string {
    const used = Object.keys(tally.result().byTemplate).sort();
    const templates = Object.fromEntries(used.map((name) => [name, this.templates.get(name).version]));
    return planHash({ recipientsHash: tally.recipientsHash(), templates, shared, steps });
  }

  private async *checked(
    recipients: AsyncIterable<PlannedRecipient>,
    shared: Readonly<Record<string, unknown>>,
    missing: Map<string, Set<string>>,
  ): AsyncGenerator<PlannedRecipient> {
    for await (const recipient of recipients) {
      this.collectMissing(recipient, shared, missing);
      yield recipient;
    }
  }

  private collectMissing(
    { template, values, obligations }: PlannedRecipient,
    shared: Readonly<Record<string, unknown>>,
    missing: Map<string, Set<string>>,
  ): void {
    if (template === null) return;
    // Which practices a reminder names is known only when it leaves; here it matters that it will name some.
    const practices = obligations?.map(({ organisation }) => ({ code: organisation, name: organisation, status: '' }));
    const complete = { ...shared, ...values, ...(practices && { practices }) };
    for (const name of this.templates.get(template).missing(complete)) {
      const names = missing.get(template) ?? new Set();
      missing.set(template, names.add(name));
    }
  }

  private feasibilityOf(
    { recipients }: PlanTotals,
    steps: readonly PlanStep[],
    window: DeclarationWindow,
  ): PlanSummary['feasibility'] {
    const last = steps.at(-1);
    const { ratePerMinute = ASSUMED_RATE_PER_MINUTE, dayBudget } = mailLimitsOf(this.config);
    const result = feasibility({
      messages: recipients,
      ratePerMinute,
      ...(dayBudget !== undefined && { dayBudget }),
      retryShare: RETRY_SHARE,
      launchAt: laterOf(last?.dueAt ? new Date(last.dueAt) : null, this.clock.now()),
      cutoff: last?.expiresAt ? new Date(last.expiresAt) : window.pcse.toInstant(),
      calendar: this.bankHolidays.calendar,
      sendingHours: window.reminderPolicy.sendingHours,
    });
    return {
      fits: result.fits,
      explanation: result.explanation,
      latestSafeLaunch: result.latestSafeLaunch?.toISOString() ?? null,
    };
  }

  private async changesSince(
    previous: PlanRow | undefined,
    id: string,
    trx: Transaction<CampaignTables>,
  ): Promise<PlanDiff> {
    if (!previous) return { since: null, joined: 0, left: 0, changed: 0 };
    return { since: previous.made_at.toISOString(), ...(await this.plans.diff(previous.id, id, trx)) };
  }
}

async function* tallied(
  recipients: AsyncIterable<PlannedRecipient>,
  tally: PlanTally,
): AsyncGenerator<PlannedRecipient> {
  for await (const recipient of recipients) {
    tally.add(recipient);
    yield recipient;
  }
}

/** Steps of moved dates are other steps: what was dispatched before the move stays as it is beside them. */
function suffixOf({ createdAt, timesSetAt }: DeclarationWindow): string {
  return timesSetAt > createdAt ? `-since-${timesSetAt.toISOString().replace(/\D/g, '').slice(0, 14)}` : '';
}

function laterOf(a: Date | null, b: Date): Date {
  return a !== null && a > b ? a : b;
}

/** From when on what a campaign of the kind says is of no use any more (exclusive); null: it stays of use. */
export function expiryOf(kind: CampaignRow['kind'], window: DeclarationWindow): Date | null {
  switch (KINDS[kind].expiry) {
    case 'cutoff':
      return window.cutoff.toInstant();
    case 'pcse':
      return window.pcse.toInstant();
    case 'none':
      return null;
  }
}
