import type { Generated } from 'kysely';
import type { Reason, RecipientKind, ReportKind } from './report.types.js';

/** `waiting`: proven, but its message is not recorded as accepted yet. `review`: a person decides. */
export type ReportState = 'applied' | 'review' | 'waiting' | 'ignored';

export interface FeedbackReportTable {
  id: string;
  sha256: Buffer;
  source: string;
  received_at: Date;
  kind: ReportKind;
  feedback_type: string | null;
  message_id: string | null;
  claimed_message: string | null;
  state: ReportState;
  state_reason: string;
  state_changed_at: Date;
  excerpt: string | null;
  redacted_at: Date | null;
}

export interface FeedbackRecipientTable {
  report_id: string;
  ordinal: number;
  address: string | null;
  kind: RecipientKind;
  reason: Reason;
  status: string | null;
  gave_up: boolean;
}

export interface FeedbackFailureTable {
  report_id: string;
  message_id: string;
  address: string;
  kind: 'hard' | 'soft';
  reason: Reason;
  occurred_at: Date;
}

export interface OptOutTable {
  id: Generated<number>;
  address: string;
  reason: 'unsubscribed' | 'complaint';
  message_id: string;
  created_at: Date;
  lifted_at: Date | null;
  lifted_by: string | null;
}

export interface FeedbackTables {
  feedback_report: FeedbackReportTable;
  feedback_recipient: FeedbackRecipientTable;
  feedback_failure: FeedbackFailureTable;
  opt_out: OptOutTable;
}
