import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Clock, FixedClock, SystemClock } from '../../shared/clock.js';
import { type Config } from './config.js';
import { CONFIG } from './tokens.js';

/** Hands the configuration and the clock to every module. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: Config, clock: Clock = clockOf(config)): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Clock, useValue: clock },
      ],
      exports: [CONFIG, Clock],
    };
  }
}

function clockOf(config: Config): Clock {
  return config.clock === undefined ? new SystemClock() : new FixedClock(config.clock);
}
