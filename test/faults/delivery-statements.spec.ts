import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { type Break, BreakingWire } from '../support/breaking-wire.js';
import { disagreements } from '../support/delivery-agreement.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { addressOf, DeliveryApp } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

jest.setTimeout(600_000);

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
let wire: BreakingWire;
/** Schedules and sends over the wire that breaks. */
let sender: DeliveryApp;
let onlooker: DeliveryApp;

beforeAll(async () => {
  [database, sink] = await Promise.all([testDatabase<DeliveryTables>(), SmtpSink.start()]);
  wire = await BreakingWire.to(database.server);
  const setting = { smtpUrl: sink.url, options: { leaseSeconds: 1, leaseMarginSeconds: 0.2 } };
  sender = await DeliveryApp.start({ ...setting, server: wire.server });
  onlooker = await DeliveryApp.start({ ...setting, server: database.server, config: { roles: ['scheduler'] } });
  Logger.overrideLogger(false);
  sink.answer((address) => (address === addressOf(1) ? { rcpt: 550, text: '5.1.1 no such mailbox' } : 'accept'));
});
afterAll(async () => {
  await sender[Symbol.asyncDispose]();
  await onlooker[Symbol.asyncDispose]();
  await wire[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** A job whose worker never heard that it got it waits for half a minute. */
const PATIENCE_MS = 90_000;

async function send(people: number): Promise<string> {
  const { campaignId } = await onlooker.plan(people);
  const deadline = performance.now() + PATIENCE_MS;
  while ((await onlooker.ledger.dispatches(campaignId))[0]?.state !== 'finished') {
    if (performance.now() > deadline) {
      throw new Error(`Not finished: ${JSON.stringify((await onlooker.ledger.progress({ campaignId })).states)}`);
    }
    // The schedule says that a round failed, and goes on.
    await sender.reconciler.reconcile().catch(() => undefined);
    await delay(10);
  }
  return campaignId;
}

describe('a connection to PostgreSQL that breaks', () => {
  it.each<Break>(['unsent', 'unanswered'])(
    'at one statement that stays %s, whichever it is, loses and doubles nothing and leaves nothing unknown',
    async (how) => {
      let at = 0;
      do {
        at += 1;
        wire.breakAt(at, how);
        const campaignId = await send(4);
        const { states } = await onlooker.ledger.progress({ campaignId });
        expect({ at, ...states }).toMatchObject({ at, accepted: 3, failed: 1, unknown: 0 });
      } while (wire.isBroken);
      // From the first look for what is due to the last slice and dispatch that is closed.
      expect(at).toBeGreaterThan(20);
      expect(await disagreements(database.db, sink)).toEqual([]);
      expect(await onlooker.ledger.faults()).toEqual([]);
    },
  );
});
