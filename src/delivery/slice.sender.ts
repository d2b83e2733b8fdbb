import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { Tracing } from '../platform/tracing/index.js';
import { ByteWriter } from '../shared/byte-writer.js';
import { Clock } from '../shared/clock.js';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery.options.js';
import { DeliveryMetrics } from './delivery.metrics.js';
import { FlightRecorder } from './flight.recorder.js';
import { MAIL_ROUTES, type MailRoute } from './mail-routes.js';
import { MessagePreparer } from './message.preparer.js';
import { MessageScreening } from './message.screening.js';
import { SliceRepository } from './slice.repository.js';
import { SliceRun } from './slice.run.js';
import { TransportPace } from './transport.pace.js';
import { WireGate } from './wire.gate.js';

/** Drains slices: everything that is queued in one is sent, once. Harmless when asked twice, late, or for nothing. */
@Injectable()
export class SliceSender {
  private readonly worker = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  /** Of the runs that are over. */
  private readonly memory: [ByteWriter, ByteWriter][] = [];
  private readonly gate: WireGate;
  private readonly recorder: FlightRecorder | undefined;

  constructor(
    private readonly slices: SliceRepository,
    private readonly screening: MessageScreening,
    private readonly preparer: MessagePreparer,
    private readonly pace: TransportPace,
    private readonly clock: Clock,
    private readonly metrics: DeliveryMetrics,
    private readonly tracing: Tracing,
    recorder: FlightRecorder,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
    @Inject(MAIL_ROUTES) routes: readonly MailRoute[],
    @InjectConfig() { mailDomainConcurrency }: Config,
  ) {
    const together = routes.reduce((sum, { transport }) => sum + transport.concurrency, 0);
    // What only pretends to send, as a simulation does, has nothing on the wire.
    if (routes.some(({ transport }) => transport.readsContent !== false)) this.recorder = recorder;
    this.gate = new WireGate(together, mailDomainConcurrency);
  }

  /** Returns when the slice is drained, cannot go on now, or `signal` asks to stop; what is on the wire is finished. */
  async drain(sliceId: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted || (await this.pace.state()).closedForMs > 0) return;
    const leasedAt = performance.now();
    const lease = await this.slices.lease(sliceId, this.worker, this.options.leaseSeconds);
    if (!lease) return;
    // Every message of a window naps on it where a rate is kept.
    setMaxListeners(0, signal);
    const { slices, screening, preparer, pace, clock, options, gate, metrics, recorder } = this;
    const memory = this.memory.pop() ?? [new ByteWriter(), new ByteWriter()];
    const parts = { slices, screening, preparer, pace, clock, options, gate, metrics, memory, recorder };
    const facts = { 'dispatch.id': lease.dispatchId, 'slice.id': sliceId };
    try {
      const run = new SliceRun(parts, lease, leasedAt, signal);
      await this.tracing.span('send slice', facts, () => run.drain(), lease.traceParent);
    } finally {
      this.memory.push(memory);
    }
  }
}
