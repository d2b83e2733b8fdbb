import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createPostgresBackend, setDefaultBackendFactory } from 'bullmq';
import { QueueWorker } from './queue-worker.js';

it('leaves the process its turns while a queue in PostgreSQL could not be opened, and asks once a second', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connection = { connectionString: `postgres://nobody@127.0.0.1:${port}/none`, max: 1 };
  let faults = 0;
  setDefaultBackendFactory(createPostgresBackend);
  const worker = new QueueWorker('delivery', () => Promise.resolve(), { connection });
  worker.on('error', () => (faults += 1));
  try {
    await once(worker, 'error');
    await delay(2_500);
    expect(faults).toBeLessThanOrEqual(5);
  } finally {
    await worker.leave();
    server.close();
  }
});
