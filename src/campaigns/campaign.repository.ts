import { Injectable } from '@nestjs/common';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type CampaignKind } from './campaign.kinds.js';
import { type CampaignState } from './campaign.states.js';
import { type CampaignStepTable, type CampaignTable, type CampaignTables } from './campaign.tables.js';
import { type PlanStep } from './plan.rules.js';

export type CampaignRow = Selectable<CampaignTable>;
export type StepRow = Selectable<CampaignStepTable>;

/** What a draft begins with. The audience and the options are JSON. */
export type NewCampaign = Pick<
  CampaignRow,
  'id' | 'name' | 'kind' | 'window_id' | 'region' | 'launch_at' | 'held_back' | 'author' | 'writers'
> & { readonly audience: string; readonly options: string; readonly remainder_of?: string };

export const NO_APPROVAL = {
  approved_plan_id: null,
  approved_hash: null,
  approved_by: null,
  approved_at: null,
} as const;

/** A campaign as somebody has looked at it: every change of it makes another version. */
export type CampaignVersion = Pick<CampaignRow, 'id' | 'version'>;

/** The fields that an approval or an edit changes together with the state. */
export type CampaignPatch = Partial<
  Pick<
    CampaignRow,
    | 'approved_plan_id'
    | 'approved_hash'
    | 'approved_by'
    | 'approved_at'
    | 'released_at'
    | 'launch_at'
    | 'name'
    | 'kind'
    | 'window_id'
    | 'region'
    | 'held_back'
  >
> & { audience?: string; options?: string };

@Injectable()
export class CampaignRepository {
  constructor(@InjectDatabase() readonly db: Kysely<CampaignTables>) {}

  async addDraft(draft: NewCampaign, now: Date, trx: Transaction<CampaignTables>): Promise<CampaignRow> {
    const fresh = { ...NO_APPROVAL, state: 'draft', released_at: null, created_at: now, updated_at: now } as const;
    return trx
      .insertInto('campaign')
      .values({ ...draft, ...fresh })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async find(id: string): Promise<CampaignRow | undefined> {
    return this.db.selectFrom('campaign').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Newest first. */
  async list(filter: {
    windowId?: string;
    states?: readonly CampaignState[];
    region?: string;
    before?: { createdAt: Date; id: string };
    limit: number;
  }): Promise<CampaignRow[]> {
    let query = this.db
      .selectFrom('campaign')
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(filter.limit);
    if (filter.windowId !== undefined) query = query.where('window_id', '=', filter.windowId);
    if (filter.states) query = query.where('state', 'in', filter.states);
    if (filter.region !== undefined) query = query.where('region', '=', filter.region);
    const { before } = filter;
    if (before) {
      query = query.where((where) =>
        where.or([
          where('created_at', '<', before.createdAt),
          where.and([where('created_at', '=', before.createdAt), where('id', '<', before.id)]),
        ]),
      );
    }
    return query.execute();
  }

  /** Every campaign on the window, oldest first. */
  async ofWindow(windowId: string): Promise<CampaignRow[]> {
    return this.db
      .selectFrom('campaign')
      .selectAll()
      .where('window_id', '=', windowId)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
  }

  /** Oldest first. */
  async remaindersOf(id: string, db: Kysely<CampaignTables> = this.db): Promise<CampaignRow[]> {
    return db.selectFrom('campaign').selectAll().where('remainder_of', '=', id).orderBy('created_at').execute();
  }

  /**
   * Locks the row until the transaction ends, so that two people cannot decide at once. Not its key: a plan that is being
   * made refers to that, a minute long for England, and must not hold up who stops the campaign.
   */
  async lock(id: string, trx: Transaction<CampaignTables>): Promise<CampaignRow | undefined> {
    return trx.selectFrom('campaign').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
  }

  async change(
    id: string,
    state: CampaignState,
    patch: CampaignPatch,
    now: Date,
    trx: Transaction<CampaignTables>,
  ): Promise<CampaignRow> {
    return trx
      .updateTable('campaign')
      .set((set) => ({ ...patch, state, updated_at: now, version: set('version', '+', 1) }))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async addWriter(id: string, writer: string, trx: Transaction<CampaignTables>): Promise<void> {
    await trx
      .updateTable('campaign')
      .set({ writers: sql`array_append(writers, ${writer})` })
      .where('id', '=', id)
      .where(sql<boolean>`${writer} <> all(writers)`)
      .execute();
  }

  async steps(campaignId: string, db: Kysely<CampaignTables> = this.db): Promise<StepRow[]> {
    return db
      .selectFrom('campaign_step')
      .selectAll()
      .where('campaign_id', '=', campaignId)
      .orderBy('due_at')
      .orderBy('step_id')
      .execute();
  }

  /** Puts the waiting steps of a campaign in line with the plan; steps that were handled stay as they are. */
  async replaceWaitingSteps(
    campaignId: string,
    steps: readonly PlanStep[],
    now: Date,
    trx: Transaction<CampaignTables>,
  ): Promise<void> {
    await trx
      .deleteFrom('campaign_step')
      .where('campaign_id', '=', campaignId)
      .where('state', '=', 'waiting')
      .execute();
    if (steps.length === 0) return;
    await trx
      .insertInto('campaign_step')
      .values(
        steps.map((step) => ({
          campaign_id: campaignId,
          step_id: step.id,
          label: step.label,
          due_at: step.dueAt === null ? now : new Date(step.dueAt),
          expires_at: step.expiresAt === null ? null : new Date(step.expiresAt),
          state: 'waiting' as const,
          note: null,
          handled_at: null,
        })),
      )
      .onConflict((conflict) => conflict.columns(['campaign_id', 'step_id']).doNothing())
      .execute();
  }

  /** Campaigns with a step that is due, oldest first. Held-back ones count only once released. */
  async dueCampaigns(now: Date): Promise<string[]> {
    const rows = await this.db
      .selectFrom('campaign_step as step')
      .innerJoin('campaign', 'campaign.id', 'step.campaign_id')
      .select('campaign.id')
      .distinct()
      .where('step.state', '=', 'waiting')
      .where('step.due_at', '<=', now)
      .where('campaign.state', 'in', ['scheduled', 'sending'])
      .where((where) =>
        where.or([where('campaign.held_back', '=', false), where('campaign.released_at', 'is not', null)]),
      )
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Campaigns of these kinds, under way, whose messages were last compared with an older directory. */
  async comparedBefore(version: number, kinds: readonly CampaignKind[]): Promise<CampaignRow[]> {
    return this.db
      .selectFrom('campaign')
      .selectAll()
      .where('state', 'in', ['sending', 'paused'])
      .where('kind', 'in', kinds)
      .where((where) => where.or([where('directory_version', 'is', null), where('directory_version', '<', version)]))
      .execute();
  }

  /** Changes nothing that anybody decides about, and so makes no other version of the campaign. */
  async compared(id: string, version: number, trx: Transaction<CampaignTables>): Promise<void> {
    await trx.updateTable('campaign').set({ directory_version: version }).where('id', '=', id).execute();
  }

  /** The campaign's row, locked, if no other process works on it now and nobody has changed it since it was found. */
  async claim({ id, version }: CampaignVersion, trx: Transaction<CampaignTables>): Promise<CampaignRow | undefined> {
    const found = trx.selectFrom('campaign').selectAll().where('id', '=', id).where('version', '=', version);
    return found.forNoKeyUpdate().skipLocked().executeTakeFirst();
  }

  async waitingSteps(campaignId: string, trx: Transaction<CampaignTables>): Promise<StepRow[]> {
    return trx
      .selectFrom('campaign_step')
      .selectAll()
      .where('campaign_id', '=', campaignId)
      .where('state', '=', 'waiting')
      .orderBy('due_at')
      .orderBy('step_id')
      .execute();
  }

  async handleStep(
    step: Pick<StepRow, 'campaign_id' | 'step_id'>,
    outcome: Pick<StepRow, 'state' | 'note'>,
    now: Date,
    trx: Transaction<CampaignTables>,
  ): Promise<void> {
    await trx
      .updateTable('campaign_step')
      .set({ ...outcome, handled_at: now })
      .where('campaign_id', '=', step.campaign_id)
      .where('step_id', '=', step.step_id)
      .execute();
  }

  async cancelWaitingSteps(campaignId: string, now: Date, trx: Transaction<CampaignTables>): Promise<void> {
    await trx
      .updateTable('campaign_step')
      .set({ state: 'cancelled', handled_at: now })
      .where('campaign_id', '=', campaignId)
      .where('state', '=', 'waiting')
      .execute();
  }

  /** Sending campaigns none of whose steps waits any more. */
  async withoutWaitingSteps(): Promise<CampaignVersion[]> {
    return this.db
      .selectFrom('campaign')
      .select(['id', 'version'])
      .where('state', '=', 'sending')
      .where((where) =>
        where.not(
          where.exists(
            where
              .selectFrom('campaign_step')
              .select('step_id')
              .whereRef('campaign_id', '=', 'campaign.id')
              .where('state', '=', 'waiting'),
          ),
        ),
      )
      .execute();
  }
}
