import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { JobQueue } from '../platform/jobs/index.js';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { WebhookRepository } from './webhook.repository.js';

const EVERY = 2_000;
const MOST_AT_ONCE = 1_000;

/** Queues the deliveries that PostgreSQL says are due. Several schedulers may: a job is claimed before it acts. */
@Injectable()
export class WebhookTicker implements BeforeApplicationShutdown {
  private readonly ticking = new Tick(() => this.run(), new Logger(WebhookTicker.name));

  constructor(
    private readonly webhooks: WebhookRepository,
    private readonly jobs: JobQueue,
    private readonly clock: Clock,
  ) {}

  @Interval(EVERY)
  async tick(): Promise<void> {
    await this.ticking.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ticking.stop();
  }

  async run(): Promise<void> {
    const due = await this.webhooks.due(this.clock.now(), MOST_AT_ONCE);
    await this.jobs.add(
      'deliver-webhook',
      due.map(({ id, attempts }) => ({ id: `webhook-${id}-${attempts}`, payload: { deliveryId: id } })),
    );
  }
}
