import { Module } from '@nestjs/common';
import { AuditModule } from '../access/index.js';
import { DeadlinesModule } from '../deadlines/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { RenderingModule } from '../rendering/index.js';
import { SegmentsModule } from '../segments/index.js';
import { AudienceRepository } from './audience.repository.js';
import { AudienceService } from './audience.service.js';
import { CampaignRepository } from './campaign.repository.js';
import { CampaignService } from './campaign.service.js';
import { CampaignTicker } from './campaign.ticker.js';
import { PlanRepository } from './plan.repository.js';
import { PlanService } from './plan.service.js';
import { SharedValuesService } from './shared-values.service.js';
import { StepDispatcher } from './step.dispatcher.js';

@Module({
  imports: [AuditModule, SegmentsModule, DeadlinesModule, RenderingModule, DeliveryModule],
  providers: [
    AudienceRepository,
    AudienceService,
    CampaignRepository,
    CampaignService,
    CampaignTicker,
    PlanRepository,
    PlanService,
    SharedValuesService,
    StepDispatcher,
  ],
  exports: [CampaignService, CampaignTicker, PlanService],
})
export class CampaignsModule {}
