import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { ROOT_CONTEXT, type Span, type SpanContext, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { type SpanFacts, type Tell, Tracing } from './tracing.js';

/** A worker makes some thousands of spans a second; what does not fit is dropped, never waited for. */
const WAITING_SPANS = 20_000;
const BATCH = { maxQueueSize: WAITING_SPANS, maxExportBatchSize: 2_000, scheduledDelayMillis: 1_000 };
const PATIENCE_MS = 5_000;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** By OpenTelemetry, without its globals: each application of a process has traces of its own. */
export class OtelTracing extends Tracing {
  readonly isOn = true;
  private readonly running = new AsyncLocalStorage<Span>();
  private readonly provider: BasicTracerProvider;
  private readonly tracer: Tracer;

  /** `share` of the traces that begin here are kept, whole. */
  constructor(exporter: SpanExporter, share = 1) {
    super();
    this.provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'cqrs-comms' }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
      spanProcessors: [new BatchSpanProcessor(exporter, { ...BATCH, exportTimeoutMillis: PATIENCE_MS })],
    });
    this.tracer = this.provider.getTracer('cqrs-comms');
  }

  /** To a collector's address, as http://collector:4318. */
  static to(endpoint: string, share: number): OtelTracing {
    const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
    return new OtelTracing(announced(new OTLPTraceExporter({ url, timeoutMillis: PATIENCE_MS })), share);
  }

  async span<T>(name: string, facts: SpanFacts, work: (tell: Tell) => Promise<T>, from?: string | null): Promise<T> {
    const parent = contextOf(from) ?? this.running.getStore()?.spanContext();
    const above = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const span = this.tracer.startSpan(name, { attributes: { ...facts } }, above);
    try {
      return await this.running.run(span, work, (more) => span.setAttributes({ ...more }));
    } catch (error) {
      // Its kind only: a message may quote a row, and a row is a person.
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).name });
      throw error;
    } finally {
      span.end();
    }
  }

  here(): string | null {
    const context = this.running.getStore()?.spanContext();
    if (!context) return null;
    return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
  }

  async close(): Promise<void> {
    await this.provider.shutdown();
  }
}

/**
 * OpenTelemetry drops what it cannot export without a word to an operator: here it is said once when the collector
 * cannot be reached, however long that lasts, and once when it can be again.
 */
function announced(exporter: SpanExporter): SpanExporter {
  const logger = new Logger(OtelTracing.name);
  let works = true;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const worked = result.error === undefined;
        if (works && !worked) logger.warn({ message: 'traces not exported', error: result.error?.name });
        if (!works && worked) logger.log({ message: 'traces are exported again' });
        works = worked;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

/** Undefined for what is no `traceparent`: a trace that cannot be gone on with begins anew. */
function contextOf(traceparent: string | null | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
}
