import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { type Json, systemPrincipal } from '../access/index.js';
import { DeadlinesService } from '../deadlines/index.js';
import { Ledger } from '../delivery/index.js';
import { SegmentsService } from '../segments/index.js';
import { Clock } from '../shared/clock.js';
import { CAMPAIGN_KINDS, KINDS } from './campaign.kinds.js';
import { CampaignRepository, type CampaignRow, type CampaignVersion, type StepRow } from './campaign.repository.js';
import { type CampaignTables } from './campaign.tables.js';
import { CampaignTransitions } from './campaign.transitions.js';
import { PlanRepository } from './plan.repository.js';
import { CHANGED_SINCE_APPROVAL, contradictionsInWords, driftOf } from './plan.rules.js';
import { PlanService } from './plan.service.js';
import { type Dispatched, StepDispatcher } from './step.dispatcher.js';

const SCHEDULER = systemPrincipal('scheduler');
const BY_SIGN_IN = CAMPAIGN_KINDS.filter((kind) => KINDS[kind].bySignIn);

/** So many organisations of newcomers the audit trail names: more are no matter of single people. */
const MOST_NAMED = 200;

/** How an approved plan stands to the directory as it is. */
interface Present {
  readonly objection?: string;
  /** Keys of those who must not be told any more. */
  readonly outdated: readonly string[];
}

/**
 * What the clock does with scheduled campaigns. Whatever is decided without the campaign's lock counts only while the
 * campaign is still at the version that was looked at: any number of schedulers may run, and any of them may freeze.
 */
@Injectable()
export class CampaignRunner {
  constructor(
    private readonly campaigns: CampaignRepository,
    private readonly transitions: CampaignTransitions,
    private readonly plans: PlanService,
    private readonly planRows: PlanRepository,
    private readonly dispatcher: StepDispatcher,
    private readonly deadlines: DeadlinesService,
    private readonly segments: SegmentsService,
    private readonly ledger: Ledger,
    private readonly clock: Clock,
  ) {}

  /** Ids of campaigns with something to do now. */
  async due(): Promise<string[]> {
    return this.campaigns.dueCampaigns(this.clock.now());
  }

  /**
   * Dispatches the campaign's due steps, if no other process is at it: the latest goes out, older ones that nobody
   * sent in time are skipped, and past its expiry nothing goes. @returns how many messages were planned.
   */
  async runDueSteps(id: string): Promise<number> {
    const now = this.clock.now();
    const found = await this.campaigns.find(id);
    if (found?.state !== 'scheduled' && found?.state !== 'sending') return 0;
    const directoryVersion = await this.directoryVersion();
    const present = found.state === 'scheduled' ? await this.compare(found) : undefined;
    if (present?.objection !== undefined) {
      await this.transitions.voidApproval(id, present.objection, SCHEDULER);
      return 0;
    }
    const valid = await this.validSteps(found);
    const audience = await this.dispatcher.audienceOf(found);
    return this.campaigns.db.transaction().execute(async (trx) => {
      const campaign = await this.campaigns.claim(found, trx);
      if (!campaign) return 0;
      // A step of dates that have changed since is nobody's to send, even before it is taken back.
      const due = (await this.campaigns.waitingSteps(id, trx)).filter(
        (step) => step.due_at <= now && valid.has(step.step_id),
      );
      const isOver = (step: StepRow) => step.expires_at !== null && step.expires_at <= now;
      const toSend = due.slice(-1).find((latest) => !isOver(latest));
      // Before anything is recorded: the audit trail has one writer at a time, and a million messages take a minute.
      const dispatched = toSend && (await this.dispatcher.dispatch(campaign, toSend, audience, trx));
      const planned = dispatched?.planned ?? 0;
      if (present) await this.withhold(campaign, present.outdated, directoryVersion, trx);
      for (const step of due) {
        if (dispatched && step === toSend) {
          const note = `${planned} messages`;
          await this.campaigns.handleStep(step, { state: 'dispatched', note }, now, trx);
          const details = { step: step.step_id, messages: planned, ...newcomersOf(dispatched) };
          await this.transitions.record('step-dispatched', id, SCHEDULER, details, trx);
        } else {
          const note = isOver(step) ? 'its time had passed' : 'a later step was due';
          await this.campaigns.handleStep(step, { state: 'skipped', note }, now, trx);
          await this.transitions.record('step-skipped', id, SCHEDULER, { step: step.step_id, note }, trx);
        }
      }
      if (campaign.state === 'scheduled' && due.length > 0) {
        await this.transitions.applyTo(campaign, 'launch', SCHEDULER, {}, {}, trx);
      }
      return planned;
    });
  }

  /** Campaigns whose steps are all handled; their messages may still be on their way. */
  async withoutWaitingSteps(): Promise<CampaignVersion[]> {
    return this.campaigns.withoutWaitingSteps();
  }

  /** Closes such a campaign once all its messages are terminal, unless somebody has changed it or another process is at it. */
  async finishIfDone(found: CampaignVersion): Promise<void> {
    if (!(await this.ledger.isFinished({ campaignId: found.id }))) return;
    await this.campaigns.db.transaction().execute(async (trx) => {
      const campaign = await this.campaigns.claim(found, trx);
      if (campaign) await this.transitions.applyTo(campaign, 'finish', SCHEDULER, {}, {}, trx);
    });
  }

  /** Campaigns under way that tell people how to sign in, and have not been compared with the newest import. */
  async overtaken(): Promise<CampaignRow[]> {
    return this.campaigns.comparedBefore(await this.directoryVersion(), BY_SIGN_IN);
  }

  /**
   * Stops the unsent messages of those of whom the directory says something else since: a campaign may take days, or be
   * paused. Not if somebody has changed it or another process is at it. @returns how many were stopped.
   */
  async withholdOutdated(found: CampaignRow): Promise<number> {
    const directoryVersion = await this.directoryVersion();
    const { approved_plan_id: planId } = found;
    const outdated = planId === null ? [] : await this.plans.outdatedSince(found, planId);
    return this.campaigns.db.transaction().execute(async (trx) => {
      const campaign = await this.campaigns.claim(found, trx);
      return campaign ? this.withhold(campaign, outdated, directoryVersion, trx) : 0;
    });
  }

  private async withhold(
    { id, kind }: CampaignRow,
    personKeys: readonly string[],
    directoryVersion: number,
    trx: Transaction<CampaignTables>,
  ): Promise<number> {
    if (!KINDS[kind].bySignIn) return 0;
    await this.campaigns.compared(id, directoryVersion, trx);
    if (personKeys.length === 0) return 0;
    const stopped = await this.ledger.cancelUnsent({ campaignId: id, personKeys }, CHANGED_SINCE_APPROVAL, trx);
    if (stopped > 0) await this.transitions.record('withheld', id, SCHEDULER, { messages: stopped }, trx);
    return stopped;
  }

  private async directoryVersion(): Promise<number> {
    return (await this.segments.newestImport())?.id ?? 0;
  }

  private async validSteps(campaign: CampaignRow): Promise<ReadonlySet<string>> {
    const steps = this.plans.stepsOf(campaign, await this.deadlines.window(campaign.window_id));
    return new Set(steps.map(({ id }) => id));
  }

  /**
   * At launch: what was approved must still be what would be sent, and the directory must not have drifted far.
   * @returns why it may not leave as approved, or to whom it may not when the rest may.
   */
  private async compare(campaign: CampaignRow): Promise<Present> {
    const { approved_plan_id: approvedId, approved_hash: approvedHash } = campaign;
    const present = approvedId === null ? undefined : await this.plans.driftSince(campaign, approvedId);
    if (approvedId === null || present?.hash !== approvedHash)
      return refused('what was approved has been altered since');
    // A cascade may have begun since, and its worklists say what its approved plan does not.
    const contradictions = await this.plans.contradictions(campaign, approvedId);
    if (contradictions.length > 0)
      return refused(`it would contradict another one: ${contradictionsInWords(contradictions)}`);
    const { drift } = present;
    const approved = await this.planRows.find(approvedId);
    if (driftOf(drift, approved?.summary.recipients ?? 0) <= campaign.options.driftThreshold)
      return { outdated: drift.outdated };
    // For whoever is to approve it again.
    await this.plans.make(campaign);
    return refused(`${drift.joined} joined, ${drift.left} left and ${drift.changed} changed since approval`);
  }
}

const newcomersOf = ({ newcomers, organisations }: Dispatched): Readonly<Record<string, Json>> =>
  newcomers > 0 ? { newcomers, organisations: organisations.slice(0, MOST_NAMED) } : {};

const refused = (objection: string): Present => ({ objection, outdated: [] });
