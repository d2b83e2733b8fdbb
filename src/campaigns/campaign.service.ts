import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { v7 as uuid } from 'uuid';
import { answerableFor, type Json, KeyMakers, type Principal, requireRegion } from '../access/index.js';
import { BankHolidays, DeadlinesService } from '../deadlines/index.js';
import { DirectoryService } from '../directory/index.js';
import { Ledger } from '../delivery/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { STALE_VERSION } from '../platform/http/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, ForbiddenError, InvalidInputError } from '../shared/errors.js';
import { launchInWindow } from './campaign.clone.js';
import { KINDS } from './campaign.kinds.js';
import { CampaignRepository, type CampaignRow, NO_APPROVAL, type StepRow } from './campaign.repository.js';
import {
  type CampaignAudience,
  type CampaignClone,
  type CampaignInput,
  campaignInputSchema,
} from './campaign.schema.js';
import { nextState } from './campaign.states.js';
import { type CampaignTables } from './campaign.tables.js';
import { type Also, authorise, CampaignTransitions, noSuchCampaign } from './campaign.transitions.js';
import { type Contradiction, contradictionsInWords } from './plan.rules.js';
import { expiryOf, type Plan, PlanService } from './plan.service.js';
import { remainderObjection } from './remainder.rules.js';

/** What people decide about a campaign, from draft to the last stop. What the clock does is `CampaignRunner`'s. */
@Injectable()
export class CampaignService {
  constructor(
    private readonly campaigns: CampaignRepository,
    private readonly transitions: CampaignTransitions,
    private readonly plans: PlanService,
    private readonly deadlines: DeadlinesService,
    private readonly bankHolidays: BankHolidays,
    private readonly directory: DirectoryService,
    private readonly ledger: Ledger,
    private readonly clock: Clock,
    private readonly makers: KeyMakers,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * @throws InvalidInputError `bad-campaign` naming each field; NotFoundError `window-not-found`; ForbiddenError
   * `other-region` for an audience beyond the author's region.
   */
  async create(input: CampaignInput, principal: Principal): Promise<CampaignRow> {
    return this.draft(input, principal);
  }

  /**
   * Gives the campaign another content. An approval that it had is void, its waiting steps are taken back, and it is a
   * draft again. @throws as `create`; ConflictError `stale-version` when it is no longer at `expectedVersion`,
   * `has-sent` for another window or kind once a step of it went out: the ledger and corrections know by the campaign
   * which dates people were told; `is-remainder` for the same of what `remainder` made.
   */
  async edit(id: string, expectedVersion: number, input: CampaignInput, principal: Principal): Promise<CampaignRow> {
    authorise(principal, 'edit');
    const content = await this.contentOf(input, principal);
    const patch = { ...content, ...NO_APPROVAL, released_at: null };
    return this.transitions.apply(
      id,
      'edit',
      principal,
      patch,
      {},
      async (trx, { version, window_id: windowId, kind, remainder_of: remainderOf }) => {
        if (version !== expectedVersion) {
          throw new ConflictError(STALE_VERSION, `Campaign ${id} is at version ${version} by now: read it again`);
        }
        const isAnother = content.window_id !== windowId || content.kind !== kind;
        if (isAnother && remainderOf !== null) {
          throw new ConflictError(
            'is-remainder',
            `Campaign ${id} is for whoever ${remainderOf} did not reach, and keeps its window and kind`,
          );
        }
        if (isAnother && (await this.campaigns.steps(id, trx)).some(({ state }) => state === 'dispatched')) {
          throw new ConflictError(
            'has-sent',
            `Campaign ${id} has been sent to people and keeps its window and kind: copy it for another window, or draft a new one`,
          );
        }
        await this.campaigns.replaceWaitingSteps(id, [], this.clock.now(), trx);
        await this.campaigns.addWriter(id, this.writerOf(principal), trx);
      },
    );
  }

  /**
   * A new draft with the content of an earlier campaign for another window. The launch keeps its time of day and its
   * number of working days before the cutoff. @throws as `create`.
   */
  async clone(id: string, { windowId, name }: CampaignClone, principal: Principal): Promise<CampaignRow> {
    const original = await this.visible(id, principal);
    const [from, to] = await Promise.all([this.deadlines.window(original.window_id), this.deadlines.window(windowId)]);
    const launchAt = original.launch_at && launchInWindow(original.launch_at, from, to, this.bankHolidays.calendar);
    const input: CampaignInput = {
      name: name ?? `${original.name.slice(0, 150)} (${to.name.slice(0, 40)})`,
      kind: original.kind,
      windowId,
      audience: original.audience,
      options: original.options,
      launchAt: launchAt?.toISOString() ?? null,
      heldBack: original.held_back,
    };
    return this.create(input, principal);
  }

  /**
   * A new draft that says the same to whoever the campaign did not reach: those whose messages failed, were held back or
   * came back, and who has joined since. Whoever had it, or may have had it, is left out of its plan.
   * @throws ConflictError `wrong-state` unless it is finished or cancelled; `no-remainder` for a kind that writes again by
   * itself; `too-late` once what it says is over; `has-remainder` while an earlier one of these is not over; and as
   * `create`.
   */
  async remainder(id: string, principal: Principal): Promise<CampaignRow> {
    const original = await this.visible(id, principal);
    const first = original.remainder_of ?? original.id;
    const input: CampaignInput = {
      name: `${original.name.slice(0, 180)} (not reached)`,
      kind: original.kind,
      windowId: original.window_id,
      audience: original.audience,
      options: original.options,
      heldBack: original.held_back && original.released_at === null,
    };
    const expiresAt = await this.expiryOf(original);
    return this.draft(input, principal, first, async (trx) => {
      // One at a time: two that were under way at once would write to the same people.
      await this.campaigns.lock(first, trx);
      const earlier = await this.campaigns.remaindersOf(first, trx);
      const objection = remainderObjection(original, earlier, expiresAt, this.clock.now());
      if (objection) throw objection;
    });
  }

  /** Why `remainder` would refuse it now, or undefined. */
  async objectionToRemainder(campaign: CampaignRow): Promise<ConflictError | undefined> {
    const earlier = await this.campaigns.remaindersOf(campaign.remainder_of ?? campaign.id);
    return remainderObjection(campaign, earlier, await this.expiryOf(campaign), this.clock.now());
  }

  /** What was drafted for whoever the campaign did not reach, oldest first. */
  async remaindersOf(id: string): Promise<CampaignRow[]> {
    return this.campaigns.remaindersOf(id);
  }

  /** By id. @throws NotFoundError `campaign-not-found`. */
  async get(id: string): Promise<CampaignRow> {
    const row = await this.campaigns.find(id);
    if (row) return row;
    throw noSuchCampaign();
  }

  /** As `get`, for somebody who may be confined to a region: what they may not see is not there. */
  async visible(id: string, principal: Principal): Promise<CampaignRow> {
    const row = await this.get(id);
    if (principal.region === undefined || row.region === principal.region) return row;
    throw noSuchCampaign();
  }

  async list(filter: Parameters<CampaignRepository['list']>[0]): Promise<CampaignRow[]> {
    return this.campaigns.list(filter);
  }

  async steps(id: string): Promise<StepRow[]> {
    return this.campaigns.steps(id);
  }

  /** Who would get what, when and by which route, who gets nothing and why, and what changed since the last plan. */
  async plan(id: string): Promise<Plan> {
    return this.plans.make(await this.get(id));
  }

  /**
   * Hands a planned draft over for review. @throws ConflictError `no-plan`, also after an edit; `values-missing`;
   * `audience-unknown` for a code that stands for no such organisation: nobody would be written to about it, and nothing
   * would say so; `contradictory-instructions` when another campaign is to tell some of these people the opposite;
   * `plan-changed` when it was edited or planned anew meanwhile.
   */
  async submit(id: string, principal: Principal): Promise<CampaignRow> {
    const campaign = await this.get(id);
    const plan = await this.plans.latest(campaign);
    if (!plan) throw new ConflictError('no-plan', `Campaign ${id} has no plan: plan it before you submit it`);
    const missing = Object.entries(plan.summary.missing);
    if (missing.length > 0) {
      const list = missing.map(([template, names]) => `${template} lacks ${names.join(', ')}`).join('; ');
      throw new ConflictError('values-missing', `Campaign ${id} cannot be submitted: ${list}`);
    }
    refuseContradictions(id, plan.summary.contradictions);
    const misnamed = await this.misnamedOf(campaign.audience);
    if (misnamed.length > 0) {
      const [first, more] = [misnamed.slice(0, 20).join('; '), misnamed.length - 20];
      const list = more > 0 ? `${first}; and ${more} more` : first;
      throw new ConflictError('audience-unknown', `Campaign ${id} cannot be submitted: ${list}`);
    }
    return this.transitions.apply(id, 'submit', principal, {}, {}, this.whileNewest(plan));
  }

  /**
   * A second person agrees to exactly the plan of this hash. @throws ForbiddenError `own-campaign`;
   * ConflictError `plan-changed` when the newest plan, or what it was made from, is another by now; and as `submit`.
   */
  async approve(id: string, hash: string, principal: Principal): Promise<CampaignRow> {
    const campaign = await this.get(id);
    if (principal.kind === 'system') throw new ForbiddenError('not-a-person', 'Only a person approves a campaign');
    if (wrote(principal, campaign))
      throw new ForbiddenError(
        'own-campaign',
        'Somebody other than those who wrote it, or their keys, approves a campaign',
      );
    const plan = await this.plans.latest(campaign);
    if (plan?.hash !== hash || (await this.plans.presentHash(campaign, plan.id)) !== hash) throw planChanged(id);
    // Another one may have been approved since that plan was made.
    refuseContradictions(id, await this.plans.contradictions(campaign, plan.id));
    const approval = {
      approved_plan_id: plan.id,
      approved_hash: hash,
      approved_by: principal.id,
      approved_at: this.clock.now(),
    };
    return this.transitions.apply(id, 'approve', principal, approval, {}, this.whileNewest(plan));
  }

  async sendBack(id: string, comment: string, principal: Principal): Promise<CampaignRow> {
    return this.transitions.apply(id, 'send-back', principal, {}, { comment: comment.slice(0, 500) });
  }

  /** Lets the clock take over: steps become due at their times. */
  async schedule(id: string, principal: Principal): Promise<CampaignRow> {
    const campaign = await this.get(id);
    const steps = this.plans.stepsOf(campaign, await this.deadlines.window(campaign.window_id));
    return this.transitions.apply(id, 'schedule', principal, {}, {}, async (trx) => {
      await this.campaigns.replaceWaitingSteps(id, steps, this.clock.now(), trx);
    });
  }

  /** Lets a held-back campaign go: "the guidance is ready". */
  async release(id: string, principal: Principal): Promise<CampaignRow> {
    return this.transitions.apply(id, 'release', principal, { released_at: this.clock.now() });
  }

  /**
   * Takes back the approval of a campaign whose dates are no longer those that were approved: what waits is taken back
   * and what has not left is cancelled. Returns how many messages were, or undefined when the approval still holds or
   * there is none.
   */
  async withdraw(id: string, reason: string, principal: Principal): Promise<number | undefined> {
    const campaign = await this.get(id);
    const { approved_plan_id: planId, approved_hash: hash } = campaign;
    if (planId === null || nextState(campaign.state, 'void-approval') === undefined) return undefined;
    if ((await this.plans.presentHash(campaign, planId)) === hash) return undefined;
    return this.transitions.voidApproval(id, reason, principal);
  }

  /** Stops between windows of messages; nobody who was not written to yet is, until resumed. */
  async pause(id: string, principal: Principal): Promise<CampaignRow> {
    return this.transitions.apply(id, 'pause', principal, {}, {}, async (trx) => {
      await this.ledger.pause({ campaignId: id }, trx);
    });
  }

  async resume(id: string, principal: Principal): Promise<CampaignRow> {
    return this.transitions.apply(id, 'resume', principal, {}, {}, async (trx) => {
      await this.ledger.resume({ campaignId: id }, trx);
    });
  }

  /** Stops for good; what has left has left. */
  async cancel(id: string, reason: string, principal: Principal): Promise<CampaignRow> {
    return this.transitions.cancel(id, reason.slice(0, 500), principal);
  }

  /** A plan of before an edit is none, and one that is no longer the newest may have lost its recipients. */
  private whileNewest({ id }: Plan): Also {
    return async (trx, campaign) => {
      if ((await this.plans.latest(campaign, trx))?.id !== id) throw planChanged(campaign.id);
    };
  }

  private async draft(
    input: CampaignInput,
    principal: Principal,
    remainderOf?: string,
    permitted?: (trx: Transaction<CampaignTables>) => Promise<void>,
  ): Promise<CampaignRow> {
    authorise(principal, 'edit');
    const content = await this.contentOf(input, principal);
    const id = uuid();
    const writers = [this.writerOf(principal)];
    const of = remainderOf === undefined ? undefined : { remainder_of: remainderOf };
    const details: Readonly<Record<string, Json>> = remainderOf === undefined ? {} : { remainderOf };
    return this.campaigns.db.transaction().execute(async (trx) => {
      await permitted?.(trx);
      return this.transitions.begin({ id, author: principal.id, writers, ...content, ...of }, principal, details, trx);
    });
  }

  private async expiryOf({ kind, window_id: windowId }: CampaignRow): Promise<Date | null> {
    return expiryOf(kind, await this.deadlines.window(windowId));
  }

  private writerOf(principal: Principal): string {
    return this.keysAreColleagues ? principal.id : answerableFor(principal);
  }

  /** Who counts as having written what the principals of these ids did. */
  async writersOf(ids: readonly string[]): Promise<string[]> {
    const each = [...new Set(ids)];
    return this.keysAreColleagues ? each : Promise.all(each.map((id) => this.makers.behind(id)));
  }

  /** Outside production a key that drafts is a person of its own: whoever tries the service out is alone. */
  private get keysAreColleagues(): boolean {
    return this.config.environment !== 'production';
  }

  private async contentOf(input: CampaignInput, principal: Principal) {
    const parsed = campaignInputSchema.safeParse(input);
    if (!parsed.success) {
      const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'campaign'}: ${issue.message}`);
      throw new InvalidInputError('bad-campaign', `The campaign cannot be made. ${faults.join('; ')}`);
    }
    const { name, kind, windowId, audience, options, launchAt, heldBack } = parsed.data;
    const window = await this.deadlines.window(windowId);
    if (KINDS[kind].needsSignInChange && window.signInChange === null) {
      throw new InvalidInputError(
        'bad-campaign',
        `A ${kind} needs a window with the day of the sign-in change; ${window.name} has none`,
      );
    }
    const region = await this.regionOf(audience);
    requireRegion(principal, region);
    return {
      name,
      kind,
      window_id: window.id,
      region: region ?? null,
      audience: JSON.stringify(audience),
      options: JSON.stringify(options),
      launch_at: launchAt,
      held_back: heldBack ?? KINDS[kind].heldBack,
    };
  }

  /** What of the audience the directory does not know, or knows as something else, in words. */
  private async misnamedOf({ regions, commissioners, organisations }: CampaignAudience): Promise<string[]> {
    const kinds = await this.directory.kindsOf([...regions, ...commissioners, ...organisations]);
    return [
      ...regions.filter((code) => kinds.get(code) !== 'region').map((code) => `${code} is no region`),
      ...commissioners.filter((code) => kinds.get(code) !== 'commissioner').map((code) => `${code} is no commissioner`),
      ...organisations.filter((code) => !kinds.has(code)).map((code) => `no imported file names ${code}`),
    ];
  }

  /** The one region in which the whole audience lies, if it does. */
  private async regionOf({ regions, commissioners, organisations }: CampaignAudience): Promise<string | undefined> {
    const codes = [...new Set([...regions, ...commissioners, ...organisations])];
    const known = await this.directory.regionsOf(codes);
    const found = new Set(codes.map((code) => known.get(code)));
    const [region] = found;
    return found.size === 1 ? region : undefined;
  }
}

/** Whether the principal, or who answers for it, wrote a part of the campaign: then somebody else has to approve it. */
export function wrote(principal: Principal, { author, writers }: CampaignRow): boolean {
  return [principal.id, answerableFor(principal)].some((id) => id === author || writers.includes(id));
}

const planChanged = (id: string): ConflictError =>
  new ConflictError('plan-changed', `Campaign ${id} has changed since that plan: look at the newest one`);

function refuseContradictions(id: string, contradictions: readonly Contradiction[]): void {
  if (contradictions.length === 0) return;
  throw new ConflictError(
    'contradictory-instructions',
    `Campaign ${id} would contradict another one: ${contradictionsInWords(contradictions)}. Plan the older one again, or cancel it`,
  );
}
