// A worker process of the build, for tests that end it. Reads one JSON document of settings from its first argument,
// says `ready` when everything is loaded, and works from the first byte of its input on.
import 'reflect-metadata';
import { once } from 'node:events';
import { Test } from '@nestjs/testing';
import { AuditModule } from '../../dist/access/index.js';
import { DEFAULT_DELIVERY_OPTIONS, DELIVERY_OPTIONS } from '../../dist/delivery/delivery.options.js';
import { DeliveryModule } from '../../dist/delivery/index.js';
import { ConfigModule, loadConfig } from '../../dist/platform/config/index.js';
import { DatabaseModule } from '../../dist/platform/database/index.js';
import { JobsModule } from '../../dist/platform/jobs/index.js';
import { MetricsModule } from '../../dist/platform/metrics/index.js';
import { TEMPLATES_DIR } from '../../dist/rendering/index.js';

const { connectionString, templatesDir, options, ...overrides } = JSON.parse(process.argv[2]);
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

process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();
const app = await Test.createTestingModule({
  imports: [
    ConfigModule.with(config),
    DatabaseModule.on(server),
    AuditModule,
    JobsModule,
    MetricsModule,
    DeliveryModule,
  ],
})
  .overrideProvider(TEMPLATES_DIR)
  .useValue(templatesDir)
  .overrideProvider(DELIVERY_OPTIONS)
  .useValue({ ...DEFAULT_DELIVERY_OPTIONS, ...options })
  .compile();
app.useLogger(['error', 'fatal']);
app.enableShutdownHooks();
await app.init();
