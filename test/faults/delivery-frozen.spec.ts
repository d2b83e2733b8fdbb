import { sql } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { SystemClock } from '../../src/shared/clock.js';
import { disagreements } from '../support/delivery-agreement.js';
import { testDatabase } from '../support/database.js';
import { DeliveryApp } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { WorkerProcesses } from '../support/worker-processes.js';

const MESSAGES = 900;
/** Two slices at once in a process, each with at most two windows of 100 intents. */
const IN_FLIGHT = 2 * 2 * 100;

jest.setTimeout(240_000);

it('a worker that freezes for longer than its lease, and comes back when another has done the rest, leaves nothing behind', async () => {
  await using database = await testDatabase<DeliveryTables>();
  await using sink = await SmtpSink.start();
  await using scheduler = await DeliveryApp.start({
    server: database.server,
    smtpUrl: sink.url,
    queuePrefix: 'frozen',
    clock: new SystemClock(),
    config: { roles: ['scheduler'] },
  });
  await using workers = new WorkerProcesses(database, { smtpUrl: sink.url, queuePrefix: 'frozen' });
  const startWorker = (leaseSeconds: number) => workers.start({ leaseSeconds, leaseMarginSeconds: 1 });
  sink.takeTime(50);
  const { campaignId } = await scheduler.plan(MESSAGES);
  const frozen = await startWorker(4);
  await scheduler.until(() => sink.messages.length > 150, campaignId, 60);
  frozen.kill('SIGSTOP');
  const leases = async () => {
    const { rows } = await sql`select from slice where leased_by is not null`.execute(database.db);
    return rows.length;
  };
  await scheduler.until(async () => (await leases()) === 0, campaignId, 60);
  sink.takeTime(0);
  await startWorker(60);
  const progress = async () => (await scheduler.ledger.progress({ campaignId })).states;
  await scheduler.until(
    async () => {
      const { accepted, unknown } = await progress();
      return accepted + unknown === MESSAGES && (await leases()) === 0;
    },
    campaignId,
    60,
  );
  expect((await progress()).unknown).toBeGreaterThan(0);
  expect((await progress()).unknown).toBeLessThanOrEqual(IN_FLIGHT);
  frozen.kill('SIGCONT');
  // What it had not put on the wire yet it gives back, and somebody sends it.
  await scheduler.untilFinished({ campaignId }, 60);
  expect(await progress()).toMatchObject({ accepted: MESSAGES });
  expect(await disagreements(database.db, sink)).toEqual([]);
  expect(await scheduler.ledger.faults()).toEqual([]);
});
