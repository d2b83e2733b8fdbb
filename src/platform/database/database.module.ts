import { type DynamicModule, Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { type Kysely } from 'kysely';
import { DATABASE, DATABASE_SERVER, InjectDatabase } from './tokens.js';
import { connect } from './database.js';
import { type DatabaseServer } from './embedded-postgres.js';

@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@InjectDatabase() private readonly db: Kysely<unknown>) {}

  static on(server: DatabaseServer): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: DATABASE_SERVER, useValue: server },
        { provide: DATABASE, useFactory: () => connect(server.connectionString) },
      ],
      exports: [DATABASE, DATABASE_SERVER],
    };
  }

  /** After every module has stopped its work (those use onModuleDestroy and beforeApplicationShutdown). */
  async onApplicationShutdown(): Promise<void> {
    await this.db.destroy();
  }
}
