export { classifyReport } from './classify-report.js';
export { FeedbackModule } from './feedback.module.js';
export { FeedbackService, type IngestOptions, type ReportView } from './feedback.service.js';
export type { ReportState } from './feedback.tables.js';
export { LeaverService, type ProbableLeaver } from './leaver.service.js';
export { OptOutService } from './opt-out.service.js';
export type {
  FeedbackReport,
  Reason,
  RecipientKind,
  ReportedRecipient,
  ReportKind,
  ReportReferences,
} from './report.types.js';
export { type SuppressionRule, suppressionRules } from './suppression.rules.js';
