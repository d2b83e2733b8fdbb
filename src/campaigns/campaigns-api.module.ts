import { Module } from '@nestjs/common';
import { DeliveryModule } from '../delivery/index.js';
import { CampaignLifecycleController } from './campaign-lifecycle.controller.js';
import { CampaignProgressController } from './campaign-progress.controller.js';
import { CampaignController } from './campaign.controller.js';
import { CampaignsModule } from './campaigns.module.js';
import { PlanController } from './plan.controller.js';

/** Campaigns over HTTP. */
@Module({
  imports: [CampaignsModule, DeliveryModule],
  controllers: [CampaignController, CampaignLifecycleController, CampaignProgressController, PlanController],
})
export class CampaignsApiModule {}
