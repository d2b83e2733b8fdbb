export { HttpTraces } from './http-traces.js';
export { NoTracing, type SpanFacts, type Tell, Tracing } from './tracing.js';
export { TracingModule } from './tracing.module.js';
