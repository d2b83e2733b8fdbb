import { FixedClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DeliveryApp, MONDAY } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';

const redisUrl = process.env['TEST_REDIS_URL'];
const backends = [['PostgreSQL', undefined] as const, ...(redisUrl ? [['Redis', redisUrl] as const] : [])];

describe.each(backends)('delivery with the queue on %s', (_name, queueUrl) => {
  let database: TestDatabase<DeliveryTables>;
  let sink: SmtpSink;
  let app: DeliveryApp;
  let clock: FixedClock;

  beforeAll(async () => {
    database = await testDatabase();
    sink = await SmtpSink.start();
    clock = new FixedClock(MONDAY);
    app = await DeliveryApp.start({ server: database.server, smtpUrl: sink.url, redisUrl: queueUrl, clock });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    clock.moveTo(MONDAY);
    sink.messages.length = 0;
    sink.answer(() => 'accept');
    sink.takeTime(0);
  });

  it('sends every message once and finishes', async () => {
    const { campaignId } = await app.plan(600);
    await app.untilFinished({ campaignId });
    expect((await app.ledger.progress({ campaignId })).states.accepted).toBe(600);
    expect(sink.messages).toHaveLength(600);
    expect([...sink.copies().values()].every((copies) => copies === 1)).toBe(true);
  });
});
