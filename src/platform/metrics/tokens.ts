import { Inject } from '@nestjs/common';

export const METRICS = Symbol('Metrics');

/** Injects the process's one prom-client `Registry`; each module registers its own metrics on it. */
export const InjectMetrics = (): ParameterDecorator => Inject(METRICS);
