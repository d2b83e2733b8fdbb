import { setTimeout as delay } from 'node:timers/promises';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { type TransportConfig } from '../../src/platform/config/index.js';
import { SystemClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

const MESSAGES = 1_500;
/** Two slices at once in a process, each with at most two windows of 100 intents. */
const IN_FLIGHT = 2 * 2 * 100;

let database: TestDatabase<DeliveryTables>;
let first: SmtpSink;
let second: SmtpSink;
beforeEach(async () => {
  [database, first, second] = await Promise.all([testDatabase<DeliveryTables>(), SmtpSink.start(), SmtpSink.start()]);
});
afterEach(async () => {
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  await database[Symbol.asyncDispose]();
});

const transport = (name: string, sink: SmtpSink, weight: number): TransportConfig => ({ name, url: sink.url, weight });
const start = (...smtpTransports: TransportConfig[]) =>
  DeliveryApp.start({
    server: database.server,
    clock: new SystemClock(),
    config: { smtpTransports },
    options: { firstClosureSeconds: 0.2, longestClosureSeconds: 1 },
  });

/** What each transport has in the ledger, beside what its server has, row by row. */
async function disagreements(): Promise<string[]> {
  const sinks = new Map([
    ['first', first.copies()],
    ['second', second.copies()],
  ]);
  const rows = await database.db.selectFrom('delivery').select(['message_id', 'state', 'transport']).execute();
  return rows.flatMap(({ message_id: id, state, transport: by }) => {
    const arrived = [...sinks].map(([name, copies]) => [name, copies.get(id) ?? 0] as const);
    const total = arrived.reduce((sum, [, copies]) => sum + copies, 0);
    const there = arrived.find(([name]) => name === by)?.[1] ?? 0;
    const right =
      state === 'accepted'
        ? total === 1 && there === 1
        : state === 'unknown'
          ? total === there && there <= 1
          : total === 0;
    return right ? [] : [`${id}: ${state} by ${by}, arrived ${JSON.stringify(arrived)}`];
  });
}

const decided = (app: DeliveryApp, campaignId: string) => async () => {
  const { planned, terminal, states } = await app.ledger.progress({ campaignId });
  return planned === terminal + states.unknown;
};

describe('two transports', () => {
  it('share the messages by weight', async () => {
    await using app = await start(transport('first', first, 3), transport('second', second, 1));
    const { campaignId } = await app.plan(MESSAGES);
    await app.untilFinished({ campaignId }, 60);
    expect(first.messages.length + second.messages.length).toBe(MESSAGES);
    expect(Math.abs(second.messages.length - MESSAGES / 4)).toBeLessThanOrEqual(IN_FLIGHT);
    expect(await disagreements()).toEqual([]);
  });

  it('go on with one when the other is killed in the middle, and double nothing', async () => {
    await using app = await start(transport('first', first, 1), transport('second', second, 1));
    first.takeTime(5);
    second.takeTime(5);
    const { campaignId } = await app.plan(MESSAGES);
    await app.until(() => first.messages.length > 150, campaignId);
    await first.close();
    const text = async () => app.metrics.metrics();
    await app.until(async () => /^delivery_transport_closed{transport="first"} 1$/m.test(await text()), campaignId);
    expect(await text()).toMatch(/^delivery_transport_closed{transport="second"} 0$/m);
    await app.until(decided(app, campaignId), campaignId, 90);
    const { states } = await app.ledger.progress({ campaignId });
    expect(states.accepted + states.unknown).toBe(MESSAGES);
    expect(states.unknown).toBeLessThanOrEqual(IN_FLIGHT);
    expect(await disagreements()).toEqual([]);
    // It comes back, and gets its share again: after trouble a little at first, then whole windows.
    const before = first.messages.length;
    await first.listen();
    await delay(1_200);
    const other = await app.plan(MESSAGES);
    await app.untilFinished(other, 60);
    expect(first.messages.length).toBeGreaterThan(before + 200);
    expect(await disagreements()).toEqual([]);
  }, 180_000);

  it('never hand over what may have arrived', async () => {
    first.answer(() => 'drop-after-data');
    await using app = await start(transport('first', first, 1), transport('second', second, 0));
    const { campaignId } = await app.plan(60);
    await app.until(decided(app, campaignId), campaignId, 60);
    const { states } = await app.ledger.progress({ campaignId });
    expect(first.messages.length).toBeGreaterThan(0);
    expect(states.accepted).toBe(second.messages.length);
    expect(states.unknown).toBe(60 - second.messages.length);
    expect(await disagreements()).toEqual([]);
  });

  it('use the one that stands by only while the other is away', async () => {
    await using app = await start(transport('first', first, 1), transport('second', second, 0));
    await app.untilFinished(await app.plan(200), 30);
    expect([first.messages.length, second.messages.length]).toEqual([200, 0]);
    await first.close();
    await app.untilFinished(await app.plan(200), 60);
    expect([first.messages.length, second.messages.length]).toEqual([200, 200]);
    expect(await disagreements()).toEqual([]);
  });

  it('keep to the most messages at once to a domain, over both', async () => {
    first.takeTime(30);
    second.takeTime(30);
    await using app = await DeliveryApp.start({
      server: database.server,
      config: {
        smtpTransports: [transport('first', first, 1), transport('second', second, 1)],
        mailDomainConcurrency: new Map([['nhs.net', 4]]),
      },
    });
    await app.untilFinished(await app.plan(80), 30);
    const times = [...first.messages, ...second.messages].map(({ at }) => at).sort((a, b) => a - b);
    expect(times).toHaveLength(80);
    // Four at once, 30 ms each: 80 messages take at least twenty rounds but for the first.
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(19 * 30 * 0.9);
  });
});
