import { sql } from 'kysely';
import { CampaignService, Retention } from '../../src/campaigns/index.js';
import { RETENTION_DAYS } from '../../src/campaigns/retention.rules.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { CaptureInbox, Ledger, SuppressionList } from '../../src/delivery/index.js';
import { FeedbackService } from '../../src/feedback/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const MONDAY = new Date('2026-09-07T09:00:00+01:00');
const DAY = 86_400_000;
const [author, approver, operator] = [colleague('author'), colleague('approver'), colleague('operator')];

let database: TestDatabase<never>;
let clock: FixedClock;
let test: TestApp;
let campaignId: string;

const count = async (query: ReturnType<typeof sql<{ count: number }>>): Promise<number> =>
  Number((await query.execute(database.db)).rows[0]?.count);
const addresses = () => count(sql`select count(*) from message where address is not null or values is not null`);
const plannedAddresses = () => count(sql`select count(*) from plan_recipient where address is not null`);

beforeAll(async () => {
  database = await testDatabase();
  clock = new FixedClock(MONDAY);
  test = await TestApp.start({ server: database.server, clock });
  await test.importSmallDirectory();
  const window = await test.app.get(DeadlinesService).createWindow(
    {
      name: 'September 2026',
      cutoff: '2026-09-18T12:00',
      reopening: '2026-09-23T08:00',
      pcse: '2026-09-28T08:00',
      signInChange: '2026-09-23T08:00',
    },
    author.id,
  );
  const campaigns = test.app.get(CampaignService);
  // The one kind that never expires: only redaction can keep it from being sent again.
  const kind = 'guidance-follow-up' as const;
  ({ id: campaignId } = await campaigns.create({ name: 'Guidance', kind, windowId: window.id }, author));
  const { hash } = await campaigns.plan(campaignId);
  await campaigns.submit(campaignId, author);
  await campaigns.approve(campaignId, hash, approver);
  await campaigns.schedule(campaignId, operator);
  await campaigns.release(campaignId, operator);
  await test.settle(campaignId);
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

it('redacts each class when its time has come, keeps the proof, and never sends a purged message again', async () => {
  const ledger = test.app.get(Ledger);
  const sent = await ledger.messages({ campaignId });
  expect(sent.length).toBeGreaterThan(2);
  expect(sent.every(({ state, address }) => state === 'accepted' && address !== null)).toBe(true);
  await test.app
    .get(FeedbackService)
    .ingest('From: postmaster@example.test\r\nSubject: failed\r\n\r\n550 5.1.1 no such user a@b.test', {
      source: 'cli',
    });
  await test.app
    .get(SuppressionList)
    .add({ address: 'a@b.test', reason: 'mailbox-full', source: 'x', expiresAt: new Date(MONDAY.getTime() + DAY) });
  // As after a crash long ago about which nobody ever decided.
  const [lost] = sent;
  await sql`update delivery set state = 'unknown' where message_id = ${lost!.id}`.execute(database.db);
  await sql`update dispatch set state = 'running'`.execute(database.db);

  clock.moveTo(new Date(MONDAY.getTime() + RETENTION_DAYS.messages * DAY - 1));
  await test.app.get(Retention).purge();
  expect([await addresses(), (await plannedAddresses()) > 0]).toEqual([sent.length, true]);

  clock.moveTo(new Date(MONDAY.getTime() + (RETENTION_DAYS.messages + 2) * DAY));
  const counts = await test.app.get(Retention).purge();
  expect(counts).toMatchObject({ messages: sent.length, reports: 1, suppressions: 1 });
  expect(await addresses()).toBe(0);
  expect(await count(sql`select count(*) from feedback_report where excerpt is not null`)).toBe(0);
  expect(await count(sql`select count(*) from feedback_recipient where address is not null`)).toBe(0);
  const kept = await ledger.message(sent[1]!.id);
  const { renderedSha256, personKey, acceptedAt, state } = sent[1]!;
  expect(kept).toMatchObject({ address: null, values: null, renderedSha256, personKey, acceptedAt, state });
  expect(await count(sql`select count(*) from message where length(address_hash) < 64`)).toBe(0);

  const inbox = test.app.get(CaptureInbox);
  const before = (await inbox.search({ limit: 500 })).items.length;
  await ledger.releaseUnknown(lost!.id, operator.id);
  await test.settle(campaignId);
  expect(await ledger.message(lost!.id)).toMatchObject({ state: 'suppressed', reason: 'redacted' });
  expect((await inbox.search({ limit: 500 })).items.length).toBe(before);
  expect(await test.app.get(Retention).purge()).toMatchObject({ messages: 0, plans: 0, reports: 0 });
});

it('purges the other classes although one of them cannot be', async () => {
  const suppressions = test.app.get(SuppressionList);
  const expiresAt = new Date(clock.now().getTime() + DAY);
  await suppressions.add({ address: 'b@b.test', reason: 'mailbox-full', source: 'y', expiresAt });
  await sql`update plan set redacted_at = null`.execute(database.db);
  await sql
    .raw(
      `create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
      create trigger refuse_it before update on plan for each row execute function refuse_it()`,
    )
    .execute(database.db);
  clock.moveTo(new Date(expiresAt.getTime() + (RETENTION_DAYS.suppressions + 2) * DAY));
  try {
    expect(await test.app.get(Retention).purge()).toMatchObject({ plans: 0, suppressions: 1 });
  } finally {
    await sql`drop function refuse_it cascade`.execute(database.db);
  }
  expect(await suppressions.history('b@b.test')).toEqual([]);
  expect(await test.app.get(Retention).purge()).toMatchObject({ suppressions: 0 });
});

it('keeps the approved plan of a campaign that still runs, and redacts it afterwards', async () => {
  const setState = (state: string) => sql`update campaign set state = ${state}`.execute(database.db);
  await sql`update plan set redacted_at = null`.execute(database.db);
  await sql`update plan_recipient set address = 'a@b.test' where excluded is null`.execute(database.db);
  await setState('scheduled');
  await test.app.get(Retention).purge();
  expect(await plannedAddresses()).toBeGreaterThan(0);
  await setState('finished');
  await test.app.get(Retention).purge();
  expect(await plannedAddresses()).toBe(0);
});
