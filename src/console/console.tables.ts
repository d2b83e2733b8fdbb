import { type DeadlinesTables } from '../deadlines/index.js';
import { type DirectoryTables } from '../directory/index.js';

/** What the pages read of the tables of other modules, beside what their services answer. They write to none. */
export interface ConsoleTables extends DirectoryTables, DeadlinesTables {
  person: { id: string; display_name: string };
  campaign: { id: string; name: string };
  dispatch: { id: string; shared_values: Record<string, unknown> };
  suppression: {
    id: number;
    address: string;
    reason: string;
    created_at: Date;
    expires_at: Date | null;
    lifted_at: Date | null;
  };
  feedback_report: { id: string; excerpt: string | null; claimed_message: string | null };
}
