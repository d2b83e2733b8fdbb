import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { ApiKeys, type Permission, PERMISSIONS, type Principal } from '../../src/access/index.js';
import { AppModule } from '../../src/app.module.js';
import { WebModule } from '../../src/web.module.js';
import { CampaignTicker } from '../../src/campaigns/index.js';
import { DeclarationFeed } from '../../src/deadlines/index.js';
import { Ledger, Reconciler } from '../../src/delivery/index.js';
import { ImportService } from '../../src/directory/index.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { type DatabaseServer } from '../../src/platform/database/index.js';
import { configureHttp } from '../../src/platform/http/configure-http.js';
import { FixedClock } from '../../src/shared/clock.js';
import { type OdsCode } from '../../src/shared/ods-code.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

export const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'demo-small');
export const ALL = Object.keys(PERMISSIONS) as Permission[];
export const MONDAY = new Date('2026-09-07T08:30:00+01:00');
const ADMIN: Principal = { id: 'person:setup', kind: 'person', name: 'Set-up', roles: ['admin'], permissions: ALL };

type Method = 'get' | 'post' | 'put' | 'delete';
export type Caller = (method: Method, path: string) => request.Test;

export interface ApiSetting {
  /** Default: one of its own, which goes with it. */
  readonly database?: TestDatabase<never>;
  /** Default: that database, without a detour. */
  readonly server?: DatabaseServer;
  readonly roles?: string;
  readonly logger?: LoggerService;
}

/** The whole service behind its web server, on a database of its own with about 300 invented people. */
export class ApiApp implements AsyncDisposable {
  private constructor(
    readonly app: NestExpressApplication,
    readonly clock: FixedClock,
    readonly database: TestDatabase<never>,
    private readonly dataDir: string,
    private readonly ownsDatabase: boolean,
  ) {}

  static async start({ database: given, server, roles = 'web,worker', logger }: ApiSetting = {}): Promise<ApiApp> {
    const database = given ?? (await testDatabase<never>());
    const clock = new FixedClock(MONDAY);
    const dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-api-'));
    const config = {
      ...loadConfig({
        NODE_ENV: 'test',
        SECRET: 'a secret of the tests, forty characters!',
        DATA_DIR: dataDir,
        ROLES: roles,
        RATE_LIMIT_PER_MINUTE: '1000000',
        WEBHOOK_ALLOW_PRIVATE: 'localhost',
      }),
      queuePrefix: `q${randomUUID().replaceAll('-', '').slice(0, 12)}`,
    };
    const app = await NestFactory.create<NestExpressApplication>(
      AppModule.compose({ config, server: server ?? database.server, clock, routes: [WebModule] }),
      { logger: logger ?? ['fatal'], abortOnError: false, bodyParser: false },
    );
    configureHttp(app, config);
    await app.listen(0, '127.0.0.1');
    return new ApiApp(app, clock, database, dataDir, given === undefined);
  }

  async importDirectory(): Promise<void> {
    const by = { actor: 'system:test' };
    const imports = this.app.get(ImportService);
    await imports.importOrganisations([join(FIXTURES, 'ods')], by);
    await imports.importAccounts(join(FIXTURES, 'accounts.csv'), by);
    await imports.importNhsmail(join(FIXTURES, 'nhsmail.csv'), by);
    await this.app.get(DeclarationFeed).importDeclarations(join(FIXTURES, 'declarations-1.csv'), by);
  }

  /** Somebody with a new API key of these permissions. */
  async caller(permissions: readonly Permission[] = ALL, region?: string): Promise<Caller> {
    const { key } = await this.app.get(ApiKeys).create(
      {
        name: 'test',
        permissions: [...permissions],
        expiresInDays: 30,
        ...(region !== undefined && { region: region as OdsCode }),
      },
      // Each key of somebody else: nobody approves by one what they have drafted by another.
      { ...ADMIN, id: `person:${randomUUID()}` },
    );
    return (method, path) =>
      request(this.app.getHttpServer())[method](`/api/v1${path}`).set('Authorization', `Bearer ${key}`);
  }

  /** Lets what is due now happen, to its end. */
  async settle(campaignId: string): Promise<void> {
    await this.app.get(CampaignTicker).run();
    for (let round = 0; round < 600; round += 1) {
      await this.app.get(Reconciler).reconcile();
      const { planned, terminal } = await this.app.get(Ledger).progress({ campaignId });
      if (planned === terminal) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    await this.app.get(CampaignTicker).run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    if (this.ownsDatabase) await this.database[Symbol.asyncDispose]();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
