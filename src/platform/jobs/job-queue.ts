import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { getQueueToken } from '@nestjs/bullmq';
import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type Queue } from 'bullmq';
import { UnavailableError } from '../../shared/errors.js';
import { TroubleLog } from '../logging/index.js';
import { type JobName, type JobPayload, JOBS, QUEUES, type QueueName } from './job-map.js';
import { QUEUE_CONNECTION, type QueueConnection } from './queue-connection.js';
import { STOP_PATIENCE } from './stop-patience.js';

/** How long anybody waits for the queue's answer, in milliseconds: a busy one may take seconds. */
const PATIENCE = 10_000;
/** Whoever only looks on goes without it sooner. */
const GLANCE = 2_000;
/** How long after a silence it is asked again although nothing was heard, in milliseconds. */
const ASKED_AGAIN = 30_000;

export interface NewJob<N extends JobName> {
  readonly payload: JobPayload<N>;
  /** While a job with this id waits or runs, another is not added. Letters, digits, `-` and `_`. */
  readonly id: string;
}

/** Puts jobs into the queues. What is queued may be lost at any time: reconcilers put it back from PostgreSQL. */
@Injectable()
export class JobQueue implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(JobQueue.name);
  private readonly trouble = new TroubleLog(this.logger, 'warn', 'queue trouble');
  private readonly givenUp = new AbortController();
  /** Queues that owe an answer for longer than `PATIENCE`, and since when, in milliseconds of the monotonic clock. */
  private readonly silentSince = new Map<QueueName, number>();

  constructor(
    private readonly modules: ModuleRef,
    @Inject(QUEUE_CONNECTION) private readonly connection: QueueConnection,
  ) {}

  /** @throws what keeps a queue in PostgreSQL from being opened. */
  async onModuleInit(): Promise<void> {
    for (const name of QUEUES) {
      this.queue(name).on('error', (error) => {
        this.trouble.note(error, { queue: name });
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

  /**
   * Adds jobs of one name in one round trip; those whose id is queued already are left alone.
   * @throws UnavailableError `queue-unreachable` when nothing answers for ten seconds; they may come into the queue later.
   */
  async add<N extends JobName>(name: N, jobs: readonly NewJob<N>[]): Promise<void> {
    if (jobs.length === 0) return;
    const { queue, payload } = JOBS[name];
    const bulk = jobs.map((job) => ({ name, data: payload.parse(job.payload), opts: { jobId: job.id } }));
    await this.answerOf(queue, () => this.queue(queue).addBulk(bulk));
  }

  /** How many jobs of each queue wait or run. @throws as `add`, but after two seconds. */
  async depth(): Promise<Record<QueueName, number>> {
    const counts = QUEUES.map(async (name) => [name, await this.depthOf(name, GLANCE)] as const);
    return Object.fromEntries(await Promise.all(counts)) as Record<QueueName, number>;
  }

  /** How many jobs of this queue wait or run. @throws as `add`. */
  async depthOf(name: QueueName, patience = PATIENCE): Promise<number> {
    const states = ['waiting', 'active', 'delayed', 'prioritized'] as const;
    return this.answerOf(name, () => this.queue(name).getJobCountByTypes(...states), patience);
  }

  /** The BullMQ queue itself, for the board. */
  queue(name: QueueName): Queue {
    return this.modules.get<Queue>(getQueueToken(name), { strict: false });
  }

  /**
   * A Redis that is away never answers, and what is asked meanwhile piles up in its client: so that nobody is asked again
   * while it is silent, but now and then, lest an answer that got lost keep the queue from being used for good.
   */
  private async answerOf<T>(name: QueueName, call: () => Promise<T>, patience = PATIENCE): Promise<T> {
    const silentFor = performance.now() - (this.silentSince.get(name) ?? -Infinity);
    if (silentFor < ASKED_AGAIN) throw unreachable();
    return this.unlessGivenUp(async () => {
      const answer = call();
      const silence = setTimeout(() => this.silentSince.set(name, performance.now()), PATIENCE).unref();
      const heard = (): void => {
        clearTimeout(silence);
        this.silentSince.delete(name);
      };
      answer.then(heard, heard);
      const over = new AbortController();
      const late = delay(patience, undefined, { signal: over.signal, ref: false }).then(() => {
        throw unreachable();
      });
      return Promise.race([answer, late]).finally(() => {
        over.abort();
      });
    });
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

const unreachable = (): UnavailableError => new UnavailableError('queue-unreachable', 'The queue does not answer');
