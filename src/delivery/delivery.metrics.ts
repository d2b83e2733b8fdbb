import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { InjectMetrics } from '../platform/metrics/index.js';
import { JobQueue } from '../platform/jobs/index.js';
import { MetricsRepository } from './metrics.repository.js';
import { MESSAGE_STATES, type MessageState } from './message.states.js';
import { TransportPace } from './transport.pace.js';

/** What Prometheus can ask about delivery. Counters are this process's own; gauges are read from the ledger when asked. */
@Injectable()
export class DeliveryMetrics {
  private readonly outcomes: Counter<'transport' | 'state'>;
  private readonly latency: Histogram<'transport'>;

  constructor(@InjectMetrics() metrics: Registry, pace: TransportPace, jobs: JobQueue, repository: MetricsRepository) {
    const registers = [metrics];
    this.outcomes = new Counter({
      name: 'delivery_outcomes_total',
      help: 'Attempts to send a message, by the state that the message got',
      labelNames: ['transport', 'state'],
      registers,
    });
    this.latency = new Histogram({
      name: 'delivery_due_to_accepted_seconds',
      help: 'From the time a message was due to its acceptance by the server',
      labelNames: ['transport'],
      buckets: [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200],
      registers,
    });
    new Gauge({
      name: 'delivery_messages',
      help: 'Messages of unfinished dispatches, by state',
      labelNames: ['state'],
      registers,
      async collect() {
        const counts = new Map((await repository.liveMessages()).map((row) => [row.state, row.messages]));
        for (const state of MESSAGE_STATES) this.set({ state }, counts.get(state) ?? 0);
      },
    });
    new Gauge({
      name: 'delivery_lease_overdue_seconds',
      help: 'How long ago the most overdue lease of a slice ran out; 0 when none has',
      registers,
      async collect() {
        this.set(await repository.leaseOverdueSeconds());
      },
    });
    new Gauge({
      name: 'delivery_queue_jobs',
      help: 'Jobs that wait or run, by queue',
      labelNames: ['queue'],
      registers,
      async collect() {
        // A queue that does not answer must not keep everything else from being watched.
        const depths = await jobs.depth().catch(() => ({}));
        this.reset();
        for (const [queue, depth] of Object.entries(depths)) this.set({ queue }, depth);
      },
    });
    new Gauge({
      name: 'delivery_transport_closed',
      help: '1 while the circuit breaker keeps the transport closed, or its budget of the day is spent',
      labelNames: ['transport'],
      registers,
      async collect() {
        for (const [transport, { closedForMs }] of await pace.states())
          this.set({ transport }, closedForMs > 0 ? 1 : 0);
      },
    });
    new Gauge({
      name: 'delivery_stopped',
      help: '1 while somebody has stopped all mail',
      registers,
      async collect() {
        this.set((await pace.isStopped()) ? 1 : 0);
      },
    });
    new Gauge({
      name: 'delivery_day_budget_used',
      help: 'Messages of the last 24 hours that count against the budget',
      labelNames: ['transport'],
      registers,
      async collect() {
        for (const [transport, { dayUsed }] of await pace.states()) this.set({ transport }, dayUsed);
      },
    });
  }

  /** An attempt ended: `state` is what the message got. */
  count(transport: string, state: MessageState, dueAt: Date, now: Date): void {
    this.outcomes.inc({ transport, state });
    if (state === 'accepted') this.latency.observe({ transport }, Math.max(0, now.getTime() - dueAt.getTime()) / 1_000);
  }
}
