import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { AuditTrail, type Json, type Principal, requireRegion } from '../access/index.js';
import { Ledger } from '../delivery/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, ForbiddenError, NotFoundError } from '../shared/errors.js';
import {
  type CampaignPatch,
  CampaignRepository,
  type CampaignRow,
  type NewCampaign,
  NO_APPROVAL,
} from './campaign.repository.js';
import { type CampaignAction, nextState, TRANSITIONS } from './campaign.states.js';
import { type CampaignTables } from './campaign.tables.js';

/** What else belongs to a change of state, and holds or falls with it. */
export type Also = (trx: Transaction<CampaignTables>, campaign: CampaignRow) => Promise<void>;

/**
 * The only way by which a campaign gets another state: checked against `TRANSITIONS`, authorised and audited, in one
 * transaction with whatever else belongs to the change.
 */
@Injectable()
export class CampaignTransitions {
  constructor(
    private readonly campaigns: CampaignRepository,
    private readonly ledger: Ledger,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** A new draft; nothing is checked but what the database does. */
  async begin(
    draft: NewCampaign,
    principal: Principal,
    details: Readonly<Record<string, Json>>,
    trx: Transaction<CampaignTables>,
  ): Promise<CampaignRow> {
    const campaign = await this.campaigns.addDraft(draft, this.clock.now(), trx);
    await this.record('created', draft.id, principal, { kind: draft.kind, window: draft.window_id, ...details }, trx);
    return campaign;
  }

  /**
   * @throws ForbiddenError `not-permitted`, `other-region`; NotFoundError `campaign-not-found`; ConflictError
   * `wrong-state`.
   */
  async apply(
    id: string,
    action: CampaignAction,
    principal: Principal,
    patch: CampaignPatch = {},
    details: Readonly<Record<string, Json>> = {},
    also?: Also,
  ): Promise<CampaignRow> {
    authorise(principal, action);
    return this.campaigns.db.transaction().execute(async (trx) => {
      const campaign = await this.campaigns.lock(id, trx);
      if (!campaign) throw noSuchCampaign();
      requireRegion(principal, campaign.region);
      await also?.(trx, campaign);
      return this.applyTo(campaign, action, principal, patch, details, trx);
    });
  }

  /** For a campaign that the caller's transaction has locked already. @throws ConflictError `wrong-state`. */
  async applyTo(
    campaign: CampaignRow,
    action: CampaignAction,
    principal: Principal,
    patch: CampaignPatch,
    details: Readonly<Record<string, Json>>,
    trx: Transaction<CampaignTables>,
  ): Promise<CampaignRow> {
    const state = nextState(campaign.state, action);
    if (state === undefined) {
      const { verb, from } = TRANSITIONS[action];
      throw new ConflictError(
        'wrong-state',
        `Campaign ${campaign.id} is ${campaign.state} and cannot be ${verb}; that is possible while it is ${from.join(', ')}`,
      );
    }
    const row = await this.campaigns.change(campaign.id, state, patch, this.clock.now(), trx);
    await this.record(action, campaign.id, principal, { from: campaign.state, to: state, ...details }, trx);
    return row;
  }

  /** Stops for good; what has left has left. @throws as `apply`. */
  async cancel(id: string, reason: string, principal: Principal): Promise<CampaignRow> {
    const { row } = await this.applyAndStop(id, 'cancel', reason, principal, {}, (trx) =>
      this.campaigns.cancelWaitingSteps(id, this.clock.now(), trx),
    );
    return row;
  }

  /**
   * A draft again, whose unsent messages do not leave. Its waiting steps are taken back and not cancelled: the same ones
   * come again when it is scheduled again. @returns how many messages were stopped.
   */
  async voidApproval(id: string, reason: string, principal: Principal): Promise<number> {
    const voided = await ifPossible(
      this.applyAndStop(id, 'void-approval', reason, principal, NO_APPROVAL, (trx) =>
        this.campaigns.replaceWaitingSteps(id, [], this.clock.now(), trx),
      ),
    );
    return voided?.stopped ?? 0;
  }

  async record(
    action: string,
    id: string,
    principal: Principal,
    details: Readonly<Record<string, Json>>,
    trx: Transaction<CampaignTables>,
  ): Promise<void> {
    await this.audit.record(
      { actor: principal.id, action: `campaign.${action}`, subject: `campaign:${id}`, details },
      trx,
    );
  }

  private async applyAndStop(
    id: string,
    action: 'cancel' | 'void-approval',
    reason: string,
    principal: Principal,
    patch: CampaignPatch,
    also: Also,
  ): Promise<{ row: CampaignRow; stopped: number }> {
    let dispatches: string[] = [];
    const row = await this.apply(id, action, principal, patch, { reason }, async (trx, campaign) => {
      await also(trx, campaign);
      dispatches = await this.ledger.stop({ campaignId: id }, trx);
    });
    return { row, stopped: await this.ledger.cancelStopped(dispatches, reason) };
  }
}

export function noSuchCampaign(): NotFoundError {
  return new NotFoundError('campaign-not-found', 'There is no campaign of that id');
}

/** The service itself acts on what people decided; people and keys need the permission. */
export function authorise(principal: Principal, action: CampaignAction): void {
  const { permission, verb } = TRANSITIONS[action];
  if (principal.kind === 'system' || principal.permissions.includes(permission)) return;
  throw new ForbiddenError('not-permitted', `A campaign is ${verb} by somebody with the permission ${permission}`);
}

/**
 * For what the service decides by itself: another process, or somebody, may have found the same at the same moment.
 * Whoever is second finds the campaign in another state, and that is that: undefined.
 */
export async function ifPossible<T>(change: Promise<T>): Promise<T | undefined> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof ConflictError && error.code === 'wrong-state') return undefined;
    throw error;
  }
}
