export { classifyReport } from './classify-report.js';
export { FeedbackModule } from './feedback.module.js';
export { FeedbackService, type ReportView } from './feedback.service.js';
export { LeaverService } from './leaver.service.js';
export { OptOutService } from './opt-out.service.js';
export type { Reason } from './report.types.js';
