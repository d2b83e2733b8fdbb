import { once } from 'node:events';
import { getQueueToken } from '@nestjs/bullmq';
import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type Queue } from 'bullmq';
import { UnavailableError } from '../../shared/errors.js';
import { type JobName, type JobPayload, JOBS, QUEUES, type QueueName } from './job-map.js';
import { QUEUE_CONNECTION, type QueueConnection } from './queue-connection.js';
import { STOP_PATIENCE } from './stop-patience.js';

export interface NewJob<N extends JobName> {
  readonly payload: JobPayload<N>;
  /** While a job with this id waits or runs, another is not added. Letters, digits, `-` and `_`. */
  readonly id: string;
}

/** Puts jobs into the queues. What is queued may be lost at any time: reconcilers put it back from PostgreSQL. */
@Injectable()
export class JobQueue implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(JobQueue.name);
  private readonly givenUp = new AbortController();

  constructor(
    private readonly modules: ModuleRef,
    @Inject(QUEUE_CONNECTION) private readonly connection: QueueConnection,
  ) {}

  /** @throws what keeps a queue in PostgreSQL from being opened. */
  async onModuleInit(): Promise<void> {
    for (const name of QUEUES) {
      this.queue(name).on('error', (error) => {
        this.logger.warn({ message: 'queue trouble', queue: name, error: error.message });
      });
    }
    await Promise.all(QUEUES.map((name) => this.connection.opened(this.queue(name))));
  }

  /**
   * Nest calls this in every module before it waits for the rounds that run (`beforeApplicationShutdown`): one of them
   * may be waiting for a queue that is away.
   */
  onModuleDestroy(): void {
    this.connection.stopReconnecting();
    const giveUp = (): void => {
      this.givenUp.abort(
        new UnavailableError('queue-unreachable', 'The queue did not answer while the service stopped'),
      );
    };
    setTimeout(giveUp, STOP_PATIENCE).unref();
  }

  /** Adds jobs of one name in one round trip; those whose id is queued already are left alone. */
  async add<N extends JobName>(name: N, jobs: readonly NewJob<N>[]): Promise<void> {
    if (jobs.length === 0) return;
    const { queue, payload } = JOBS[name];
    const bulk = jobs.map((job) => ({ name, data: payload.parse(job.payload), opts: { jobId: job.id } }));
    await this.unlessGivenUp(() => this.queue(queue).addBulk(bulk));
  }

  /** How many jobs of each queue wait or run. */
  async depth(): Promise<Record<QueueName, number>> {
    const counts = QUEUES.map(async (name) => [name, await this.depthOf(name)] as const);
    return Object.fromEntries(await Promise.all(counts)) as Record<QueueName, number>;
  }

  /** How many jobs of this queue wait or run. */
  async depthOf(name: QueueName): Promise<number> {
    return this.unlessGivenUp(() => this.queue(name).getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized'));
  }

  /** The BullMQ queue itself, for the board. */
  queue(name: QueueName): Queue {
    return this.modules.get<Queue>(getQueueToken(name), { strict: false });
  }

  private async unlessGivenUp<T>(call: () => Promise<T>): Promise<T> {
    const { signal } = this.givenUp;
    signal.throwIfAborted();
    const answered = new AbortController();
    const gaveUp = once(signal, 'abort', { signal: answered.signal }).then(() => {
      throw signal.reason as Error;
    });
    return Promise.race([call(), gaveUp]).finally(() => {
      answered.abort();
    });
  }
}
