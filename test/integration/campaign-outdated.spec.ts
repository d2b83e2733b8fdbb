import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditTrail } from '../../src/access/index.js';
import {
  CampaignRunner,
  CampaignService,
  CampaignTicker,
  CHANGED_SINCE_APPROVAL,
  type CampaignInput,
} from '../../src/campaigns/index.js';
import { type CampaignTables } from '../../src/campaigns/campaign.tables.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { Ledger, type MessageView, SuppressionList } from '../../src/delivery/index.js';
import { ImportService } from '../../src/directory/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { colleague, TestApp } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const at = (time: string): Date => LondonTime.parse(time).toInstant();
const MONDAY = at('2026-09-07T09:00');
const TUESDAY = at('2026-09-08T09:00');
const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'demo-small');
const author = colleague('author');
const operator = colleague('operator');
const request = { actor: 'system:test' };

let database: TestDatabase<CampaignTables>;
let folder: string;
let clock: FixedClock;
let test: TestApp;
let service: CampaignService;
let accounts: string;
let nhsmail: string;

beforeEach(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'campaign-outdated-'));
  clock = new FixedClock(MONDAY);
  test = await TestApp.start({ server: database.server, clock });
  await test.importSmallDirectory();
  service = test.app.get(CampaignService);
  accounts = await readFile(join(FIXTURES, 'accounts.csv'), 'utf8');
  nhsmail = await readFile(join(FIXTURES, 'nhsmail.csv'), 'utf8');
});
afterEach(async () => {
  await test[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const scheduled = async (more: Partial<CampaignInput> = {}): Promise<string> => {
  const dates = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' };
  const window = await test.app
    .get(DeadlinesService)
    .createWindow({ name: 'September', ...dates, signInChange: '2026-09-23T08:00' }, author.id);
  const input = { name: 'September', kind: 'sign-in-notice', windowId: window.id, ...more } as const;
  const { id } = await service.create(input, author);
  const { hash } = await service.plan(id);
  await service.submit(id, author);
  await service.approve(id, hash, colleague('approver'));
  await service.schedule(id, operator);
  return id;
};

async function recipients(campaignId: string) {
  const { approved_plan_id: planId } = await service.get(campaignId);
  return database.db
    .selectFrom('plan_recipient')
    .selectAll()
    .where('plan_id', '=', planId!)
    .where('excluded', 'is', null)
    .orderBy('person_key')
    .execute();
}

/** Another person's account of each segment, so that what happens to one says nothing of the next. */
async function accountsOf(campaignId: string, segment: string): Promise<[string, string, string]> {
  const lone = (await recipients(campaignId)).filter(
    (each) => each.segment === segment && each.account_ids.length === 1,
  );
  const ids = lone.map(({ account_ids: [account] }) => account!);
  return [ids[0]!, ids[1]!, ids[2]!];
}

/** A newer extract of the accounts, with one account's fields replaced. */
async function importAccount(id: string, change: (fields: string[]) => string[]): Promise<void> {
  accounts = accounts
    .split('\n')
    .map((line) => (line.startsWith(`${id},`) ? change(line.split(',')).join(',') : line))
    .join('\n');
  const file = join(folder, 'accounts.csv');
  await writeFile(file, accounts);
  expect(await test.app.get(ImportService).importAccounts(file, request)).toMatchObject({ applied: true });
}

/** A newer extract of the accounts, with one more. */
async function addAccount(line: string): Promise<void> {
  const last = accounts.trimEnd().split('\n').at(-1)!;
  await importAccount(last.split(',')[0]!, (fields) => [...fields.slice(0, -1), `${fields.at(-1)}\n${line}`]);
}

/** A newer extract of NHSmail, without the person of the account. */
async function importNhsmailWithout(address: string): Promise<void> {
  nhsmail = nhsmail
    .split('\n')
    .filter((line) => !line.startsWith(`${address},`))
    .join('\n');
  const file = join(folder, 'nhsmail.csv');
  await writeFile(file, nhsmail);
  expect(await test.app.get(ImportService).importNhsmail(file, request)).toMatchObject({ applied: true });
}

const addressOf = (id: string): string =>
  accounts
    .split('\n')
    .find((line) => line.startsWith(`${id},`))!
    .split(',')[3]!;

async function messagesOf(campaignId: string): Promise<ReadonlyMap<string, MessageView>> {
  const messages = await test.app.get(Ledger).messages({ campaignId, limit: 500 });
  return new Map(messages.flatMap((message) => message.accountIds.map((id) => [id, message] as const)));
}

const WITHHELD = { state: 'cancelled', reason: CHANGED_SINCE_APPROVAL };

it('does not tell people at the launch what is no longer true of them', async () => {
  const id = await scheduled({ launchAt: '2026-09-08T09:00:00+01:00' });
  const [noLonger, moved, renamed] = await accountsOf(id, 'nhsmail');
  const [left] = await accountsOf(id, 'unknown');
  await importNhsmailWithout(addressOf(noLonger));
  await importAccount(moved, ([account = '', first = '', last = '', , ...rest]) => [
    account,
    first,
    last,
    'someone.else@nhs.net',
    ...rest,
  ]);
  await importAccount(renamed, ([account = '', , ...rest]) => [account, 'Newname', ...rest]);
  await importAccount(left, (fields) => fields.map((field) => (field === 'active' ? 'disabled' : field)));
  clock.moveTo(TUESDAY);
  await test.settle(id);

  const messages = await messagesOf(id);
  expect(messages.get(noLonger)).toMatchObject(WITHHELD);
  expect(messages.get(moved)).toMatchObject(WITHHELD);
  expect(messages.get(left)).toMatchObject(WITHHELD);
  expect(messages.get(renamed)).toMatchObject({ state: 'accepted' });
  const { states, planned } = await test.app.get(Ledger).progress({ campaignId: id });
  expect(states).toMatchObject({ cancelled: 3, accepted: planned - 3 });
  expect((await service.get(id)).state).toBe('finished');
  const entries = await test.app.get(AuditTrail).entries({ subject: `campaign:${id}`, limit: 100 });
  expect(entries.find(({ action }) => action === 'campaign.withheld')).toMatchObject({ details: { messages: 3 } });
});

it('leaves to whoever looks before sending that an address is blocked', async () => {
  const id = await scheduled({ launchAt: '2026-09-08T09:00:00+01:00' });
  const [blocked] = await accountsOf(id, 'nhsmail');
  await test.app
    .get(SuppressionList)
    .add({ address: addressOf(blocked), reason: 'test', source: 'test', expiresAt: null });
  clock.moveTo(TUESDAY);
  await test.settle(id);
  expect((await messagesOf(id)).get(blocked)).toMatchObject({ state: 'suppressed', reason: 'test' });
});

it.each(['paused', 'sending'] as const)('looks again after an import while it is %s', async (state) => {
  const id = await scheduled();
  const [noLonger, , other] = await accountsOf(id, 'nhsmail');
  const runner = test.app.get(CampaignRunner);
  await runner.runDueSteps(id);
  if (state === 'paused') await service.pause(id, operator);
  await importNhsmailWithout(addressOf(noLonger));
  await test.app.get(CampaignTicker).run();
  expect((await messagesOf(id)).get(noLonger)).toMatchObject(WITHHELD);
  expect(await runner.overtaken()).toEqual([]);

  // What it has told already stays told, whatever the directory says next.
  if (state === 'paused') await service.resume(id, operator);
  await test.deliver(id);
  await importNhsmailWithout(addressOf(other));
  await test.app.get(CampaignTicker).run();
  expect((await messagesOf(id)).get(other)).toMatchObject({ state: 'accepted' });
  const { states } = await test.app.get(Ledger).progress({ campaignId: id });
  expect(states.cancelled).toBe(1);
});

it('tells them by the campaign for whoever it did not reach, and what is true then', async () => {
  const id = await scheduled({ launchAt: '2026-09-08T09:00:00+01:00' });
  const [noLonger] = await accountsOf(id, 'nhsmail');
  await importNhsmailWithout(addressOf(noLonger));
  clock.moveTo(TUESDAY);
  await test.settle(id);
  const remainder = await service.remainder(id, author);
  const { summary } = await service.plan(remainder.id);
  expect(summary).toMatchObject({ recipients: 1, byTemplate: { 'sign-in-unknown': 1 } });
});

it('reminds whom the plan names as the directory has them at each step, and says who came after it', async () => {
  await test.importDeclarations(1);
  const id = await scheduled({ kind: 'payment-reminder' });
  const steps = await service.steps(id);
  clock.moveTo(steps[0]!.due_at);
  await test.settle(id);
  const reminded = [...(await messagesOf(id)).values()].filter(
    ({ template, accountIds }) => template === 'payment-reminder-practice' && accountIds.length === 1,
  );
  const [moved, disabled, staying] = reminded.map(({ accountIds: [account] }) => account!);
  const practice = reminded[2]!.organisationCodes[0]!;
  await importAccount(moved!, ([account = '', first = '', last = '', , ...rest]) => [
    ...[account, first, last, 'new.address@nhs.net'],
    ...rest,
  ]);
  await importAccount(disabled!, (fields) => fields.map((field) => (field === 'active' ? 'disabled' : field)));
  await addAccount(`U999999,Newa,Comer,newa.comer@nhs.net,active,,${practice},View|Declaration Management`);
  clock.moveTo(steps[1]!.due_at);
  await test.settle(id);

  const messages = await test.app.get(Ledger).messages({ campaignId: id, limit: 1_000 });
  const [first, second] = [steps[0]!, steps[1]!].map(({ step_id: step }) =>
    messages.filter(({ purpose }) => purpose.startsWith(`payment-reminder:${step}`)),
  );
  const addressed = (account: string) =>
    second!.filter(({ accountIds }) => accountIds.includes(account)).map(({ address }) => address);
  expect(addressed(moved!)).toEqual(['new.address@nhs.net']);
  expect(addressed(disabled!)).toEqual([]);
  expect(addressed(staying!)).toHaveLength(1);
  expect(addressed('U999999')).toEqual([]);
  expect(second).toHaveLength(first!.length - 1);
  const entries = await test.app.get(AuditTrail).entries({ subject: `campaign:${id}`, limit: 100 });
  const dispatched = entries.filter(({ action }) => action === 'campaign.step-dispatched');
  expect(dispatched.map(({ details }) => details)).toEqual([
    { step: steps[1]!.step_id, messages: second!.length, newcomers: 1, organisations: [practice] },
    { step: steps[0]!.step_id, messages: first!.length },
  ]);
});
