import { Test, type TestingModule } from '@nestjs/testing';
import { AuditModule, AuditTrail } from '../../src/access/index.js';
import { DirectoryModule, DirectoryService, ImportService, ImportUndo } from '../../src/directory/index.js';
import { ConfigModule, loadConfig } from '../../src/platform/config/index.js';
import { DatabaseModule, type DatabaseServer } from '../../src/platform/database/index.js';
import { FixedClock } from '../../src/shared/clock.js';

/** The directory as the application wires it, on the morning of 1 September 2026. */
export class DirectoryApp implements AsyncDisposable {
  private constructor(private readonly app: TestingModule) {}

  static async start(server: DatabaseServer): Promise<DirectoryApp> {
    const config = loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!' });
    const clock = new FixedClock(new Date('2026-09-01T08:00:00Z'));
    const app = await Test.createTestingModule({
      imports: [ConfigModule.with(config, clock), DatabaseModule.on(server), AuditModule, DirectoryModule],
    }).compile();
    return new DirectoryApp(app);
  }

  get imports(): ImportService {
    return this.app.get(ImportService);
  }

  get undo(): ImportUndo {
    return this.app.get(ImportUndo);
  }

  get directory(): DirectoryService {
    return this.app.get(DirectoryService);
  }

  get audit(): AuditTrail {
    return this.app.get(AuditTrail);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
  }
}
