import { type MiddlewareConsumer, Module, type NestModule, type OnModuleInit } from '@nestjs/common';
import { CampaignsModule } from '../campaigns/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { contentSecurity, ProblemPages } from '../platform/http/index.js';
import { assets } from './assets.middleware.js';
import { HomeController } from './home.controller.js';
import { InboxController } from './inbox.controller.js';
import { Pages, TEMPLATE_SCRIPT_HASH } from './pages.js';

/** The web pages: server-rendered, complete without scripts, nothing from another host. */
@Module({
  imports: [CampaignsModule, DeliveryModule],
  controllers: [HomeController, InboxController],
  providers: [Pages],
})
export class ConsoleModule implements NestModule, OnModuleInit {
  constructor(
    private readonly pages: Pages,
    private readonly problems: ProblemPages,
  ) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(contentSecurity({ scriptSrc: ["'self'", TEMPLATE_SCRIPT_HASH] })).forRoutes('{*path}');
    consumer.apply(assets()).forRoutes('assets/{*path}');
  }

  onModuleInit(): void {
    this.problems.use((problem) => this.pages.render('problem', { problem, title: problem.title }));
  }
}
