import { Module } from '@nestjs/common';
import { AccessApiModule } from './access/access-api.module.js';
import { CampaignsApiModule } from './campaigns/campaigns-api.module.js';
import { CascadesApiModule } from './cascades/cascades-api.module.js';
import { ConsoleModule } from './console/index.js';
import { DeadlinesApiModule } from './deadlines/deadlines-api.module.js';
import { DeliveryApiModule } from './delivery/delivery-api.module.js';
import { DirectoryApiModule } from './directory/directory-api.module.js';
import { FeedbackApiModule } from './feedback/feedback-api.module.js';
import { RenderingApiModule } from './rendering/rendering-api.module.js';
import { SegmentsApiModule } from './segments/segments-api.module.js';

/**
 * The API and the pages. Of no use to workers, schedulers and most commands, which would spend a third of their start
 * on loading it: no `index.ts` leads to a controller.
 */
@Module({
  imports: [
    AccessApiModule,
    DirectoryApiModule,
    SegmentsApiModule,
    DeadlinesApiModule,
    RenderingApiModule,
    DeliveryApiModule,
    FeedbackApiModule,
    CampaignsApiModule,
    CascadesApiModule,
    ConsoleModule,
  ],
})
export class WebModule {}
