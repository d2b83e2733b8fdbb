import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { type Composition } from '../app.module.js';
import { ConfigModule } from '../platform/config/index.js';
import { DatabaseModule } from '../platform/database/index.js';

/** The root of a command that needs a few modules only: templates, queues and pages take seconds to load. */
@Module({})
export class TerminalModule {
  static compose({ config, server, clock }: Composition, modules: readonly Type[]): DynamicModule {
    return {
      module: TerminalModule,
      imports: [ConfigModule.with(config, clock), DatabaseModule.on(server), ...modules],
    };
  }
}
