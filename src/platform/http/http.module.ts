import { Global, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { CONFIG, type Config } from '../config/index.js';
import { HttpHousekeeping } from './http.housekeeping.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { ProblemPages } from './problem.pages.js';
import { RequestRates } from './rate-limit.js';
import { RequestRateRepository } from './request-rate.repository.js';

@Module({ providers: [RequestRateRepository, RequestRates], exports: [RequestRateRepository, RequestRates] })
class RequestRateModule {}

/** What every controller needs. Global; `configureHttp` does the rest on the application itself. */
@Global()
@Module({
  imports: [
    RequestRateModule,
    ThrottlerModule.forRootAsync({
      imports: [RequestRateModule],
      inject: [CONFIG, RequestRates],
      useFactory: (config: Config, storage: RequestRates) => ({
        throttlers: [{ ttl: 60_000, limit: config.rateLimitPerMinute }],
        storage,
      }),
    }),
  ],
  providers: [IdempotencyRepository, IdempotencyInterceptor, ProblemPages, HttpHousekeeping],
  exports: [IdempotencyRepository, IdempotencyInterceptor, ProblemPages],
})
export class HttpModule {}
