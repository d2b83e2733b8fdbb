import { Module } from '@nestjs/common';
import { DeliveryModule } from '../delivery/index.js';
import { FeedbackRepository } from './feedback.repository.js';
import { FeedbackService } from './feedback.service.js';
import { OptOutService } from './opt-out.service.js';
import { ReportApplication } from './report.application.js';

/** Needs `Clock`, `AuditTrail`, the configuration and the database from the root module. */
@Module({
  imports: [DeliveryModule],
  providers: [FeedbackRepository, ReportApplication, FeedbackService, OptOutService],
  exports: [FeedbackService, OptOutService],
})
export class FeedbackModule {}
