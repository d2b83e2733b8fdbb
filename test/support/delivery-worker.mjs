// A worker process of the build, for tests that kill it. Reads one JSON document of settings from its first argument.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditModule } from '../../dist/access/index.js';
import { DeliveryModule } from '../../dist/delivery/index.js';
import { ConfigModule, loadConfig } from '../../dist/platform/config/index.js';
import { DatabaseModule } from '../../dist/platform/database/index.js';
import { JobsModule } from '../../dist/platform/jobs/index.js';
import { MetricsModule } from '../../dist/platform/metrics/index.js';

const { connectionString, ...overrides } = JSON.parse(process.argv[2]);
const config = {
  ...loadConfig({
    NODE_ENV: 'test',
    SECRET: 'a secret of the tests, forty characters!',
    TRIAL_MODE: 'off',
    ROLES: 'worker',
    QUEUES: 'delivery',
  }),
  ...overrides,
};
const server = { connectionString, embedded: false, release: () => Promise.resolve() };

class Worker {}
Module({
  imports: [
    ConfigModule.with(config),
    DatabaseModule.on(server),
    AuditModule,
    JobsModule,
    MetricsModule,
    DeliveryModule,
  ],
})(Worker);

const app = await NestFactory.createApplicationContext(Worker, { logger: ['error', 'fatal'] });
app.enableShutdownHooks();
process.stdout.write('ready\n');
