import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type AccessRole, permissionsOf, type Principal } from '../../src/access/index.js';
import { AppModule } from '../../src/app.module.js';
import { CampaignTicker } from '../../src/campaigns/index.js';
import { DeclarationFeed } from '../../src/deadlines/index.js';
import { Ledger, Reconciler, type WrapTransport } from '../../src/delivery/index.js';
import { ImportService } from '../../src/directory/index.js';
import { type Config, loadConfig } from '../../src/platform/config/index.js';
import { type DatabaseServer } from '../../src/platform/database/index.js';
import { type FixedClock } from '../../src/shared/clock.js';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'demo-small');
const SYSTEM = { actor: 'system:test' };

export interface TestAppSetting {
  readonly server: DatabaseServer;
  readonly clock: FixedClock;
  readonly config?: Partial<Config>;
  readonly wrapTransport?: WrapTransport;
}

/** The whole service without its web server: real database, real queue, mail to the capture inbox, ticks by hand. */
export class TestApp implements AsyncDisposable {
  private constructor(
    readonly app: INestApplicationContext,
    private readonly dataDir: string,
  ) {}

  static async start({ server, clock, config = {}, wrapTransport }: TestAppSetting): Promise<TestApp> {
    const dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-app-'));
    const base = loadConfig({
      NODE_ENV: 'test',
      SECRET: 'a secret of the tests, forty characters!',
      DATA_DIR: dataDir,
    });
    const queuePrefix = `q${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    const app = await NestFactory.createApplicationContext(
      AppModule.compose({
        config: { ...base, roles: ['worker'], queuePrefix, ...config },
        server,
        clock,
        ...(wrapTransport && { wrapTransport }),
      }),
      { logger: ['fatal'], abortOnError: false },
    );
    return new TestApp(app, dataDir);
  }

  /** About 300 invented people in 80 real practices, and their commissioners and regions. */
  async importSmallDirectory(): Promise<void> {
    const imports = this.app.get(ImportService);
    await imports.importOrganisations([join(FIXTURES, 'ods')], SYSTEM);
    await imports.importAccounts(join(FIXTURES, 'accounts.csv'), SYSTEM);
    await imports.importNhsmail(join(FIXTURES, 'nhsmail.csv'), SYSTEM);
    await imports.importNoNhsmail(join(FIXTURES, 'no-nhsmail.csv'), SYSTEM);
  }

  /** Stage 1 is how declarations stood before the first reminder, stage 2 before the second. */
  async importDeclarations(stage: 1 | 2): Promise<void> {
    await this.app.get(DeclarationFeed).importDeclarations(join(FIXTURES, `declarations-${stage}.csv`), SYSTEM);
  }

  /** Lets everything that is due now happen, to its end. */
  async settle(campaignId: string): Promise<void> {
    await this.app.get(CampaignTicker).run();
    await this.deliver(campaignId);
    await this.app.get(CampaignTicker).run();
  }

  /** As `settle`, but without the scheduler: the campaign stays where it is when all its messages are through. */
  async deliver(campaignId: string): Promise<void> {
    for (let round = 0; round < 600; round += 1) {
      await this.app.get(Reconciler).reconcile();
      const { planned, terminal } = await this.app.get(Ledger).progress({ campaignId });
      if (planned === terminal) break;
      await delay(25);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** An invented colleague with one role. */
export function colleague(role: AccessRole, name: string = role): Principal {
  return { id: `person:${name}`, kind: 'person', name, roles: [role], permissions: permissionsOf([role]) };
}
