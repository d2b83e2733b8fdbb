import { join } from 'node:path';
import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DeadlinesModule } from '../deadlines/index.js';
import { CONFIG, type Config } from '../platform/config/index.js';
import { Tracing } from '../platform/tracing/index.js';
import { CaptureInbox } from './capture.inbox.js';
import { RenderingModule } from '../rendering/index.js';
import { DEFAULT_DELIVERY_OPTIONS, DELIVERY_OPTIONS } from './delivery.options.js';
import { CrashRecovery } from './crash.recovery.js';
import { DeliveryMetrics } from './delivery.metrics.js';
import { DeliveryWatchdog } from './delivery.watchdog.js';
import { FlightRecorder } from './flight.recorder.js';
import { LedgerModule } from './ledger.module.js';
import { MAIL_ROUTES, type MailRoute, mailRoutes } from './mail-routes.js';
import { MessagePreparer } from './message.preparer.js';
import { MessageScreening } from './message.screening.js';
import { MetricsRepository } from './metrics.repository.js';
import { PaceRepository } from './pace.repository.js';
import { Reconciler } from './reconciler.js';
import { ReconcilerRepository } from './reconciler.repository.js';
import { SendSliceProcessor } from './send-slice.processor.js';
import { SliceRepository } from './slice.repository.js';
import { SliceSender } from './slice.sender.js';
import { SuppressionList } from './suppression.list.js';
import { SuppressionRepository } from './suppression.repository.js';
import { TransportPace } from './transport.pace.js';
import { UnknownResolver } from './unknown.resolver.js';
import { WRAP_TRANSPORT } from './transport.wrapping.js';

/** Workers have finished what was on the wire by then (`beforeApplicationShutdown`). */
@Injectable()
class TransportLifetime implements OnApplicationShutdown {
  constructor(@Inject(MAIL_ROUTES) private readonly routes: readonly MailRoute[]) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.routes.map(({ transport }) => transport.close()));
  }
}

@Module({
  imports: [DeadlinesModule, LedgerModule, RenderingModule],
  providers: [
    { provide: DELIVERY_OPTIONS, useValue: DEFAULT_DELIVERY_OPTIONS },
    {
      provide: CaptureInbox,
      inject: [CONFIG],
      useFactory: ({ dataDir }: Config) => new CaptureInbox(join(dataDir, 'capture')),
    },
    {
      provide: MAIL_ROUTES,
      inject: [CONFIG, CaptureInbox, Tracing, { token: WRAP_TRANSPORT, optional: true }],
      useFactory: mailRoutes,
    },
    TransportLifetime,
    PaceRepository,
    ReconcilerRepository,
    MetricsRepository,
    SliceRepository,
    SuppressionRepository,
    SuppressionList,
    MessageScreening,
    MessagePreparer,
    TransportPace,
    DeliveryMetrics,
    DeliveryWatchdog,
    FlightRecorder,
    CrashRecovery,
    SliceSender,
    SendSliceProcessor,
    Reconciler,
    UnknownResolver,
  ],
  exports: [
    ...[CaptureInbox, MAIL_ROUTES, LedgerModule, SuppressionList, Reconciler, SliceSender, TransportPace],
    DeliveryWatchdog,
  ],
})
export class DeliveryModule {}
