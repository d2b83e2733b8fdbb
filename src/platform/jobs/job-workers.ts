import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type BeforeApplicationShutdown,
} from '@nestjs/common';
import { DiscoveryService, Reflector } from '@nestjs/core';
import { type Job } from 'bullmq';
import { type Config, InjectConfig } from '../config/index.js';
import { TroubleLog } from '../logging/index.js';
import { QUEUE_CONNECTION, type QueueConnection } from './queue-connection.js';
import { HANDLES_JOB, type JobHandler } from './job-handler.js';
import { type JobName, JOBS, type QueueName } from './job-map.js';
import { QueueWorker } from './queue-worker.js';
import { doneInTime } from './stop-patience.js';

/** How many jobs of a queue one process does at once. Slices hold hundreds of messages: two keep the wire busy. */
const CONCURRENCY: Record<QueueName, number> = { delivery: 2, webhooks: 8 };

/** Runs the queues' workers in processes with the role `worker`, and sends each job to the one handler of its name. */
@Injectable()
export class JobWorkers implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(JobWorkers.name);
  private readonly trouble = new TroubleLog(this.logger, 'warn', 'queue trouble');
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private workers: QueueWorker[] = [];
  private closed: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly reflector: Reflector,
    @InjectConfig() private readonly config: Config,
    @Inject(QUEUE_CONNECTION) private readonly connection: QueueConnection,
  ) {}

  /** @throws what keeps a queue in PostgreSQL from being opened. */
  async onApplicationBootstrap(): Promise<void> {
    const handlers = this.handlers();
    if (!this.config.roles.includes('worker')) return;
    this.workers = this.config.queues.map((queue) => this.start(queue, handlers));
    try {
      await Promise.all(this.workers.map((worker) => this.connection.opened(worker)));
    } catch (error) {
      this.letGo();
      throw error;
    }
  }

  /** Takes no new job, and asks the running ones to finish what is in flight; each handler watches the signal. */
  onModuleDestroy(): void {
    this.stopping.abort();
    this.closed = Promise.allSettled(this.workers.map((worker) => worker.close()));
  }

  /**
   * Once no job runs, the workers let go of the queue, whether it can be reached or not: BullMQ waits for ever for a
   * connection that was about to be made again.
   */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.running);
    if (!(await doneInTime(this.closed))) this.letGo();
  }

  private letGo(): void {
    this.logger.warn({ message: 'the queue could not be reached to say that its workers stop' });
    for (const worker of this.workers) void worker.leave().catch(() => undefined);
  }

  private start(queue: QueueName, handlers: Map<JobName, JobHandler<JobName>>): QueueWorker {
    const run = async (job: Job): Promise<void> => {
      const name = job.name as JobName;
      const handler = handlers.get(name);
      if (!handler) throw new Error(`No handler for the job ${job.name}`);
      await handler.handle(JOBS[name].payload.parse(job.data), { signal: this.stopping.signal });
    };
    const counted = async (job: Job): Promise<void> => {
      const running = run(job);
      this.running.add(running);
      await running.finally(() => this.running.delete(running));
    };
    const worker = new QueueWorker(queue, counted, {
      ...this.connection.options,
      concurrency: CONCURRENCY[queue],
      // Every handler is harmless when doubled, so a stalled job may run again; the database's leases decide. A job
      // whose worker never heard that it got it, as the connection broke just then, waits for no more than half a minute.
      lockDuration: 20_000,
      stalledInterval: 10_000,
      maxStalledCount: 10,
    });
    worker.on('failed', (job, error) => {
      this.logger.error({
        message: 'job failed',
        queue,
        job: job?.id,
        attempt: job?.attemptsMade,
        error: error.message,
      });
    });
    worker.on('error', (error) => {
      this.trouble.note(error, { queue });
    });
    return worker;
  }

  private handlers(): Map<JobName, JobHandler<JobName>> {
    const found = new Map<JobName, JobHandler<JobName>>();
    for (const { instance, metatype } of this.discovery.getProviders()) {
      if (!metatype || !instance) continue;
      const name = this.reflector.get<JobName | undefined>(HANDLES_JOB, metatype);
      if (name === undefined) continue;
      if (found.has(name)) throw new Error(`The job ${name} has two handlers`);
      found.set(name, instance as JobHandler<JobName>);
    }
    // Of the queues that are served here; whoever leaves a queue out need not know its work.
    const served = (Object.keys(JOBS) as JobName[]).filter((name) => this.config.queues.includes(JOBS[name].queue));
    const missing = served.filter((name) => !found.has(name));
    if (missing.length > 0) throw new Error(`No handler for the jobs ${missing.join(', ')}`);
    return found;
  }
}
