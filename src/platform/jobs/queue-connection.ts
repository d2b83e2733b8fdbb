import {
  createPostgresBackend,
  createRedisBackend,
  type QueueBase,
  type QueueOptions,
  type PostgresQueueBackend,
  setDefaultBackendFactory,
} from 'bullmq';
import { type ClientBase } from 'pg';
import { type Config } from '../config/index.js';
import { type DatabaseServer, KEPT_ALIVE } from '../database/index.js';

export const QUEUE_CONNECTION = Symbol('QueueConnection');

export interface QueueConnection {
  readonly backend: 'postgres' | 'redis';
  readonly options: Pick<QueueOptions, 'connection' | 'prefix'>;
  /**
   * Resolves when a queue, or a worker, can be used. BullMQ tries to open one in PostgreSQL once and remembers a failure
   * for good, so that a start must not go on without; a Redis that is away is tried until it is there.
   */
  opened(queue: Pick<QueueBase, 'waitUntilReady'>): Promise<void>;
  /** From now on a connection that is lost stays lost, and what waits for it fails. */
  stopReconnecting(): void;
}

/** Of attempts to reach a Redis that is away, in milliseconds. */
const RETRY_STEP = 100;
const LONGEST_RETRY = 2_000;

/**
 * REDIS_URL picks Redis; otherwise the queue lives in the database. The choice is BullMQ's process-wide default,
 * because @nestjs/bullmq hands no backend factory to its queues: it must be made before any queue exists.
 */
export function queueConnection(config: Config, server: DatabaseServer): QueueConnection {
  if (config.redisUrl !== undefined) {
    setDefaultBackendFactory(createRedisBackend);
    let stopping = false;
    const retryStrategy = (times: number): number | null =>
      stopping ? null : Math.min(times * RETRY_STEP, LONGEST_RETRY);
    return {
      backend: 'redis',
      options: {
        connection: {
          url: config.redisUrl,
          maxRetriesPerRequest: null,
          retryStrategy,
          keepAlive: KEPT_ALIVE.keepAliveInitialDelayMillis,
        },
        prefix: config.queuePrefix,
      },
      opened: () => Promise.resolve(),
      stopReconnecting: () => (stopping = true),
    };
  }
  setDefaultBackendFactory(backendsOf(server));
  const connection = {
    ...withOption(server.connectionString, '-c synchronous_commit=off'),
    schema: config.queuePrefix,
    migrate: true,
    // Every queue and every worker opens a pool of its own.
    max: 3,
    ...KEPT_ALIVE,
    onConnect: outliveBreaks,
  };
  return {
    backend: 'postgres',
    options: { connection },
    opened: (queue) => queue.waitUntilReady(),
    stopReconnecting: () => undefined,
  };
}

/**
 * BullMQ opens a queue on a connection of its pool at whose faults nobody listens, and one that broke there ended the
 * process with a trace; the statement that was under way reports it too.
 */
function outliveBreaks(client: ClientBase): void {
  client.on('error', () => undefined);
}

const openBackends = new Set<PostgresQueueBackend>();
/** Those whose application failed to start. */
const givenUp = new WeakSet<DatabaseServer>();

function backendsOf(server: DatabaseServer): typeof createPostgresBackend {
  return (...options) => {
    if (givenUp.has(server)) throw new Error('The start has failed');
    const backend = createPostgresBackend(...options);
    openBackends.add(backend);
    backend.on('close', () => openBackends.delete(backend));
    return backend;
  };
}

/**
 * Closes the queues in PostgreSQL that a start left open when it failed half-way: it hands out no application that
 * could be closed, and their connections would take the end of an embedded server for a fault. Nest goes on making
 * what was waiting when something failed beside it: no queue on this server is opened from now on.
 */
export async function closeLeftOverQueues(server: DatabaseServer): Promise<void> {
  givenUp.add(server);
  await Promise.allSettled(
    [...openBackends].map(async (backend) => {
      await backend.waitUntilReady();
      await backend.close();
    }),
  );
}

/**
 * The queue is disposable, so its commits need not wait for the disk (0.25 ms against 1.1 ms an update). Options in the
 * connection string would win over the search path that BullMQ sets through `options`: they are moved there too.
 */
function withOption(connectionString: string, option: string): { connectionString: string; options: string } {
  const url = new URL(connectionString);
  const options = [url.searchParams.get('options') ?? '', option].join(' ').trim();
  url.searchParams.delete('options');
  return { connectionString: url.toString(), options };
}
