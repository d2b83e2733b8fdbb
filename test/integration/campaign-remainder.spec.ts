import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CampaignInput, CampaignService } from '../../src/campaigns/index.js';
import { type CampaignTables } from '../../src/campaigns/campaign.tables.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { Ledger } from '../../src/delivery/index.js';
import { ImportService } from '../../src/directory/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { type AppError } from '../../src/shared/errors.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { SmtpSink } from '../support/smtp-sink.js';

const at = (time: string): Date => LondonTime.parse(time).toInstant();
const MONDAY = at('2026-09-07T09:00');
const ACCOUNTS = join(import.meta.dirname, '..', 'fixtures', 'demo-small', 'accounts.csv');
const FOR_NHSMAIL: CampaignInput['audience'] = { segments: ['nhsmail'] };
const author = colleague('author');
const approver = colleague('approver');
const operator = colleague('operator');

let database: TestDatabase<CampaignTables>;
let clock: FixedClock;
let test: TestApp;
let sink: SmtpSink;
let service: CampaignService;
let windowId: string;
let windows = 0;

beforeAll(async () => {
  database = await testDatabase();
  sink = await SmtpSink.start();
  clock = new FixedClock(MONDAY);
  test = await TestApp.start({ server: database.server, clock, config: { smtpUrl: sink.url, trialMode: false } });
  await test.importSmallDirectory();
  service = test.app.get(CampaignService);
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  clock.moveTo(MONDAY);
  sink.answer(() => 'accept');
  const times = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' };
  const window = { name: `Window ${(windows += 1)}`, ...times, signInChange: '2026-09-23T08:00' };
  windowId = (await test.app.get(DeadlinesService).createWindow(window, author.id)).id;
});

const scheduled = async (id: string): Promise<number> => {
  const { hash, summary } = await service.plan(id);
  await service.submit(id, author);
  await service.approve(id, hash, approver);
  await service.schedule(id, operator);
  return summary.recipients;
};
const sent = async (more: Partial<CampaignInput> = {}): Promise<string> => {
  const audience: CampaignInput['audience'] = { segments: ['nhsmail'] };
  const { id } = await service.create(
    { name: 'September', kind: 'sign-in-notice', windowId, audience, ...more },
    author,
  );
  await scheduled(id);
  await test.settle(id);
  return id;
};
/** Everything that goes to the addresses is refused; by policy, which says nothing against the address itself. */
const refusing = (refused: ReadonlySet<string>): void => {
  sink.answer((address) => (refused.has(address) ? { rcpt: 554, text: '5.7.1 not from you' } : 'accept'));
};
/** Those to whom a campaign for the group of people with NHSmail writes. */
const addresses = async (): Promise<string[]> => {
  const input: CampaignInput = { name: 'Looked at', kind: 'sign-in-notice', windowId, audience: FOR_NHSMAIL };
  const { id } = await service.plan((await service.create(input, author)).id);
  const rows = await database.db
    .selectFrom('plan_recipient')
    .select('address')
    .where('plan_id', '=', id)
    .where('address', 'is not', null)
    .orderBy('address')
    .execute();
  return rows.map(({ address }) => address!);
};
const receivedSince = (count: number): string[] =>
  sink.messages
    .slice(count)
    .map(({ to }) => to)
    .sort();

describe('the remainder of a campaign', () => {
  it('goes to those whose messages failed, also where their address has changed since, and to nobody twice', async () => {
    const [moved, ...others] = (await addresses()).slice(0, 8);
    refusing(new Set([moved!, ...others]));
    const id = await sent();
    const { states } = await test.app.get(Ledger).progress({ campaignId: id });
    expect(states).toMatchObject({ failed: 8 });
    expect((await service.get(id)).state).toBe('finished');

    refusing(new Set(others.slice(0, 1)));
    const directory = await mkdtemp(join(tmpdir(), 'cqrs-comms-remainder-'));
    const corrected = join(directory, 'accounts.csv');
    // As a person's address is put right: it makes another key of the person.
    const accounts = (await readFile(ACCOUNTS, 'utf8')).replaceAll(moved!, 'put.right@nhs.net');
    await writeFile(corrected, accounts);
    await test.app.get(ImportService).importAccounts(corrected, { actor: 'system:test' });
    await rm(directory, { recursive: true });

    const before = sink.messages.length;
    const { id: remainder } = await service.remainder(id, author);
    expect(await service.get(remainder)).toMatchObject({ state: 'draft', remainder_of: id, launch_at: null });
    await scheduled(remainder);
    await test.settle(remainder);
    expect(receivedSince(before)).toEqual(expect.arrayContaining(others.slice(1).sort()));
    const everybody = sink.messages.map(({ to }) => to);
    expect(new Set(everybody).size).toBe(everybody.length);

    // What one of them did not reach is the remainder of the first, for whoever asks after either.
    const after = sink.messages.length;
    refusing(new Set());
    const { id: last } = await service.remainder(remainder, author);
    expect(await service.get(last)).toMatchObject({ remainder_of: id });
    await scheduled(last);
    await test.settle(last);
    expect(receivedSince(after)).toEqual(others.slice(0, 1));
    expect((await service.remaindersOf(id)).map((each) => each.id)).toEqual([remainder, last]);
  });

  it('is drafted by one person at a time: two that were under way at once would write to the same people', async () => {
    const some = new Set((await addresses()).slice(10, 16));
    refusing(some);
    const id = await sent();
    refusing(new Set());
    const before = sink.messages.length;
    const asked = await Promise.allSettled(Array.from({ length: 5 }, () => service.remainder(id, author)));
    const drafted = asked.filter((each) => each.status === 'fulfilled');
    expect(drafted).toHaveLength(1);
    const refused = asked.filter((each) => each.status === 'rejected').map(({ reason }) => (reason as AppError).code);
    expect(refused).toEqual(Array.from({ length: 4 }, () => 'has-remainder'));
    const { id: remainder } = drafted[0]!.value;
    expect(await scheduled(remainder)).toBe(some.size);
    await test.settle(remainder);
    expect(receivedSince(before)).toEqual([...some].sort());
    const { id: next } = await service.remainder(id, author);
    expect((await service.plan(next)).summary.recipients).toBe(0);
  });

  it('is of a campaign that has ended, of a kind that does not write again by itself, and in time', async () => {
    const audience: CampaignInput['audience'] = { segments: ['mismatched'] };
    const draft = await service.create({ name: 'September', kind: 'sign-in-notice', windowId, audience }, author);
    await expect(service.remainder(draft.id, author)).rejects.toMatchObject({ code: 'wrong-state' });
    await service.cancel(draft.id, 'wrong month', operator);
    const remainder = await service.remainder(draft.id, author);
    const another = { name: 'Another', kind: 'guidance-follow-up', windowId, audience } as const;
    await expect(service.edit(remainder.id, remainder.version, another, author)).rejects.toMatchObject({
      code: 'is-remainder',
    });
    await service.edit(remainder.id, remainder.version, { ...another, kind: 'sign-in-notice' }, author);

    const cascade = await service.create({ name: 'Cascade', kind: 'cascade-request', windowId }, author);
    await service.cancel(cascade.id, 'wrong month', operator);
    await expect(service.remainder(cascade.id, author)).rejects.toMatchObject({ code: 'no-remainder' });

    clock.moveTo(at('2026-09-18T12:00'));
    await expect(service.remainder(draft.id, author)).rejects.toMatchObject({ code: 'too-late' });
  });

  it('does not wait for a release that was given already', async () => {
    const audience: CampaignInput['audience'] = { segments: ['without-nhsmail'] };
    const input: CampaignInput = { name: 'Guidance', kind: 'guidance-follow-up', windowId, audience };
    const { id } = await service.create(input, author);
    await scheduled(id);
    await service.release(id, operator);
    await test.settle(id);
    expect((await service.get(id)).state).toBe('finished');
    expect((await service.remainder(id, author)).held_back).toBe(false);
  });
});
