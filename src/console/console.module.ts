import { type MiddlewareConsumer, Module, type NestModule, type OnModuleInit } from '@nestjs/common';
import { AuditModule } from '../access/index.js';
import { CampaignsModule } from '../campaigns/index.js';
import { CascadesModule } from '../cascades/index.js';
import { DeadlinesModule } from '../deadlines/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { DirectoryModule } from '../directory/index.js';
import { FeedbackModule } from '../feedback/index.js';
import { contentSecurity, ProblemPages } from '../platform/http/index.js';
import { RenderingModule } from '../rendering/index.js';
import { SegmentsModule } from '../segments/index.js';
import { assets } from './assets.middleware.js';
import { Attention } from './attention.service.js';
import { CampaignActionsController } from './campaign-actions.controller.js';
import { CampaignFormController } from './campaign-form.controller.js';
import { CampaignPlanController } from './campaign-plan.controller.js';
import { CampaignView } from './campaign.view.js';
import { CampaignsController } from './campaigns.controller.js';
import { CascadeActionsController } from './cascade-actions.controller.js';
import { CascadeOrganisationView } from './cascade-organisation.view.js';
import { CascadeReads } from './cascade.reads.js';
import { CascadeView } from './cascade.view.js';
import { CascadesController } from './cascades.controller.js';
import { DeliveryController } from './delivery.controller.js';
import { DirectoryPicture } from './directory.picture.js';
import { DirectoryReads } from './directory.reads.js';
import { EmailPreviews } from './email.previews.js';
import { HomeController } from './home.controller.js';
import { ImportsController } from './imports.controller.js';
import { InboxController } from './inbox.controller.js';
import { MessagesController } from './messages.controller.js';
import { Pages, TEMPLATE_SCRIPT_HASH } from './pages.js';
import { PeopleController } from './people.controller.js';
import { PlanReads } from './plan.reads.js';
import { PracticesController } from './practices.controller.js';
import { boardToken, QueuesController } from './queues.controller.js';
import { RegionCounts } from './region.counts.js';
import { SendingReads } from './sending.reads.js';
import { SettingsController } from './settings.controller.js';
import { TestSend } from './test-send.service.js';
import { UploadStore } from './upload.store.js';
import { WindowsController } from './windows.controller.js';

/** The web pages: server-rendered, complete without scripts, nothing from another host. */
@Module({
  imports: [
    AuditModule,
    CampaignsModule,
    CascadesModule,
    DeadlinesModule,
    DeliveryModule,
    DirectoryModule,
    FeedbackModule,
    RenderingModule,
    SegmentsModule,
  ],
  controllers: [
    HomeController,
    // Before the page of one campaign, whose address `new` would otherwise be.
    CampaignFormController,
    CampaignsController,
    CampaignActionsController,
    CampaignPlanController,
    CascadesController,
    CascadeActionsController,
    MessagesController,
    PeopleController,
    PracticesController,
    WindowsController,
    ImportsController,
    DeliveryController,
    InboxController,
    SettingsController,
    QueuesController,
  ],
  providers: [
    Pages,
    DirectoryReads,
    PlanReads,
    RegionCounts,
    SendingReads,
    DirectoryPicture,
    Attention,
    CampaignView,
    CascadeReads,
    CascadeView,
    CascadeOrganisationView,
    EmailPreviews,
    TestSend,
    UploadStore,
  ],
})
export class ConsoleModule implements NestModule, OnModuleInit {
  constructor(
    private readonly pages: Pages,
    private readonly problems: ProblemPages,
  ) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(contentSecurity({ scriptSrc: ["'self'", TEMPLATE_SCRIPT_HASH] })).forRoutes('{*path}');
    consumer.apply(assets()).forRoutes('assets/{*path}');
    consumer.apply(boardToken).forRoutes('queues/{*path}');
  }

  onModuleInit(): void {
    this.problems.use((problem) => this.pages.render('problem', { problem, title: problem.title }));
  }
}
