import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { JobQueue } from '../platform/jobs/index.js';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery.options.js';
import { ReconcilerRepository } from './reconciler.repository.js';
import { TransportPace } from './transport.pace.js';

const TICK_MS = 500;

/** What one pass changed. */
export interface Reconciled {
  readonly started: number;
  readonly unknown: number;
  readonly expired: number;
  readonly finished: number;
  /** Slices that were put into the queue, or were there already; none while it is half full. */
  readonly queued: number;
}

/**
 * Puts into the queue whatever the ledger says is due, again and again: so an emptied queue, a lost job and a dead
 * worker cost some seconds and no message. Deadlines live in PostgreSQL; nothing waits as a delayed job.
 */
@Injectable()
export class Reconciler implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Reconciler.name);
  private readonly round = new Tick(() => this.reconcile(), this.logger);

  constructor(
    private readonly repository: ReconcilerRepository,
    private readonly jobs: JobQueue,
    private readonly pace: TransportPace,
    private readonly clock: Clock,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
  ) {}

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    await this.round.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.round.stop();
  }

  /** One pass. Any number of processes may run passes at once. */
  async reconcile(): Promise<Reconciled> {
    const now = this.clock.now();
    const started = await this.repository.startDue(now);
    const unknown = await this.repository.breakLeases(now);
    await this.repository.reopen(now);
    const expired = await this.repository.expire(now);
    await this.repository.stopCancelled(now);
    const finished = await this.repository.finish(now);
    const queued = await this.queueDue(now);
    if (unknown > 0) this.logger.warn({ message: 'messages became unknown', unknown });
    return { started, unknown, expired, finished, queued };
  }

  /**
   * The same id as long as a slice was not leased again: what is queued already is not queued twice. A queue that is half
   * full keeps the workers busy until long after the next tick, and needs no look through all of its slices.
   */
  private async queueDue(now: Date): Promise<number> {
    if ((await this.pace.state()).closedForMs > 0) return 0;
    const { queuedSlices } = this.options;
    if ((await this.jobs.depthOf('delivery')) > queuedSlices / 2) return 0;
    const due = await this.repository.queueDue(now, queuedSlices);
    await this.jobs.add(
      'send-slice',
      due.map(({ id, epoch }) => ({ id: `slice-${id}-${epoch}`, payload: { sliceId: id } })),
    );
    return due.length;
  }
}
