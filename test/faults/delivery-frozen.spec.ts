import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { SystemClock } from '../../src/shared/clock.js';
import { disagreements } from '../support/delivery-agreement.js';
import { testDatabase } from '../support/database.js';
import { DeliveryApp, fewTemplates } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

const MESSAGES = 900;
/** Two slices at once in a process, each with at most two windows of 100 intents. */
const IN_FLIGHT = 2 * 2 * 100;
const WORKER = join(import.meta.dirname, '..', 'support', 'delivery-worker.mjs');

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
  const workers: ChildProcess[] = [];
  const startWorker = async (leaseSeconds: number): Promise<ChildProcess> => {
    const settings = {
      connectionString: database.connectionString,
      smtpUrl: sink.url,
      queuePrefix: 'frozen',
      templatesDir: await fewTemplates(),
      options: { leaseSeconds, leaseMarginSeconds: 1 },
    };
    const worker = spawn(process.execPath, [WORKER, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
    workers.push(worker);
    await once(worker.stdout, 'data');
    worker.stdin.write('go');
    return worker;
  };
  try {
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
  } finally {
    const exits = workers.map((worker) => once(worker, 'exit'));
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(exits);
  }
});
