import { type Generated, type JSONColumnType, type Transaction } from 'kysely';
import { type DispatchState, type ReminderGuard, type Route } from './ledger.types.js';
import { type MessageState } from './message.states.js';

export interface DispatchTable {
  id: string;
  campaign_id: string;
  purpose: string;
  shared_values: JSONColumnType<Record<string, unknown>>;
  due_at: Date;
  expires_at: Date | null;
  rate_per_minute: number | null;
  trace_parent: Generated<string | null>;
  planned: Generated<number>;
  state: Generated<DispatchState>;
  created_at: Date;
  state_changed_at: Date;
}

export interface MessageTable {
  id: string;
  campaign_id: string;
  dispatch_id: string;
  ordinal: number;
  person_key: string;
  purpose: string;
  account_ids: string[];
  organisation_codes: string[];
  route: Route;
  segment: string | null;
  address: string | null;
  address_hash: string;
  template: string;
  template_version: string;
  values: JSONColumnType<Record<string, unknown>> | null;
  guard: JSONColumnType<ReminderGuard> | null;
  redacted_at: Date | null;
}

export interface DeliveryTable {
  dispatch_id: string;
  ordinal: number;
  message_id: string;
  state: MessageState;
  attempt: Generated<number>;
  setbacks: Generated<number>;
  epoch: Generated<number>;
  next_attempt_at: Date | null;
  code: number | null;
  enhanced: string | null;
  reason: string | null;
  rendered_sha256: Buffer | null;
  transport: string | null;
  accepted_at: Date | null;
  state_changed_at: Date;
}

/** How many messages went into (or, below zero, out of) a state; what triggers keep in step with `delivery`. */
export interface DeliveryTallyTable {
  dispatch_id: string;
  state: MessageState;
  /** In which minute a mail server took them; null where none did. */
  minute: Date | null;
  messages: number;
}

/** The messages whose state is `unknown`. */
export interface DeliveryUnknownTable {
  dispatch_id: string;
  ordinal: number;
}

export interface SliceTable {
  id: string;
  dispatch_id: string;
  first_ordinal: number;
  last_ordinal: number;
  due_at: Date | null;
  epoch: Generated<number>;
  leased_by: string | null;
  lease_until: Date | null;
}

export interface SuppressionTable {
  id: Generated<number>;
  address: string;
  reason: string;
  source: string;
  created_at: Date;
  expires_at: Date | null;
  lifted_at: Date | null;
  lifted_by: string | null;
}

export interface PaceTable {
  name: string;
  next_slot_at: Generated<Date>;
  used: Generated<number>;
  closed_until: Generated<Date>;
  closed_reason: string | null;
  trouble: Generated<number>;
}

/** One row while all mail is stopped. */
export interface MailStopTable {
  is_only: Generated<boolean>;
  since: Date;
  stopped_by: string;
  reason: string;
}

export interface DeliveryTables {
  dispatch: DispatchTable;
  message: MessageTable;
  delivery: DeliveryTable;
  delivery_tally: DeliveryTallyTable;
  delivery_unknown: DeliveryUnknownTable;
  slice: SliceTable;
  suppression: SuppressionTable;
  pace: PaceTable;
  mail_stop: MailStopTable;
}

/** A transaction of another module: its tables and ours are one database. */
export function asOurs<Tables>(trx: Transaction<Tables>): Transaction<DeliveryTables> {
  return trx as unknown as Transaction<DeliveryTables>;
}
