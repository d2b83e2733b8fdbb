import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Gauge, type Registry } from 'prom-client';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { InjectMetrics } from '../platform/metrics/index.js';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery.options.js';
import { MetricsRepository } from './metrics.repository.js';
import { TransportPace } from './transport.pace.js';

const TICK_MS = 15_000;

/**
 * Notices that messages are due, that they may leave, and that nothing moves: no worker lives, or all of them hang.
 * It goes by progress and not by age, so a long campaign at a slow rate is no alarm, and by what the ledger says, so
 * that no part which hangs has to report it. What waits for a reason (paused, a closed transport, a spent budget) is
 * no standstill. Shown in schedulers as a metric, in `/health/ready`, and as one line in the log when it begins and ends.
 */
@Injectable()
export class DeliveryWatchdog implements BeforeApplicationShutdown {
  private readonly logger = new Logger(DeliveryWatchdog.name);
  private readonly round = new Tick(() => this.look(), this.logger);
  private seen: { readonly movement: string; readonly since: number } | undefined;
  private alarmed = false;

  constructor(
    private readonly repository: MetricsRepository,
    private readonly pace: TransportPace,
    private readonly clock: Clock,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
    @InjectConfig() private readonly config: Config,
    @InjectMetrics() metrics: Registry,
  ) {
    const seconds = () => this.standstillSeconds();
    new Gauge({
      name: 'delivery_standstill_seconds',
      help: 'How long messages have been due without any of them moving; 0 while they move or wait for a reason',
      registers: [metrics],
      collect() {
        this.set(seconds());
      },
    });
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.config.roles.includes('scheduler')) await this.round.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.round.stop();
  }

  /** One look at the ledger; the time between two that find the same counts. */
  async look(): Promise<void> {
    const isClosed = (await this.pace.state()).closedForMs > 0;
    const { dueSlices, movement } = await this.repository.movement(this.clock.now());
    if (isClosed || dueSlices === 0) this.seen = undefined;
    else if (this.seen?.movement !== movement) this.seen = { movement, since: performance.now() };
    this.report(dueSlices);
  }

  /** How long messages have been due without any of them moving; 0 while they move or wait for a reason. */
  standstillSeconds(): number {
    return Math.floor(this.standstillMs() / 1_000);
  }

  private standstillMs(): number {
    return this.seen ? performance.now() - this.seen.since : 0;
  }

  private report(dueSlices: number): void {
    const alarmed = this.standstillMs() >= this.options.standstillSeconds * 1_000;
    if (alarmed === this.alarmed) return;
    this.alarmed = alarmed;
    if (alarmed) {
      this.logger.error({ message: 'messages are due and none moves', seconds: this.standstillSeconds(), dueSlices });
    } else this.logger.log({ message: 'messages move again, or none is due' });
  }
}
