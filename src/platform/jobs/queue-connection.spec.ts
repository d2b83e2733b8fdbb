import { Queue } from 'bullmq';
import { loadConfig } from '../config/index.js';
import { closeLeftOverQueues, queueConnection } from './queue-connection.js';

it('opens no queue once the start has failed: Nest still makes what waits, and its server goes away under it', async () => {
  const server = {
    connectionString: 'postgres://nobody@127.0.0.1:1/none',
    embedded: true,
    release: () => Promise.resolve(),
  };
  const { options } = queueConnection(loadConfig({ NODE_ENV: 'test', SECRET: 's'.repeat(32) }), server);
  await closeLeftOverQueues(server);
  let late: Queue | undefined;
  try {
    expect(() => (late = new Queue('delivery', options))).toThrow('The start has failed');
  } finally {
    late?.on('error', () => undefined);
    await late?.close();
  }
});
