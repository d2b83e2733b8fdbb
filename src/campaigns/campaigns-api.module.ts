import { Module } from '@nestjs/common';
import { DeliveryModule } from '../delivery/index.js';
import { CampaignLifecycleController } from './campaign-lifecycle.controller.js';
import { CampaignProgressController } from './campaign-progress.controller.js';
import { CampaignController } from './campaign.controller.js';
import { CampaignsModule } from './campaigns.module.js';
import { PlanController } from './plan.controller.js';
import { WebhookController } from './webhook.controller.js';
import { WebhooksModule } from './webhooks.module.js';

/** Campaigns over HTTP. */
@Module({
  imports: [CampaignsModule, DeliveryModule, WebhooksModule],
  controllers: [
    CampaignController,
    CampaignLifecycleController,
    CampaignProgressController,
    PlanController,
    WebhookController,
  ],
})
export class CampaignsApiModule {}
