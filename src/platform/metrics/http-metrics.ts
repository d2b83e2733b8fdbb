import { Inject, Injectable } from '@nestjs/common';
import { type RequestHandler } from 'express';
import { Histogram, Registry } from 'prom-client';
import { METRICS } from './tokens.js';

/** How long each route takes to answer. Labelled by route pattern: a raw address would hold ids and never end. */
@Injectable()
export class HttpMetrics {
  private readonly durations: Histogram<'method' | 'route' | 'status'>;

  constructor(@Inject(METRICS) registry: Registry) {
    this.durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last byte of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    });
  }

  middleware(): RequestHandler {
    return (request, response, next) => {
      const stop = this.durations.startTimer();
      response.once('close', () => {
        const route = (request.route as { path?: string } | undefined)?.path ?? 'unmatched';
        stop({ method: request.method, route, status: String(response.statusCode) });
      });
      next();
    };
  }
}
