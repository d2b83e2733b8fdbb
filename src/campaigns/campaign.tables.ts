import { type ColumnType, type Generated } from 'kysely';
import { type DirectoryTables } from '../directory/index.js';
import { type CampaignKind } from './campaign.kinds.js';
import { type CampaignAudience, type CampaignOptions } from './campaign.schema.js';
import { type CampaignState } from './campaign.states.js';
import { type PlanSummary } from './plan.rules.js';
import { type Obligation, type Route } from './recipient.types.js';

type Json<T> = ColumnType<T, string, string>;

export interface CampaignTable {
  id: string;
  name: string;
  kind: CampaignKind;
  window_id: string;
  /** The region in which the whole audience lies; null when it reaches further. */
  region: string | null;
  audience: Json<CampaignAudience>;
  options: Json<CampaignOptions>;
  launch_at: Date | null;
  held_back: boolean;
  released_at: Date | null;
  state: CampaignState;
  author: string;
  /** Ids of those who wrote a part of it; in production who answers for a key stands for it. */
  writers: ColumnType<string[], string[] | undefined, string[]>;
  /** The campaign whose message this one takes to whoever that did not reach. */
  remainder_of: string | null;
  /** The newest import when its unsent messages were last compared with the directory; null before the launch. */
  directory_version: number | null;
  approved_plan_id: string | null;
  approved_hash: string | null;
  approved_by: string | null;
  approved_at: Date | null;
  version: Generated<number>;
  created_at: Date;
  updated_at: Date;
}

export interface PlanTable {
  id: string;
  campaign_id: string;
  made_at: Date;
  hash: string;
  /** `contentHash` of the campaign that was planned; null in plans from before there was one. */
  content_hash: string | null;
  summary: Json<PlanSummary>;
}

export interface PlanRecipientTable {
  plan_id: string;
  person_key: string;
  topic: string;
  account_ids: string[];
  organisation_codes: string[];
  region_code: string | null;
  commissioner_code: string | null;
  segment: string;
  rule: string;
  route: Route;
  address: string | null;
  template: string | null;
  values: Record<string, unknown> | null;
  obligations: Obligation[] | null;
  excluded: string | null;
}

export type StepState = 'waiting' | 'dispatched' | 'skipped' | 'cancelled';

export interface CampaignStepTable {
  campaign_id: string;
  step_id: string;
  label: string;
  due_at: Date;
  expires_at: Date | null;
  state: StepState;
  note: string | null;
  handled_at: Date | null;
}

export interface CampaignTables extends DirectoryTables {
  campaign: CampaignTable;
  plan: PlanTable;
  plan_recipient: PlanRecipientTable;
  campaign_step: CampaignStepTable;
}
