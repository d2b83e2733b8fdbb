import { type MiddlewareConsumer, Module, type NestModule, type OnModuleInit } from '@nestjs/common';
import { AuditModule, type SignInPage, SignInPages } from '../access/index.js';
import { CampaignsModule, WebhooksModule } from '../campaigns/index.js';
import { CascadesModule } from '../cascades/index.js';
import { DeadlinesModule } from '../deadlines/index.js';
import { DeliveryModule, DeliveryDeskModule } from '../delivery/index.js';
import { DirectoryModule } from '../directory/index.js';
import { FeedbackModule } from '../feedback/index.js';
import { contentSecurity, ProblemPages } from '../platform/http/index.js';
import { RenderingModule } from '../rendering/index.js';
import { DirectoryPictureModule, SegmentsModule } from '../segments/index.js';
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
import { CascadeSimulationController } from './cascade-simulation.controller.js';
import { CascadeView } from './cascade.view.js';
import { CascadesController } from './cascades.controller.js';
import { CorrectionReads } from './correction.reads.js';
import { CorrectionView } from './correction.view.js';
import { DeliveryController } from './delivery.controller.js';
import { DirectoryReads } from './directory.reads.js';
import { DrillsController } from './drills.controller.js';
import { EmailPreviews } from './email.previews.js';
import { FramePipe } from './frame.pipe.js';
import { HomeController } from './home.controller.js';
import { ImportsController } from './imports.controller.js';
import { InboxController } from './inbox.controller.js';
import { LiveParts } from './live.parts.js';
import { StopMailController } from './stop-mail.controller.js';
import { MessagesController } from './messages.controller.js';
import { Pages, TEMPLATE_SCRIPT_HASH } from './pages.js';
import { PeopleController } from './people.controller.js';
import { PlanReads } from './plan.reads.js';
import { PracticesController } from './practices.controller.js';
import { boardToken, QueuesController } from './queues.controller.js';
import { problemValues } from './problem.words.js';
import { RegionCounts } from './region.counts.js';
import { ReminderFormController } from './reminder-form.controller.js';
import { SendingReads } from './sending.reads.js';
import { SettingsAuditController } from './settings-audit.controller.js';
import { SettingsKeysController } from './settings-keys.controller.js';
import { SettingsPeopleController } from './settings-people.controller.js';
import { SettingsRetentionController } from './settings-retention.controller.js';
import { SettingsWebhooksController } from './settings-webhooks.controller.js';
import { SettingsController } from './settings.controller.js';
import { SimulationController } from './simulation.controller.js';
import { SimulationLive } from './simulation.live.js';
import { SimulationRepository } from './simulation.repository.js';
import { Simulations } from './simulation.service.js';
import { TestSend } from './test-send.service.js';
import { UnknownController } from './unknown.controller.js';
import { UploadStore } from './upload.store.js';
import { WindowsController } from './windows.controller.js';

const SIGN_IN_TITLES: Readonly<Record<SignInPage['kind'], string>> = {
  once: 'Sign in',
  'no-provider': 'Sign in',
  'signed-out': 'You are signed out',
};

/** The web pages: server-rendered, complete without scripts, nothing from another host. */
@Module({
  imports: [
    AuditModule,
    CampaignsModule,
    CascadesModule,
    DeadlinesModule,
    DeliveryModule,
    DirectoryModule,
    DirectoryPictureModule,
    FeedbackModule,
    DeliveryDeskModule,
    RenderingModule,
    SegmentsModule,
    WebhooksModule,
  ],
  controllers: [
    HomeController,
    // Before the page of one campaign, whose address `new` would otherwise be.
    CampaignFormController,
    CampaignsController,
    CampaignActionsController,
    CampaignPlanController,
    DrillsController,
    CascadeSimulationController,
    CascadesController,
    CascadeActionsController,
    MessagesController,
    PeopleController,
    PracticesController,
    WindowsController,
    ReminderFormController,
    SimulationController,
    ImportsController,
    StopMailController,
    DeliveryController,
    UnknownController,
    InboxController,
    SettingsController,
    SettingsPeopleController,
    SettingsKeysController,
    SettingsWebhooksController,
    SettingsRetentionController,
    SettingsAuditController,
    QueuesController,
  ],
  providers: [
    Pages,
    FramePipe,
    DirectoryReads,
    PlanReads,
    RegionCounts,
    SendingReads,
    Attention,
    CampaignView,
    CascadeReads,
    CascadeView,
    CascadeOrganisationView,
    CorrectionReads,
    CorrectionView,
    LiveParts,
    SimulationLive,
    SimulationRepository,
    Simulations,
    EmailPreviews,
    TestSend,
    UploadStore,
  ],
})
export class ConsoleModule implements NestModule, OnModuleInit {
  constructor(
    private readonly pages: Pages,
    private readonly problems: ProblemPages,
    private readonly signIn: SignInPages,
  ) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(contentSecurity({ scriptSrc: ["'self'", TEMPLATE_SCRIPT_HASH] })).forRoutes('{*path}');
    consumer.apply(assets()).forRoutes('assets/{*path}');
    consumer.apply(boardToken).forRoutes('queues/{*path}');
  }

  onModuleInit(): void {
    this.problems.use((problem) => this.pages.render('problem', { ...problemValues(problem) }));
    this.signIn.use((page) => this.pages.render('sign-in', { title: SIGN_IN_TITLES[page.kind], page }));
  }
}
