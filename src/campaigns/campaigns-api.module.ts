import { Global, Module } from '@nestjs/common';
import { WindowFollower } from '../deadlines/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { CampaignLifecycleController } from './campaign-lifecycle.controller.js';
import { CampaignProgressController } from './campaign-progress.controller.js';
import { CampaignController } from './campaign.controller.js';
import { CampaignsModule } from './campaigns.module.js';
import { CorrectionService } from './correction.service.js';
import { PlanController } from './plan.controller.js';
import { WebhookController } from './webhook.controller.js';
import { WebhooksModule } from './webhooks.module.js';

/** Campaigns over HTTP; and for whoever changes a window there, what brings its campaigns in line. */
@Global()
@Module({
  imports: [CampaignsModule, DeliveryModule, WebhooksModule],
  controllers: [
    CampaignController,
    CampaignLifecycleController,
    CampaignProgressController,
    PlanController,
    WebhookController,
  ],
  providers: [{ provide: WindowFollower, useExisting: CorrectionService }],
  exports: [WindowFollower],
})
export class CampaignsApiModule {}
