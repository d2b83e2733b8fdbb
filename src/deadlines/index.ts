export { BankHolidays } from './bank-holidays.js';
export { DeadlinesModule } from './deadlines.module.js';
export { DeadlinesService, type DeclarationReports } from './deadlines.service.js';
export { type DeadlinesTables } from './deadlines.tables.js';
export { DeclarationFeed, type DeclarationFeedReport } from './declaration.feed.js';
export { type BlockingPair, type OrganisationBlockers, type Waiting } from './declaration.repository.js';
export {
  type Actor,
  blockerOf,
  type Declaration,
  DECLARATION_STATUSES,
  type DeclarationStatus,
} from './declaration.rules.js';
export { type WindowChange, type WindowSnapshot } from './declaration-window.repository.js';
export {
  type DeclarationWindow,
  type MoveCutoffInput,
  type WindowInput,
  type WindowNotice,
  type WindowTimes,
} from './declaration-window.rules.js';
export { WindowFollower } from './window-follower.js';
export { feasibility, type Feasibility, type FeasibilityInput } from './feasibility.rules.js';
export {
  DEFAULT_REMINDER_POLICY,
  type Reminder,
  type ReminderLadder,
  type ReminderPolicy,
  reminderPolicySchema,
  type ReminderStep,
} from './reminder-ladder.rules.js';
