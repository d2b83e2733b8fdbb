import { BullModule } from '@nestjs/bullmq';
import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CONFIG, type Config } from '../config/index.js';
import { DATABASE_SERVER, type DatabaseServer } from '../database/index.js';
import { ClosingQueue } from './closing-queue.js';
import { JobQueue } from './job-queue.js';
import { JobWorkers } from './job-workers.js';
import { QUEUES } from './job-map.js';
import { QUEUE_CONNECTION, queueConnection } from './queue-connection.js';

BullModule.queueClass = ClosingQueue;

@Global()
@Module({
  providers: [
    {
      provide: QUEUE_CONNECTION,
      inject: [CONFIG, DATABASE_SERVER],
      useFactory: (config: Config, server: DatabaseServer) => queueConnection(config, server),
    },
  ],
  exports: [QUEUE_CONNECTION],
})
class QueueConnectionModule {}

@Global()
@Module({
  imports: [
    DiscoveryModule,
    QueueConnectionModule,
    BullModule.forRootAsync({
      inject: [QUEUE_CONNECTION],
      useFactory: (connection: ReturnType<typeof queueConnection>) => ({
        ...connection.options,
        defaultJobOptions: {
          // A failed job is forgotten: the ledger still says what is due, and the reconciler queues it again.
          attempts: 1,
          removeOnComplete: true,
          removeOnFail: true,
        },
      }),
    }),
    BullModule.registerQueue(...QUEUES.map((name) => ({ name }))),
  ],
  providers: [JobQueue, JobWorkers],
  exports: [JobQueue],
})
export class JobsModule {}
