import { Global, Module } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { TracingModule } from '../tracing/index.js';
import { HttpMetrics } from './http-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { METRICS } from './tokens.js';

function registry(): Registry {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  return metrics;
}

/** Metrics and traces. `GET /metrics` in Prometheus' format, for callers with the permission `metrics:read`. */
@Global()
@Module({
  imports: [TracingModule],
  controllers: [MetricsController],
  providers: [{ provide: METRICS, useFactory: registry }, HttpMetrics],
  exports: [METRICS, HttpMetrics],
})
export class MetricsModule {}
