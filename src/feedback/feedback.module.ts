import { Module } from '@nestjs/common';
import { DeliveryModule } from '../delivery/index.js';
import { CONFIG } from '../platform/config/index.js';
import { FeedbackIntake, sourcesOf } from './feedback.intake.js';
import { FeedbackMetrics } from './feedback.metrics.js';
import { FeedbackService } from './feedback.service.js';
import { FEEDBACK_SOURCES } from './feedback.source.js';
import { FeedbackTicker } from './feedback.ticker.js';
import { LeaverRepository } from './leaver.repository.js';
import { LeaverService } from './leaver.service.js';
import { OptOutService } from './opt-out.service.js';
import { OptOutsModule } from './opt-outs.module.js';
import { ReportApplication } from './report.application.js';

/** Needs `Clock`, `AuditTrail`, the configuration, the metrics and the database from the root module. */
@Module({
  imports: [DeliveryModule, OptOutsModule],
  providers: [
    { provide: FEEDBACK_SOURCES, inject: [CONFIG], useFactory: sourcesOf },
    FeedbackMetrics,
    ReportApplication,
    FeedbackService,
    FeedbackIntake,
    FeedbackTicker,
    LeaverRepository,
    LeaverService,
    OptOutService,
  ],
  exports: [FeedbackService, LeaverService, OptOutService],
})
export class FeedbackModule {}
