import { type DeadlinesTables } from '../deadlines/index.js';
import { type MessageState } from '../delivery/index.js';
import { type DirectoryTables } from '../directory/index.js';

/** What the pages read of the tables of other modules, beside what their services answer. They write to none. */
export interface ConsoleTables extends DirectoryTables, DeadlinesTables {
  person: { id: string; display_name: string };
  campaign: { id: string; name: string };
  plan_recipient: {
    plan_id: string;
    person_key: string;
    topic: string;
    account_ids: string[];
    organisation_codes: string[];
    region_code: string | null;
    segment: string;
    route: 'direct' | 'cascade' | 'none';
    address: string | null;
    template: string | null;
    values: Record<string, unknown> | null;
    obligations: unknown;
    excluded: string | null;
  };
  dispatch: { id: string; campaign_id: string; shared_values: Record<string, unknown>; due_at: Date };
  message: {
    dispatch_id: string;
    ordinal: number;
    campaign_id: string;
    person_key: string;
    organisation_codes: string[];
  };
  delivery: { dispatch_id: string; ordinal: number; state: MessageState; accepted_at: Date | null };
  suppression: {
    id: number;
    address: string;
    reason: string;
    created_at: Date;
    expires_at: Date | null;
    lifted_at: Date | null;
  };
  pace: {
    name: string;
    closed_until: Date;
    closed_reason: string | null;
    trouble: number;
  };
  feedback_report: { id: string; excerpt: string | null; claimed_message: string | null };
}
