import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge, type Registry } from 'prom-client';
import { InjectMetrics } from '../platform/metrics/index.js';
import { Clock } from '../shared/clock.js';
import { FeedbackRepository, type RecipientRow, type ReportRow } from './feedback.repository.js';
import { FEEDBACK_SOURCES, type FeedbackSource } from './feedback.source.js';

/** What Prometheus can ask about feedback. Counters are this process's own; gauges are read when asked. */
@Injectable()
export class FeedbackMetrics {
  private readonly reports: Counter<'source' | 'kind' | 'state'>;
  private readonly recipients: Counter<'kind' | 'reason'>;

  constructor(
    @InjectMetrics() metrics: Registry,
    @Inject(FEEDBACK_SOURCES) sources: readonly FeedbackSource[],
    repository: FeedbackRepository,
    clock: Clock,
  ) {
    const registers = [metrics];
    this.reports = new Counter({
      name: 'feedback_reports_total',
      help: 'New reports, by how they arrived, what they are and what was done with them at once',
      labelNames: ['source', 'kind', 'state'],
      registers,
    });
    this.recipients = new Counter({
      name: 'feedback_recipients_total',
      help: 'What new reports say about a recipient',
      labelNames: ['kind', 'reason'],
      registers,
    });
    new Gauge({
      name: 'feedback_open_reports',
      help: 'Reports that wait for their message, or for a person to decide',
      labelNames: ['state'],
      registers,
      async collect() {
        for (const { state, reports } of await repository.open()) this.set({ state }, reports);
      },
    });
    new Gauge({
      name: 'feedback_open_oldest_seconds',
      help: 'How long ago the oldest of them came in; 0 when there is none',
      labelNames: ['state'],
      registers,
      async collect() {
        for (const { state, oldest } of await repository.open()) {
          this.set({ state }, oldest === null ? 0 : Math.max(0, clock.now().getTime() - oldest.getTime()) / 1_000);
        }
      },
    });
    new Gauge({
      name: 'feedback_source_up',
      help: '1 while reports can come in by this source; a source that is not configured is absent',
      labelNames: ['source'],
      registers,
      collect() {
        for (const { name, isUp } of sources) this.set({ source: name }, isUp ? 1 : 0);
      },
    });
  }

  /** A report was stored that was not known before. */
  count({ source, kind, state }: ReportRow, recipients: readonly RecipientRow[]): void {
    this.reports.inc({ source, kind, state });
    for (const { kind: about, reason } of recipients) this.recipients.inc({ kind: about, reason });
  }
}
