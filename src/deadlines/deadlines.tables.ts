import { type ColumnType, type Generated, type GeneratedAlways } from 'kysely';
import { type Actor, type DeclarationStatus } from './declaration.rules.js';

type Json = ColumnType<unknown, string, string>;

interface DeclarationWindowTable {
  id: string;
  name: string;
  service: string | null;
  period: string | null;
  /** Europe/London wall clock, `YYYY-MM-DDTHH:mm:ss`; the instant it means stands beside it. So for all four. */
  cutoff: string;
  cutoff_at: Date;
  reopening: string;
  reopening_at: Date;
  pcse: string;
  pcse_at: Date;
  sign_in_change: string | null;
  sign_in_change_at: Date | null;
  reminder_policy: Json;
  version: number;
  times_set_at: Date;
  created_at: Date;
  updated_at: Date;
}

/** Append-only. */
interface DeclarationWindowChangeTable {
  window_id: string;
  version: number;
  changed_at: Date;
  changed_by: string;
  reason: string;
  before: Json;
  after: Json;
}

interface DeclarationTable {
  organisation_code: string;
  service: string;
  period: string;
  declaration_required: boolean;
  approval_required: boolean;
  status: DeclarationStatus;
  updated_at: Date;
  blocker: GeneratedAlways<Actor | 'nobody'>;
}

/** One row, once a report has come. */
interface DeclarationFeedTable {
  is_only: Generated<boolean>;
  heard_at: Date;
}

/** The tables of this module, for repositories further down that join them. Only this module writes to them. */
export interface DeadlinesTables {
  declaration_window: DeclarationWindowTable;
  declaration_window_change: DeclarationWindowChangeTable;
  declaration: DeclarationTable;
  declaration_feed: DeclarationFeedTable;
}
