import { once } from 'node:events';
import { Injectable } from '@nestjs/common';
import { type RequestHandler } from 'express';
import { Tracing } from './tracing.js';

/** Asked every few seconds by machines: no trace of theirs is worth keeping. */
const UNTRACED = /^\/(?:health|metrics|assets)(?:\/|$)/;

/** A span for each request, by its route's pattern; goes on with the caller's trace. */
@Injectable()
export class HttpTraces {
  constructor(private readonly tracing: Tracing) {}

  /** None while nothing is traced. */
  middleware(): RequestHandler[] {
    if (!this.tracing.isOn) return [];
    return [
      (request, response, next) => {
        if (UNTRACED.test(request.path)) {
          next();
          return;
        }
        const { method } = request;
        const work: Parameters<Tracing['span']>[2] = async (tell) => {
          const closed = once(response, 'close');
          next();
          await closed;
          const route = (request.route as { path?: string } | undefined)?.path ?? 'unmatched';
          tell({ 'http.route': route, 'http.response.status_code': response.statusCode });
        };
        void this.tracing.span(`HTTP ${method}`, { 'http.request.method': method }, work, request.get('traceparent'));
      },
    ];
  }
}
