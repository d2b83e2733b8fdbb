import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AccessModule } from './access/index.js';
import { CampaignsModule } from './campaigns/index.js';
import { CascadesModule } from './cascades/index.js';
import { DeadlinesModule } from './deadlines/index.js';
import {
  DeliveryHealthModule,
  DeliveryModule,
  DeliveryDeskModule,
  TransportWrappingModule,
  type WrapTransport,
} from './delivery/index.js';
import { DirectoryModule } from './directory/index.js';
import { FeedbackModule } from './feedback/index.js';
import { type Config, ConfigModule } from './platform/config/index.js';
import { DatabaseModule, type DatabaseServer } from './platform/database/index.js';
import { HealthModule } from './platform/health/index.js';
import { HttpModule } from './platform/http/index.js';
import { JobsModule } from './platform/jobs/index.js';
import { MetricsModule } from './platform/metrics/index.js';
import { RenderingModule } from './rendering/index.js';
import { SegmentsModule, UnchangingDirectoryModule } from './segments/index.js';
import { type Clock } from './shared/clock.js';

export interface Composition {
  readonly config: Config;
  readonly server: DatabaseServer;
  /** Default: the configured clock. */
  readonly clock?: Clock;
  /** Stands between the service and its configured transport: simulations and tests. */
  readonly wrapTransport?: WrapTransport;
  /** Nobody imports anything while the process lasts: simulations. */
  readonly isDirectoryUnchanging?: boolean;
  /** `WebModule` in a process that serves the API and the pages. */
  readonly routes?: readonly Type[];
}

/** The composition root, and with `web.module.ts` the only file that may import everything. */
@Module({})
export class AppModule {
  static compose({
    config,
    server,
    clock,
    wrapTransport,
    isDirectoryUnchanging = false,
    routes = [],
  }: Composition): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config, clock),
        DatabaseModule.on(server),
        ...(wrapTransport ? [TransportWrappingModule.by(wrapTransport)] : []),
        ...(isDirectoryUnchanging ? [UnchangingDirectoryModule] : []),
        JobsModule,
        // Without the role nothing ticks: @Interval and @Cron are inert when their module is absent.
        ...(config.roles.includes('scheduler') ? [ScheduleModule.forRoot()] : []),
        HttpModule,
        HealthModule,
        MetricsModule,
        AccessModule,
        DirectoryModule,
        SegmentsModule,
        DeadlinesModule,
        RenderingModule,
        DeliveryModule,
        DeliveryHealthModule,
        DeliveryDeskModule,
        FeedbackModule,
        CampaignsModule,
        CascadesModule,
        ...routes,
      ],
    };
  }
}
