import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import type { CqrsRole, DirectoryTables, NhsmailStatus, NhsmailType } from '../../src/directory/index.js';
import { DATABASE } from '../../src/platform/database/index.js';
import {
  type KnownNhsmail,
  ReadinessService,
  SegmentsModule,
  SegmentsService,
  type SegmentResult,
} from '../../src/segments/index.js';
import { type AskedAccount, SegmentRepository } from '../../src/segments/segment.repository.js';
import { personNameKey } from '../../src/shared/person-name.js';
import { NhsmailIndex } from '../bench/nhsmail-index.mjs';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase<DirectoryTables>;
let db: Kysely<DirectoryTables>;
let batchId: number;
let segments: SegmentsService;
let repository: SegmentRepository;
let readiness: ReadinessService;

@Global()
@Module({ providers: [{ provide: DATABASE, useFactory: () => db }], exports: [DATABASE] })
class DatabaseOfThisFile {}

beforeAll(async () => {
  database = await testDatabase<DirectoryTables>();
  db = database.db;
  const module = await Test.createTestingModule({ imports: [DatabaseOfThisFile, SegmentsModule] }).compile();
  segments = module.get(SegmentsService);
  repository = module.get(SegmentRepository);
  readiness = module.get(ReadinessService);
  const batch = await db
    .insertInto('import_batch')
    .values({
      kind: 'accounts',
      files: '[]',
      added: 0,
      changed: 0,
      gone: 0,
      unchanged: 0,
      imported_by: 'spec',
      applied_at: new Date('2026-09-01T08:00:00Z'),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  batchId = batch.id;
});
afterEach(clear);
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function clear(): Promise<void> {
  for (const table of ['no_nhsmail', 'nhsmail_entry', 'account', 'organisation'] as const) {
    await db.deleteFrom(table).execute();
  }
}

async function organisation(
  code: string,
  kind: 'practice' | 'commissioner' | 'region',
  status: 'active' | 'closed' = 'active',
) {
  await db
    .insertInto('organisation')
    .values({
      code,
      kind,
      name: `Sample ${code}`,
      status,
      region_code: 'Y63',
      icb_code: null,
      commissioner_code: kind === 'practice' ? '16C' : null,
      is_gp_practice: kind === 'practice',
      postcode: null,
      opened_on: null,
      closed_on: null,
      joined_on: null,
      left_on: null,
      facts_hash: code,
      batch_id: batchId,
    })
    .execute();
}

interface Registered {
  id: string;
  email?: string | null;
  name?: [string, string];
  at?: string[];
  status?: 'active' | 'disabled';
  roles?: CqrsRole[];
}

async function accounts(registered: Registered[]): Promise<void> {
  await db
    .insertInto('account')
    .values(
      registered.map(({ id, email = null, name: [first, last] = ['Testa', 'Sample'], status = 'active' }) => ({
        id,
        first_name: first,
        last_name: last,
        email,
        email_normalised: email === null ? null : email.trim().toLowerCase(),
        status,
        last_sign_in: null,
        name_key: personNameKey(first, last),
        gone_at: null,
        batch_id: batchId,
      })),
    )
    .execute();
  const memberships = registered.flatMap(({ id, at = ['A81001'], roles = ['View'] }) =>
    at.map((code) => ({ account_id: id, organisation_code: code, roles, unknown_roles: [] })),
  );
  if (memberships.length > 0) await db.insertInto('membership').values(memberships).execute();
}

interface Entry {
  address: string;
  name?: [string, string];
  at?: string | null;
  aliases?: string[];
  type?: NhsmailType;
  status?: NhsmailStatus;
  account?: string;
}

async function nhsmail(entries: Entry[]): Promise<void> {
  await db
    .insertInto('nhsmail_entry')
    .values(
      entries.map(
        ({
          address,
          name: [first, last] = ['Testa', 'Sample'],
          at = 'A81001',
          type = 'person',
          status = 'active',
          account = null,
        }) => ({
          address,
          first_name: first,
          last_name: last,
          name_key: personNameKey(first, last),
          organisation_code: at,
          type,
          status,
          cqrs_account_id: account,
          gone_at: null,
          batch_id: batchId,
        }),
      ),
    )
    .execute();
  const aliases = entries.flatMap(({ address, aliases: list = [] }) => list.map((alias) => ({ alias, address })));
  if (aliases.length > 0) await db.insertInto('nhsmail_alias').values(aliases).execute();
}

async function all(): Promise<SegmentResult[]> {
  const results: SegmentResult[] = [];
  for await (const result of segments.classifyAll()) results.push(result);
  return results;
}
const rulesOf = (results: SegmentResult[]): Record<string, string> =>
  Object.fromEntries(results.map(({ accountId, rule }) => [accountId, rule]));

describe('segments of imported accounts', () => {
  it('finds the directory entry by record, address, alias, tag and unique name', async () => {
    await organisation('A81001', 'practice');
    await accounts([
      { id: 'record', email: 'r@example.com', name: ['Ruth', 'Record'] },
      { id: 'address', email: ' Ada.Address@NHS.net ', name: ['Ada', 'Address'] },
      { id: 'alias', email: 'al.old@nhs.net', name: ['Al', 'Alias'] },
      { id: 'tag', email: 'tess.tag+cqrs@nhs.net', name: ['Tess', 'Tag'] },
      { id: 'name', email: 'nina@surgery.nhs.uk', name: ['Nína', 'O’Name'] },
      { id: 'number', email: 'no.number7@nhs.net', name: ['No', 'Number'] },
      { id: 'shared', email: 'hall@nhs.net', name: ['Sam', 'Shared'] },
      { id: 'left', email: 'lea.left@nhs.net', name: ['Lea', 'Left'] },
      { id: 'silent', email: 'sil.silent@nhs.net', name: ['Sil', 'Silent'] },
      { id: 'nothing', email: 'n@example.com', name: ['Nemo', 'Nothing'] },
      { id: 'missing', name: ['Mia', 'Missing'] },
    ]);
    await nhsmail([
      { address: 'ruth.record@nhs.net', name: ['Rut', 'Else'], at: 'B82002', account: 'record' },
      { address: 'ada.address@nhs.net', name: ['Ada', 'Address'], at: null },
      { address: 'al.alias@nhs.net', name: ['Al', 'Alias'], at: 'B82002', aliases: ['al.old@nhs.net'] },
      { address: 'tess.tag@nhs.net', name: ['Tess', 'Tag'], at: 'B82002' },
      { address: 'nina.oname@nhs.net', name: ['NINA', "O'Name"] },
      { address: 'no.number@nhs.net', name: ['No', 'Number'], at: null },
      { address: 'hall@nhs.net', name: ['', 'Hall'], type: 'shared' },
      { address: 'lea.left@nhs.net', name: ['Lea', 'Left'], status: 'leaver' },
    ]);
    expect(rulesOf(await all())).toEqual({
      record: 'mismatched.another-domain',
      address: 'nhsmail.primary',
      alias: 'mismatched.alias',
      tag: 'mismatched.plus-tag',
      name: 'mismatched.nhs-domain',
      number: 'unknown.namesake',
      shared: 'not-a-person.directory',
      left: 'unknown.entry-ended',
      silent: 'nhsmail-unconfirmed.directory-silent',
      nothing: 'unknown.nothing-known',
      missing: 'invalid.missing',
    });
  });

  it('matches a name only where it is unique among the entries and the active accounts of the organisation', async () => {
    await accounts([
      { id: 'twin-1', email: 't1@example.com', name: ['Twin', 'Account'] },
      { id: 'twin-2', email: 't2@example.com', name: ['Twin', 'Account'], at: ['A81001', 'B82002'] },
      { id: 'elsewhere', email: 't3@example.com', name: ['Twin', 'Account'], at: ['C83003'] },
      { id: 'entries', email: 't4@example.com', name: ['Twin', 'Entry'] },
      { id: 'before', email: 't5@example.com', name: ['Twin', 'Disabled'] },
      { id: 'disabled', email: 't6@example.com', name: ['Twin', 'Disabled'], status: 'disabled' },
    ]);
    await nhsmail([
      { address: 'twin.account@nhs.net', name: ['Twin', 'Account'] },
      { address: 'twin.entry@nhs.net', name: ['Twin', 'Entry'] },
      { address: 'twin.entry2@nhs.net', name: ['Twin', 'Entry'] },
      { address: 'twin.disabled@nhs.net', name: ['Twin', 'Disabled'] },
    ]);
    expect(rulesOf(await all())).toEqual({
      'twin-1': 'unknown.nothing-known',
      'twin-2': 'unknown.nothing-known',
      elsewhere: 'unknown.nothing-known',
      entries: 'unknown.nothing-known',
      before: 'mismatched.another-domain',
      disabled: 'excluded.disabled',
    });
  });

  it('knows whose account holds an NHSmail address already, and whose account a record means', async () => {
    await accounts([
      { id: 'old', email: 'testa@surgery.nhs.uk' },
      { id: 'new', email: 'testa.sample@nhs.net' },
      { id: 'thief', email: 'otto.other@nhs.net', name: ['Testa', 'Third'] },
      { id: 'otto', email: 'otto@example.com', name: ['Otto', 'Other'] },
    ]);
    await nhsmail([
      { address: 'testa.sample@nhs.net', account: 'old' },
      { address: 'otto.other@nhs.net', name: ['Otto', 'Other'], account: 'otto' },
    ]);
    const results = await all();
    expect(rulesOf(results)).toEqual({
      old: 'mismatched.nhs-domain',
      new: 'nhsmail.primary',
      thief: 'unknown.address-of-another',
      otto: 'mismatched.another-domain',
    });
    expect(results.find(({ accountId }) => accountId === 'old')?.suggestion).toEqual({
      kind: 'use-account',
      accountId: 'new',
      certainty: 'certain',
    });
  });

  it('excludes by membership and closure; an organisation that no file knows is not closed', async () => {
    await organisation('A81001', 'practice', 'closed');
    await accounts([
      { id: 'none', email: 'a@nhs.net', at: [] },
      { id: 'closed', email: 'b@nhs.net', at: ['A81001'] },
      { id: 'half', email: 'c@nhs.net', at: ['A81001', 'B82002'] },
      { id: 'unresolved', email: 'd@nhs.net', at: ['Z99999'], name: ['Una', 'Solved'] },
    ]);
    expect(rulesOf(await all())).toMatchObject({
      none: 'excluded.no-membership',
      closed: 'excluded.organisations-closed',
      half: 'nhsmail-unconfirmed.directory-silent',
      unresolved: 'nhsmail-unconfirmed.directory-silent',
    });
  });

  it('heeds the confirmation of having none', async () => {
    await accounts([{ id: 'without', email: 'w@example.com' }]);
    await db
      .insertInto('no_nhsmail')
      .values({ account_id: 'without', confirmed_on: '2026-06-01', batch_id: batchId })
      .execute();
    expect(await segments.classify(['without'])).toMatchObject([{ segment: 'without-nhsmail' }]);
  });

  it('yields every account once across batches, and the same for an account asked for alone', async () => {
    const ids = Array.from({ length: 4_100 }, (_, index) => `acc-${String(index).padStart(5, '0')}`);
    for (let start = 0; start < ids.length; start += 1_000) {
      await accounts(
        ids.slice(start, start + 1_000).map((id) => ({ id, email: `${id}@nhs.net`, name: ['Testa', id] })),
      );
    }
    const results = await all();
    expect(results.map(({ accountId }) => accountId)).toEqual(ids);
    expect(await segments.classify([ids[7] ?? '', 'nobody', ids[7] ?? ''])).toEqual([results[7]]);
    expect(await segments.classify([])).toEqual([]);
    expect(await segments.counts()).toMatchObject({ 'nhsmail-unconfirmed': 4_100, nhsmail: 0 });
  });
});

describe('batches of classified accounts', () => {
  const five = ['a', 'b', 'c', 'd', 'e'];
  beforeEach(async () => {
    await organisation('A81001', 'practice');
    await accounts(five.map((id) => ({ id, email: `${id}@nhs.net`, name: [id, 'Sample'] })));
    await nhsmail(five.map((id) => ({ address: `${id}@nhs.net`, name: [id, 'Sample'], account: id })));
  });

  it('come in order, each account once', async () => {
    const sizes: number[] = [];
    const results: SegmentResult[] = [];
    for await (const batch of segments.batches(2)) {
      sizes.push(batch.length);
      results.push(...batch.map(({ result }) => result));
    }
    expect(sizes).toEqual([2, 2, 1]);
    expect(results).toEqual(await all());
    expect(results.map(({ accountId }) => accountId)).toEqual(five);
  });

  it('show everybody as they stood at one moment, whatever an import changes meanwhile', async () => {
    const rules: string[] = [];
    for await (const batch of segments.batches(1)) {
      rules.push(...batch.map(({ result }) => result.rule));
      await db.deleteFrom('nhsmail_entry').execute();
    }
    expect(rules).toEqual(five.map(() => 'nhsmail.recorded'));
  });

  it('fail where they are awaited when the directory cannot be read on, and leave no connection behind', async () => {
    const batches = segments.batches(1);
    expect((await batches.next()).value).toHaveLength(1);
    // The next batch may be being read just then: its connection is not idle.
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend'
        and xact_start is not null and pid <> pg_backend_pid()`.execute(db);
    await expect(async () => {
      for await (const _ of batches) await db.selectFrom('organisation').select('code').execute();
    }).rejects.toThrow();
    expect(await openTransactions()).toBe(0);
  });

  it('leave no transaction open when somebody stops half-way', async () => {
    for await (const _ of segments.batches(1)) break;
    expect(await openTransactions()).toBe(0);
  });

  async function openTransactions(): Promise<number> {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state like '%in transaction%'`.execute(db);
    return rows[0]?.n ?? -1;
  }
});

describe('directory entries of an account', () => {
  const name = fc.constantFrom<[string, string]>(['Testa', 'Sample'], ['Nina', 'O’Name'], ['Testa', '']);
  const place = fc.constantFrom('A81001', 'B82002', 'C83003');
  const address = fc.constantFrom(
    ...['sample@nhs.net', 'sample2@nhs.net', 'sample+cqrs@nhs.net', 'sample2+a+b@nhs.net', '+sample@nhs.net'],
    ...['22@nhs.net', 'sample22@nhs.net', 'sample@surgery.nhs.uk', 'sample2@surgery.nhs.uk', 'sample@xnhs.net'],
  );
  const entry = fc.record({
    address,
    name,
    at: fc.option(place),
    aliases: fc.uniqueArray(address, { maxLength: 2 }),
    account: fc.option(fc.constantFrom('0', '1', '7')),
  });
  type GeneratedEntry = typeof entry extends fc.Arbitrary<infer T> ? T : never;
  const directory = fc.record({
    accounts: fc.array(
      fc.record({
        email: fc.option(address),
        name,
        at: fc.uniqueArray(place),
        status: fc.constantFrom('active' as const, 'disabled' as const),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    entries: fc.uniqueArray(entry, { selector: (each) => each.address, maxLength: 6 }),
  });

  it('are the same for everybody read at once, for an account asked for alone, and in memory', async () => {
    await fc.assert(
      fc.asyncProperty(directory, async ({ accounts: people, entries }) => {
        const ids = people.map((_, index) => String(index));
        await accounts(people.map((person, index) => ({ ...person, id: String(index) })));
        if (entries.length > 0)
          await nhsmail(entries.map(({ account, ...rest }) => ({ ...rest, ...(account !== null && { account }) })));

        const everybody: AskedAccount[] = [];
        for await (const batch of repository.everybody(2)) everybody.push(...batch);
        const alone = await Promise.all(ids.map(async (id) => (await repository.accounts([id]))[0]));
        expect(everybody.map(ordered)).toEqual(alone.map((each) => each && ordered(each)));
        expect((await repository.accounts(ids)).map(ordered)).toEqual(everybody.map(ordered));

        const index = new NhsmailIndex(entries.map(inMemory));
        for (const { account, known } of everybody) {
          const expected = index.entriesFor(account, account.email);
          expect(known.map((entry) => entry.address).sort()).toEqual(expected.map((entry) => entry.address).sort());
        }
      }),
      { numRuns: 60, plugins: [fc.afterEach(clear)] },
    );
  });

  /** As much of an entry as the index goes by. */
  function inMemory({ address, aliases, name: [first, last], at, account }: GeneratedEntry): KnownNhsmail {
    return {
      ...{ address, aliases, firstName: first, lastName: last, nameKey: personNameKey(first, last) },
      ...{ organisationCode: at, type: 'person', status: 'active', accountsUnderAddress: [] },
      recordedAccount: account === null ? null : { id: account, nameKey: '' },
    };
  }

  function ordered({ account, known }: AskedAccount): AskedAccount {
    return { account, known: [...known].sort((a, b) => (a.address < b.address ? -1 : 1)) };
  }
});

describe('readiness of imported organisations', () => {
  it('covers every open practice, commissioner and region, those at risk first', async () => {
    await organisation('Y63', 'region');
    await organisation('16C', 'commissioner');
    await organisation('A81001', 'practice');
    await organisation('B82002', 'practice');
    await organisation('C83003', 'practice', 'closed');
    await accounts([
      {
        id: 'declares',
        email: 'a.declares@nhs.net',
        name: ['A', 'Declares'],
        at: ['A81001'],
        roles: ['Declaration Management'],
      },
      {
        id: 'cannot',
        email: 'b@example.com',
        name: ['B', 'Cannot'],
        at: ['B82002'],
        roles: ['Declaration Management'],
      },
      {
        id: 'approves',
        email: 'c.approves@nhs.net',
        name: ['C', 'Approves'],
        at: ['16C'],
        roles: ['Approval Management', 'Finance Management'],
      },
    ]);
    await nhsmail([
      { address: 'a.declares@nhs.net', name: ['A', 'Declares'] },
      { address: 'c.approves@nhs.net', name: ['C', 'Approves'], at: '16C' },
    ]);
    const rows = await readiness.readiness();
    expect(rows.map(({ organisation: code, atRisk }) => [code, atRisk])).toEqual([
      ['B82002', true],
      ['Y63', true],
      ['16C', false],
      ['A81001', false],
    ]);
    expect(rows[1]).toMatchObject({ canSignIn: 2, practicesAtRisk: 1, commissionersAtRisk: 0 });
  });
});
