import { type Type } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { AccessApiModule } from '../../src/access/access-api.module.js';
import { CONFIG, type Config, loadConfig } from '../../src/platform/config/index.js';
import { DatabaseModule } from '../../src/platform/database/index.js';
import { configureHttp } from '../../src/platform/http/configure-http.js';
import { HttpModule } from '../../src/platform/http/index.js';
import { MetricsModule } from '../../src/platform/metrics/index.js';
import { Clock, FixedClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

export interface TestApp extends AsyncDisposable {
  readonly app: NestExpressApplication;
  readonly database: TestDatabase<never>;
  readonly clock: FixedClock;
  readonly config: Config;
}

export const START = new Date('2026-09-14T07:00:00Z');

/** The access and HTTP modules with controllers of the test's own, on a database of its own. */
export async function testApp(
  settings: Record<string, string>,
  parts: { controllers?: Type[]; imports?: Type[] } = {},
): Promise<TestApp> {
  const database = await testDatabase<never>();
  const clock = new FixedClock(START);
  const config = loadConfig({ NODE_ENV: 'test', SECRET: 'a-secret-of-the-tests-and-of-nothing-else', ...settings });

  @Global()
  @Module({
    providers: [
      { provide: CONFIG, useValue: config },
      { provide: Clock, useValue: clock },
    ],
    exports: [CONFIG, Clock],
  })
  class SettingsModule {}

  const module = await Test.createTestingModule({
    imports: [
      SettingsModule,
      DatabaseModule.on(database.server),
      HttpModule,
      MetricsModule,
      AccessApiModule,
      ...(parts.imports ?? []),
    ],
    controllers: parts.controllers ?? [],
  }).compile();
  const app = module.createNestApplication<NestExpressApplication>(new ExpressAdapter());
  app.useLogger(false);
  configureHttp(app, config);
  await app.init();
  return {
    app,
    database,
    clock,
    config,
    async [Symbol.asyncDispose]() {
      await app.close();
      await database[Symbol.asyncDispose]();
    },
  };
}
