import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { Registry } from 'prom-client';
import { AuditRepository, AuditTrail } from '../../src/access/index.js';
import { messageIdOf, returnPathsOf, unsubscribeToken } from '../../src/delivery/index.js';
import { LedgerRepository } from '../../src/delivery/ledger.repository.js';
import { Ledger } from '../../src/delivery/ledger.service.js';
import { PlanRepository } from '../../src/delivery/plan.repository.js';
import { SuppressionList } from '../../src/delivery/suppression.list.js';
import { SuppressionRepository } from '../../src/delivery/suppression.repository.js';
import { FeedbackMetrics } from '../../src/feedback/feedback.metrics.js';
import { FeedbackRepository } from '../../src/feedback/feedback.repository.js';
import { FeedbackTicker } from '../../src/feedback/feedback.ticker.js';
import { LeaverRepository } from '../../src/feedback/leaver.repository.js';
import { FeedbackService, OptOutService } from '../../src/feedback/index.js';
import { StandingOptOuts } from '../../src/feedback/opt-outs.module.js';
import { ReportApplication } from '../../src/feedback/report.application.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { NoTracing } from '../../src/platform/tracing/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { bounce } from '../support/bounce.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const START = new Date('2026-09-14T07:00:00Z');
const SENDER = 'cqrs-comms@example.test';
const clock = new FixedClock(START);
const config = loadConfig({ SECRET: 'a-secret-of-this-spec-that-is-long-enough' });

let database: TestDatabase<never>;
let ledger: Ledger;
let suppressions: SuppressionList;
let feedback: FeedbackService;
let ticker: FeedbackTicker;
let optOuts: OptOutService;
let audit: AuditTrail;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await testDatabase();
  const { db } = database;
  ledger = new Ledger(new PlanRepository(db), new LedgerRepository(db), clock, new NoTracing(), config);
  suppressions = new SuppressionList(new SuppressionRepository(db), clock);
  audit = new AuditTrail(new AuditRepository(db), clock);
  const repository = new FeedbackRepository(db);
  const metrics = new FeedbackMetrics(new Registry(), [], repository, clock);
  const application = new ReportApplication(repository, ledger, suppressions, clock);
  feedback = new FeedbackService(repository, application, ledger, audit, metrics, clock, config);
  ticker = new FeedbackTicker(repository, application);
  optOuts = new OptOutService(repository, ledger, suppressions, new StandingOptOuts(repository), audit, clock, config);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});
beforeEach(() => {
  clock.moveTo(START);
});

/** Plans one message to an address of its own and, unless told otherwise, records it as accepted. */
async function sent(
  state = 'accepted',
  address = `testa.sample${randomUUID().slice(0, 8)}@nhs.net`,
  accountId = 'account-1',
) {
  const campaignId = randomUUID();
  await ledger.plan({ id: randomUUID(), campaignId, purpose: 'notice', dueAt: clock.now(), expiresAt: null }, [
    {
      personKey: 'person-1',
      accountIds: [accountId],
      organisationCodes: ['A81001'],
      route: 'direct',
      segment: null,
      address,
      template: 'notice',
      templateVersion: 'v1',
      values: {},
    },
  ]);
  const id = messageIdOf(campaignId, 'person-1', 'notice');
  await becomes(id, state);
  return { id, campaignId, address };
}

const becomes = (id: string, state: string) =>
  sql`update delivery set state = ${state}::message_state where message_id = ${id}`.execute(database.db);

const full = { status: '5.2.2', says: '552 5.2.2 mailbox full' };
const signed = (id: string) => returnPathsOf(SENDER, config.secret)(id);
const ingest = (raw: string) => feedback.ingest(raw, { source: 'imap' });
const reasonFor = async (address: string) => (await suppressions.suppressed([address])).get(address);

describe('a signed hard bounce', () => {
  it('marks its message and suppresses its address', async () => {
    const { id, address } = await sent();
    const report = await ingest(bounce({ to: signed(id), address }));
    expect(report).toMatchObject({ kind: 'hard', state: 'applied', messageId: id, isNew: true });
    expect((await ledger.message(id)).state).toBe('bounced');
    expect(await reasonFor(address)).toBe('hard-bounce');
  });

  it('is stored although it holds characters that the database does not', async () => {
    const { id, address } = await sent();
    const raw = bounce({ to: signed(id), address, says: '550 5.1.1 user \0unknown' });
    expect(await ingest(raw.replace('MAILER-DAEMON', 'MAILER\0DAEMON'))).toMatchObject({ state: 'applied' });
  });

  it('is one report however often it arrives', async () => {
    const { id, address } = await sent();
    const raw = bounce({ to: signed(id), address });
    const first = await ingest(raw);
    const again = await Promise.all([ingest(raw), ingest(raw), ingest(raw)]);
    expect(again.map((report) => [report.id, report.isNew])).toEqual(Array(3).fill([first.id, false]));
    expect(await suppressions.history(address)).toHaveLength(1);
  });

  it('suppresses the address that was written to, not the one that the far server made of it', async () => {
    const { id, address } = await sent();
    await ingest(bounce({ to: signed(id), address: 'alias.behind@example.org' }));
    expect(await suppressions.isSuppressed(address)).toBe(true);
    expect(await suppressions.isSuppressed('alias.behind@example.org')).toBe(false);
  });

  it('is believed by the envelope where a gateway rewrote the header', async () => {
    const { id, address } = await sent();
    const raw = bounce({ to: 'postmaster@example.test', address });
    const report = await feedback.ingest(raw, { source: 'smtp', envelopeRecipient: signed(id).toUpperCase() });
    expect(report.state).toBe('applied');
  });

  it('of an address that rests already is no second suppression, whoever reads it first', async () => {
    const { id, address } = await sent();
    const others = await Promise.all([1, 2, 3].map(() => sent('accepted', address)));
    const ids = [id, ...others.map((each) => each.id)];
    const reports = await Promise.all(ids.map((each) => ingest(bounce({ to: signed(each), address }))));
    expect(new Set(reports.map(({ stateReason }) => stateReason))).toEqual(new Set(['bounced-and-suppressed']));
    expect(await suppressions.history(address)).toHaveLength(1);
    await suppressions.lift(address, 'person:operator');
    await ingest(bounce({ to: signed(id), address }));
    expect(await suppressions.history(address)).toMatchObject([{ liftedBy: 'person:operator' }, { liftedBy: null }]);
  });

  it('shows every account of that address as a probable leaver, until the suppression is lifted', async () => {
    const address = 'two.accounts@nhs.net';
    const accountIds = ['account-2', 'account-3'];
    await sql`
      with batch as (
        insert into import_batch (kind, files, added, changed, gone, unchanged, imported_by, applied_at)
        values ('accounts', '[]', 2, 0, 0, 0, 'person:a', ${START}) returning id
      )
      insert into account (id, first_name, last_name, email, email_normalised, status, name_key, batch_id)
      select account, 'Two', 'Accounts', ${address}, ${address}, 'active', 'two accounts', batch.id
      from batch, unnest(${accountIds}::text[]) account`.execute(database.db);
    const leavers = new LeaverRepository(database.db as unknown as Kysely<unknown>);
    const listed = async () => (await leavers.leavers({ accountIds }, {})).map(({ account_id: id }) => id);
    const messages = await Promise.all(accountIds.map((id) => sent('accepted', address, id)));
    const cameBack = async (message: { id: string } | undefined) => {
      clock.advance(60_000);
      await ingest(bounce({ to: signed(message!.id), address }));
    };
    for (const message of messages) await cameBack(message);
    expect(await listed()).toEqual(accountIds);
    expect(await leavers.count({ accountIds })).toBe(2);
    await suppressions.lift(address, 'person:operator');
    expect(await listed()).toEqual([]);
    clock.advance(60_000);
    await suppressions.add({ address, reason: 'asked-not-to', source: 'key:1', expiresAt: null });
    expect(await listed()).toEqual([]);
    await cameBack(await sent('accepted', address, 'account-3'));
    expect(await listed()).toEqual(['account-3']);
  });

  it('leaves a new address of the same person clean', async () => {
    const { id, address } = await sent();
    await ingest(bounce({ to: signed(id), address }));
    const next = await sent();
    expect(await suppressions.isSuppressed(next.address)).toBe(false);
  });
});

describe('a report without proof', () => {
  it.each([
    ['no tag', () => SENDER],
    ['a forged signature', (id: string) => signed(id).replace(/.(?=@)/, (last) => (last === '0' ? '1' : '0'))],
    [
      'a signature of another secret',
      (id: string) => returnPathsOf(SENDER, 'another secret of thirty-two letters')(id),
    ],
  ])('with %s goes to review and changes nothing', async (_what, to) => {
    const { id, address } = await sent();
    const report = await ingest(bounce({ to: to(id), address }));
    expect(report).toMatchObject({ state: 'review', stateReason: 'unsigned', messageId: null });
    expect((await ledger.message(id)).state).toBe('accepted');
    expect(await suppressions.history(address)).toEqual([]);
  });

  it('acts once a person has confirmed it, and the trail says who', async () => {
    const { id, address } = await sent();
    const report = await ingest(bounce({ to: SENDER, address }));
    expect((await feedback.inReview()).map((each) => each.id)).toContain(report.id);
    expect(await feedback.confirm(report.id, id, 'person:operator')).toMatchObject({ state: 'applied', messageId: id });
    expect(await reasonFor(address)).toBe('hard-bounce');
    const trail = await audit.entries({ subject: `report:${report.id}`, limit: 5 });
    expect(trail).toMatchObject([{ actor: 'person:operator', action: 'feedback.confirmed' }]);
    await expect(feedback.dismiss(report.id, 'person:operator')).rejects.toMatchObject({ code: 'not-in-review' });
  });

  it('is over once a person has dismissed it', async () => {
    const { address } = await sent();
    const report = await ingest(bounce({ to: SENDER, address }));
    expect((await feedback.dismiss(report.id, 'person:operator')).state).toBe('ignored');
    expect((await feedback.inReview()).map((each) => each.id)).not.toContain(report.id);
  });

  it('goes to review when it is signed and names several recipients, none of them ours', async () => {
    const { id } = await sent();
    const two = bounce({ to: signed(id), address: 'one@example.org' }).replace(
      '\n\n--B--',
      '\n\nFinal-Recipient: rfc822; two@example.org\nAction: failed\nStatus: 5.1.1\n\n--B--',
    );
    expect(await ingest(two)).toMatchObject({ state: 'review', stateReason: 'recipient-unclear' });
  });
});

describe('a bounce that is faster than the acknowledgement', () => {
  it('waits for its message and is applied later', async () => {
    const { id, address } = await sent('sending');
    const report = await ingest(bounce({ to: signed(id), address }));
    expect(report.state).toBe('waiting');
    expect(await ticker.applyWaiting()).toBe(0);
    await becomes(id, 'accepted');
    await Promise.all([ticker.applyWaiting(), ticker.applyWaiting()]);
    expect((await ledger.message(id)).state).toBe('bounced');
    expect(await reasonFor(address)).toBe('hard-bounce');
  });

  it('goes to a person when the acknowledgement never comes', async () => {
    const { id, address } = await sent('sending');
    const report = await ingest(bounce({ to: signed(id), address }));
    clock.advance(4 * 86_400_000);
    await ticker.applyWaiting();
    expect((await feedback.inReview(undefined, 1_000)).find((each) => each.id === report.id)?.stateReason).toBe(
      'never-accepted',
    );
  });
});

describe('soft failures', () => {
  it('mark the message and leave the address alone', async () => {
    const { id, address } = await sent();
    expect(await ingest(bounce({ to: signed(id), address, ...full }))).toMatchObject({
      kind: 'soft',
      stateReason: 'bounced',
    });
    expect((await ledger.message(id)).state).toBe('bounced');
    expect(await suppressions.isSuppressed(address)).toBe(false);
  });

  it('suppress a full mailbox at the third time within a fortnight, and for three days only', async () => {
    const address = 'full.sample1@nhs.net';
    for (let i = 0; i < 3; i++) {
      expect(await suppressions.isSuppressed(address)).toBe(false);
      const { id } = await sent('accepted', address);
      await ingest(bounce({ to: signed(id), address, ...full }));
      clock.advance(86_400_000);
    }
    expect(await reasonFor(address)).toBe('repeated-mailboxfull');
    clock.advance(3 * 86_400_000);
    expect(await suppressions.isSuppressed(address)).toBe(false);
  });

  it('of an address that rests already make it rest longer, and anew once it was written to again', async () => {
    const address = 'full.sample2@nhs.net';
    const messages = await Promise.all(Array.from({ length: 5 }, () => sent('accepted', address)));
    const cameBack = async () => ingest(bounce({ to: signed(messages.pop()!.id), address, ...full }));
    for (let i = 0; i < 3; i++) await cameBack();
    clock.advance(86_400_000);
    await cameBack();
    expect((await suppressions.history(address)).map(({ createdAt, expiresAt }) => [createdAt, expiresAt])).toEqual([
      [START, new Date(START.getTime() + 4 * 86_400_000)],
    ]);
    clock.advance(4 * 86_400_000);
    await cameBack();
    expect(await suppressions.history(address)).toHaveLength(2);
  });

  it('never add up when they are about us', async () => {
    const address = 'blocked.sample1@nhs.net';
    for (let i = 0; i < 5; i++) {
      const { id } = await sent('accepted', address);
      await ingest(bounce({ to: signed(id), address, status: '5.7.1', says: '550 5.7.1 blocked using a blocklist' }));
    }
    expect(await suppressions.history(address)).toEqual([]);
  });

  it('do not exist where the far server still tries', async () => {
    const { id, address } = await sent();
    const delay = bounce({ to: signed(id), address, action: 'delayed', status: '4.4.1', says: '421 timed out' });
    expect(await ingest(delay)).toMatchObject({ state: 'ignored', stateReason: 'delay' });
    expect((await ledger.message(id)).state).toBe('accepted');
  });
});

describe('mail that is no failure', () => {
  it.each([
    [
      'an automatic reply',
      'Subject: Automatic reply: Payment\nAuto-Submitted: auto-replied\n\nuser unknown, mailbox full',
      'auto-reply',
    ],
    ['an ordinary mail', 'Subject: Question\n\nMy colleague got: 550 5.1.1 user unknown', 'not-bounce'],
  ])('%s to a signed return path suppresses nobody', async (_what, rest, kind) => {
    const { id, address } = await sent();
    const raw = `From: ${address}\nTo: ${signed(id)}\nReturn-Path: <${address}>\n${rest}\n`;
    expect(await ingest(raw)).toMatchObject({ kind, state: 'ignored' });
    expect((await ledger.message(id)).state).toBe('accepted');
    expect(await suppressions.history(address)).toEqual([]);
  });
});

describe('complaints and unsubscribing', () => {
  const complaint = (id: string, address: string, type = 'abuse') =>
    `From: fbl@provider.example
To: feedback@example.test
Message-ID: <${randomUUID()}@provider.example>
Content-Type: multipart/report; report-type=feedback-report; boundary=B

--B
Content-Type: message/feedback-report

Feedback-Type: ${type}

--B
Content-Type: message/rfc822

Return-Path: <${signed(id)}>
To: ${address}
Subject: Payment

--B--
`;

  it('end optional mail to the address and no service notice', async () => {
    const { id, address } = await sent();
    expect(await ingest(complaint(id, address))).toMatchObject({ kind: 'complaint', state: 'applied' });
    expect((await ledger.message(id)).state).toBe('complained');
    expect(await optOuts.optedOut([address.toUpperCase()])).toEqual(new Set([address]));
    expect(await suppressions.isSuppressed(address)).toBe(false);
  });

  it('are none where a provider only reports on authentication', async () => {
    const { id, address } = await sent();
    expect((await ingest(complaint(id, address, 'auth-failure'))).state).toBe('ignored');
    expect((await optOuts.optedOut([address])).size).toBe(0);
  });

  it('unsubscribes on POST, not on looking, and only once', async () => {
    const { id, address } = await sent();
    const token = unsubscribeToken(id, config.secret);
    expect(optOuts.requireLink(token)).toBe(id);
    expect((await optOuts.optedOut([address])).size).toBe(0);
    await optOuts.unsubscribe(token);
    await optOuts.unsubscribe(token);
    expect((await optOuts.optedOut([address])).size).toBe(1);
  });

  it('stops what is unsent of the campaign', async () => {
    const { id } = await sent('queued');
    await optOuts.unsubscribe(unsubscribeToken(id, config.secret));
    expect((await ledger.message(id)).state).toBe('cancelled');
  });

  it('refuses a link that it did not make', async () => {
    const { id, address } = await sent();
    const forged = unsubscribeToken(id, 'another secret of thirty-two letters');
    expect(() => optOuts.requireLink(forged)).toThrow('The link is not complete');
    await expect(optOuts.unsubscribe(forged)).rejects.toMatchObject({ code: 'bad-unsubscribe-link' });
    expect((await optOuts.optedOut([address])).size).toBe(0);
  });
});

describe('an operator', () => {
  it('lifts what keeps mail from an address, and the trail says so without the address', async () => {
    const { id, address } = await sent();
    const report = await ingest(bounce({ to: signed(id), address }));
    await optOuts.unsubscribe(unsubscribeToken(id, config.secret));
    await optOuts.lift(address, 'person:operator');
    expect(await suppressions.isSuppressed(address)).toBe(false);
    expect((await optOuts.optedOut([address])).size).toBe(0);
    const [entry] = await audit.entries({ subject: `report:${report.id}`, limit: 1 });
    expect(entry).toMatchObject({ actor: 'person:operator', action: 'suppression.lifted' });
    expect(JSON.stringify(entry)).not.toContain('@');
    await expect(optOuts.lift(address, 'person:operator')).rejects.toMatchObject({ code: 'not-suppressed' });
  });
});
