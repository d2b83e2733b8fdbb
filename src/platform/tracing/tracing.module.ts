import { Global, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config/index.js';
import { HttpTraces } from './http-traces.js';
import { NoTracing, Tracing } from './tracing.js';

/** OpenTelemetry is loaded only where traces go somewhere. */
async function tracingOf({ traces }: Config): Promise<Tracing> {
  if (!traces) return new NoTracing();
  const { OtelTracing } = await import('./otel.tracing.js');
  return OtelTracing.to(traces.endpoint, traces.share);
}

@Global()
@Module({
  providers: [{ provide: Tracing, inject: [CONFIG], useFactory: tracingOf }, HttpTraces],
  exports: [Tracing, HttpTraces],
})
export class TracingModule implements OnApplicationShutdown {
  private readonly logger = new Logger(TracingModule.name);

  constructor(private readonly tracing: Tracing) {}

  async onApplicationShutdown(): Promise<void> {
    try {
      await this.tracing.close();
    } catch (error) {
      this.logger.warn({ message: 'traces not exported', error: (error as Error).name });
    }
  }
}
