import { Module } from '@nestjs/common';
import { AuditModule, KeyMakersModule } from '../access/index.js';
import { DeadlinesModule } from '../deadlines/index.js';
import { DirectoryModule } from '../directory/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { FeedbackModule } from '../feedback/index.js';
import { RenderingModule } from '../rendering/index.js';
import { SegmentsModule } from '../segments/index.js';
import { AudienceRepository } from './audience.repository.js';
import { AudienceService } from './audience.service.js';
import { CampaignRepository } from './campaign.repository.js';
import { CampaignRunner } from './campaign.runner.js';
import { CampaignService } from './campaign.service.js';
import { CampaignTicker } from './campaign.ticker.js';
import { CampaignTransitions } from './campaign.transitions.js';
import { CorrectionAudience } from './correction.audience.js';
import { CorrectionRepository } from './correction.repository.js';
import { CorrectionService } from './correction.service.js';
import { CorrectionTicker } from './correction.ticker.js';
import { PlanRepository } from './plan.repository.js';
import { PlanService } from './plan.service.js';
import { RetentionRepository } from './retention.repository.js';
import { Retention } from './retention.service.js';
import { SharedValuesService } from './shared-values.service.js';
import { StepDispatcher } from './step.dispatcher.js';
import { WebhooksModule } from './webhooks.module.js';

@Module({
  imports: [
    WebhooksModule,
    AuditModule,
    KeyMakersModule,
    DirectoryModule,
    SegmentsModule,
    DeadlinesModule,
    RenderingModule,
    DeliveryModule,
    FeedbackModule,
  ],
  providers: [
    AudienceRepository,
    AudienceService,
    CampaignRepository,
    CampaignRunner,
    CampaignService,
    CampaignTicker,
    CampaignTransitions,
    CorrectionAudience,
    CorrectionRepository,
    CorrectionService,
    CorrectionTicker,
    PlanRepository,
    PlanService,
    Retention,
    RetentionRepository,
    SharedValuesService,
    StepDispatcher,
  ],
  exports: [
    CampaignRunner,
    CampaignService,
    CampaignTicker,
    CorrectionService,
    CorrectionTicker,
    PlanService,
    Retention,
    SharedValuesService,
  ],
})
export class CampaignsModule {}
