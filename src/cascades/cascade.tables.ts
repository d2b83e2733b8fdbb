import { type ColumnType, type Generated } from 'kysely';
import { type DirectoryTables } from '../directory/index.js';
import { type Cause, type EscalationPolicy, type EscalationTarget } from './escalation.rules.js';
import { type Coverage, type StepAction, type StepState, type TreeKind } from './step.rules.js';

type Json<T> = ColumnType<T, string, string>;

export interface CascadeTable {
  id: string;
  name: string;
  campaign_id: string | null;
  plan_hash: string | null;
  policy: Json<EscalationPolicy>;
  snapshot: Json<Readonly<Record<string, number>>>;
  frozen_at: Date;
  answer_by: Date;
  links_expire_at: Date;
  checked_batch: number;
  closed_at: Date | null;
}

export interface CascadeOrganisationTable {
  cascade_id: string;
  code: string;
  kind: TreeKind;
  name: string;
  region_code: string | null;
  commissioner_code: string | null;
  state: Generated<StepState>;
  joined_late: Generated<boolean>;
  change: 'closed' | 'moved' | null;
  moved_to: string | null;
  has_contacts: boolean;
  reachable: boolean;
  at_risk_before: boolean;
  at_risk_now: boolean;
  link_generation: Generated<number>;
  sent_at: Date | null;
  delivered_at: Date | null;
  undeliverable_at: Date | null;
  answered_at: Date | null;
  answered_late: Generated<boolean>;
  acknowledged_at: Date | null;
  passed_on_at: Date | null;
  passed_on_by: string | null;
  confirmed_at: Date | null;
  done_at: Date | null;
  declined_at: Date | null;
  rung: Generated<number>;
  rung_at: Date | null;
  direct_reason: 'silence' | 'declined' | null;
  written_at: Date | null;
  coverage: ColumnType<Coverage | null, never, never>;
}

export interface CascadeStepTable {
  id: Generated<number>;
  cascade_id: string;
  code: string;
  action: StepAction;
  at: Date;
  late: Generated<boolean>;
  actor: string;
  details: Json<StepDetails>;
}

/** Codes, counts and reasons; never a name or an address. */
export interface StepDetails {
  readonly practices?: readonly string[];
  readonly by?: string;
  readonly reason?: string;
  readonly to?: string;
  readonly from?: string | null;
  readonly messages?: number;
  /** Of an escalation; the oldest have none: they were of silence or a refusal. */
  readonly cause?: Cause;
  /** The dates that turned out to be wrong. */
  readonly told?: Readonly<Record<string, string>>;
}

export interface CascadeContactTable {
  cascade_id: string;
  code: string;
  rank: number;
  account_id: string;
  person_key: string;
  duties: string[];
  is_shared: boolean;
}

export interface CascadeHelpTable {
  cascade_id: string;
  account_id: string;
  code: string;
  need: 'mismatched' | 'unknown' | 'unreachable';
  resolved_at: Date | null;
  resolution: 'new-account' | 'corrected' | 'gone' | null;
  replaced_by: string | null;
}

export interface CascadeEscalationTable {
  id: Generated<number>;
  cascade_id: string;
  code: string;
  rung: number;
  /** `contact`: somebody of the team had the organisation's own contacts written to once more. */
  target: EscalationTarget | 'contact';
  purpose: string;
  at: Date;
  messages: number;
  stopped_at: Date | null;
}

export interface CascadeTables extends DirectoryTables {
  cascade: CascadeTable;
  cascade_organisation: CascadeOrganisationTable;
  cascade_step: CascadeStepTable;
  cascade_contact: CascadeContactTable;
  cascade_help: CascadeHelpTable;
  cascade_escalation: CascadeEscalationTable;
}
