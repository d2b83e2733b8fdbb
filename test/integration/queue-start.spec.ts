import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { testDatabase } from '../support/database.js';
import { DeliveryApp } from '../support/delivery-app.js';

/** In front of a PostgreSQL: hangs up on the queue's connections, which alone name their schema when they open. */
async function withoutQueues(target: number) {
  const relay = createServer((near) => {
    near.on('error', () => near.destroy());
    near.once('data', (first: Buffer) => {
      if (first.includes('search_path')) {
        near.destroy();
        return;
      }
      const far = connect(target, '127.0.0.1');
      far.on('error', () => near.destroy()).on('close', () => near.destroy());
      near.on('close', () => far.destroy());
      far.write(first);
      near.pipe(far).pipe(near);
    });
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return relay;
}

it('a process whose queue in PostgreSQL cannot be opened does not start, as it would never notice when it can', async () => {
  await using database = await testDatabase<DeliveryTables>();
  const url = new URL(database.connectionString);
  const relay = await withoutQueues(Number(url.port));
  url.port = String((relay.address() as AddressInfo).port);
  const server = { connectionString: url.toString(), embedded: false, release: () => Promise.resolve() };
  try {
    await expect(DeliveryApp.start({ server, smtpUrl: 'smtp://127.0.0.1:9' })).rejects.toThrow(/connection/i);
  } finally {
    relay.close();
  }
});
