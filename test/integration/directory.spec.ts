import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { sql } from 'kysely';
import { type AuditTrail } from '../../src/access/index.js';
import { zip } from '../../src/cascades/zip.writer.js';
import { type DirectoryService, type DirectoryTables, type ImportService } from '../../src/directory/index.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DirectoryApp } from '../support/directory-app.js';

const ODS = join(import.meta.dirname, '../fixtures/ods');
const actor = 'system:test';

let database: TestDatabase<DirectoryTables>;
let app: DirectoryApp;
let folder: string;
let imports: ImportService;
let directory: DirectoryService;
let audit: AuditTrail;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'directory-'));
});
afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  database = await testDatabase();
  app = await DirectoryApp.start(database.server);
  ({ imports, directory, audit } = app);
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** As spreadsheets save it: numbers as numbers, nothing in empty cells. */
async function workbook(rows: readonly string[][]): Promise<Buffer> {
  const book = new ExcelJS.Workbook();
  const typed = (cell: string): string | number | null => (/^[1-9]\d*$/.test(cell) ? Number(cell) : cell || null);
  for (const cells of rows) (book.worksheets[0] ?? book.addWorksheet('Sheet1')).addRow(cells.map(typed));
  return Buffer.from(await book.xlsx.writeBuffer());
}

function zipped(files: Record<string, string>): Buffer {
  const entries = Object.entries(files).map(([name, text]) => ({ name, content: Buffer.from(text) }));
  return zip(entries, new Date('2026-09-01T00:00:00Z'));
}

/** Everything the tables say, but for ids of imports. */
async function contents(db = database.db): Promise<unknown> {
  const { rows } = await sql`
    select (select json_agg(to_jsonb(o) - 'batch_id' order by code) from organisation o) as organisations,
      (select json_agg(to_jsonb(h) - 'batch_id' order by code, effective_on, field, before_value, after_value)
        from organisation_history h) as history,
      (select json_agg(to_jsonb(a) - 'batch_id' order by id) from account a) as accounts,
      (select json_agg(to_jsonb(m) order by account_id, organisation_code) from membership m) as memberships,
      (select json_agg(to_jsonb(e) - 'batch_id' order by address) from nhsmail_entry e) as entries,
      (select json_agg(to_jsonb(l) order by alias, address) from nhsmail_alias l) as aliases`.execute(db);
  return rows[0];
}

describe('organisations', () => {
  it('the real files give 6,220 practices with their commissioners, in 7 regions, and nothing unresolved', async () => {
    const report = await imports.importOrganisations([ODS], { actor });
    expect(report).toMatchObject({ applied: true, added: 17_330, changed: 0, gone: 0, faultCount: 0, warnings: [] });
    expect(report.files.map(({ name, rows }) => [name, rows])).toEqual([
      ['eccg.csv', 320],
      ['epraccur.csv', 16_685],
      ['etr.csv', 273],
      ['icb-names.csv', 42],
    ]);
    expect(await directory.counts()).toMatchObject({ practices: 6_220, commissioners: 106, regions: 7 });
    const parents = await database.db
      .selectFrom('organisation as p')
      .innerJoin('organisation as c', 'c.code', 'p.commissioner_code')
      .innerJoin('organisation as r', 'r.code', 'p.region_code')
      .select((eb) => [eb.fn.count('p.code').as('practices'), eb.fn.count('c.code').distinct().as('commissioners')])
      .where('p.is_gp_practice', '=', true)
      .where('p.status', '=', 'active')
      .where('c.kind', '=', 'commissioner')
      .where('r.kind', '=', 'region')
      .executeTakeFirstOrThrow();
    expect(parents).toEqual({ practices: 6_220, commissioners: 106 });
    expect(await directory.organisation('A81001')).toMatchObject({
      name: 'THE DENSHAM SURGERY',
      commissionerCode: '16C',
      regionCode: 'Y63',
      status: 'active',
    });

    const before = await contents();
    const again = await imports.importOrganisations([ODS], { actor });
    expect(again).toMatchObject({ added: 0, changed: 0, gone: 0, unchanged: 17_330 });
    expect(await contents()).toEqual(before);
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 2 });
  }, 240_000);

  it('tells files apart by content, whatever they are called', async () => {
    const paths = [];
    for (const [index, name] of ['etr.csv', 'icb-names.csv', 'epraccur.csv', 'eccg.csv'].entries()) {
      const lines = (await readFile(join(ODS, name), 'utf8')).split('\n').slice(0, 40);
      paths.push(await file(`DOWNLOAD (${index}).CSV`, lines.join('\n')));
    }
    const report = await imports.importOrganisations(paths, { actor, dryRun: true });
    expect(report).toMatchObject({ applied: false, dryRun: true, added: 10 + 39 + 3 * 40 });
    expect(await directory.counts()).toMatchObject({ practices: 0, regions: 0 });
  });

  it('refuses ODS files that are of no use here, and other files, by name', async () => {
    const gps = await file('egpcur.csv', `"G0102005","SAMPLE T",${'"",'.repeat(10)}"A","P",${'"",'.repeat(12)}""\n`);
    await expect(imports.importOrganisations([gps], { actor })).rejects.toThrow(
      /^egpcur\.csv is an ODS file, but none/,
    );
    const other = await file('people.csv', 'account_id,email\n1,a@example.com\n');
    await expect(imports.importOrganisations([other], { actor })).rejects.toThrow(/^people\.csv is no ODS file/);
  });

  it.each([
    ['regions and ICBs, by role', 'Y56', 'LONDON COMMISSIONING REGION', 'RO209', ''],
    ['ICBs by role', 'QHM', 'NHS NORTH EAST AND NORTH CUMBRIA INTEGRATED CARE BOARD', 'RO318', ''],
    ['ICBs by name', 'QHM', 'NHS NORTH EAST AND NORTH CUMBRIA ICB', '', ''],
    ['sites of commissioners', '16C01', 'NHS TEES VALLEY CCG HQ', '', '16C'],
    ['sites of trusts', 'R0A01', 'A TRUST HEADQUARTERS', '', 'R0A'],
  ])('does not take %s for what they belong to', async (_, code, name, role, parent) => {
    const path = await file('like.csv', practice({ 0: code, 1: name, 12: '', 13: role, 14: parent, 25: '' }));
    await expect(imports.importOrganisations([path], { actor })).rejects.toThrow(/^like\.csv is an ODS file, but none/);
  });

  it('takes the same rows padded, under a header, as a workbook, and zipped as ODS publishes them', async () => {
    const rows = practice({}) + practice({ 0: 'A81002' });
    const header = Array.from({ length: 27 }, (_, place) => ['Organisation Code', 'Name'][place] ?? `Date ${place}`);
    const cells = rows
      .trim()
      .split('\r\n')
      .map((row) => row.slice(1, -1).split('","'));
    const padded = cells.map((row) => row.map((cell) => cell.padEnd(9)).join(',')).join('\r\n');
    await imports.importOrganisations([await file('epraccur.csv', rows)], { actor });
    for (const path of [
      await file('padded.csv', padded),
      // What Excel leaves of it: no quotation marks, and no empty column at the end.
      await file('saved.csv', cells.map((row) => row.slice(0, 26).join(',')).join('\r\n')),
      await file('header.csv', `${header.join(',')}\r\n${rows}`),
      await file('names.csv', `${header.join(',').toUpperCase().replaceAll(' ', '_')}\r\n${rows}`),
      await file('epraccur.xlsx', await workbook(cells)),
      await file('epraccur.zip', zipped({ 'epraccur.csv': rows, 'epraccur.pdf': '%PDF-1.4' })),
      // A Mac keeps a shadow of each file beside it.
      await file(
        'mac.zip',
        zipped({ 'epraccur.csv': rows, '__MACOSX/._epraccur.csv': '\0\x05\x16\x07\0\x02\0\0Mac OS X' }),
      ),
    ]) {
      const report = await imports.importOrganisations([path], { actor });
      expect(report).toMatchObject({ applied: true, added: 0, changed: 0, unchanged: 12, faultCount: 0 });
      expect(report.files.map((read) => read.rows)).toEqual([2]);
    }
  });

  const practice = (fields: Partial<Record<number, string>>): string => {
    const cells = Array<string>(27).fill('');
    Object.assign(cells, { 0: 'A81001', 1: 'SAMPLE SURGERY', 2: 'Y63', 3: 'QHM', 10: '19740401', 12: 'A', 13: 'B' });
    Object.assign(cells, { 14: '16C', 15: '20200401', 21: '0', 25: '4' }, fields);
    return `${cells.map((cell) => `"${cell}"`).join(',')}\r\n`;
  };
  const older = (): string => practice({}) + practice({ 0: 'A81002' }) + practice({ 0: 'A81003' });
  // One moved, one closed, one renamed: only the date of its file says that the new name is newer.
  const newer = (): string =>
    practice({ 14: '13T', 15: '20250401' }) +
    practice({ 0: 'A81002', 11: '20250630', 12: 'C', 16: '20250630' }) +
    practice({ 0: 'A81003', 1: 'EXAMPLE SURGERY' });

  it('names the row that is shorter or longer than the first one', async () => {
    const row = (cells: number): string => `${practice({}).trim().split(',').slice(0, cells).join(',')}\r\n`;
    for (const odd of [row(25), row(27), row(26).replace('SAMPLE', '","')]) {
      const path = await file('saved.csv', row(26).repeat(20) + odd);
      const { applied, faults } = await imports.importOrganisations([path], { actor });
      expect(applied).toBe(false);
      expect(faults).toMatchObject([{ row: 21, column: null, message: 'Expected 26 cells, as in the first row' }]);
    }
  });

  it('says how many columns it found, and on which sheet', async () => {
    const title = await file('title.csv', `epraccur November 2026\r\n${practice({})}`);
    await expect(imports.importOrganisations([title], { actor })).rejects.toThrow(/Its first row has 1\.$/);
    const wide = await file('wide.csv', `${practice({}).trim()},,,`);
    await expect(imports.importOrganisations([wide], { actor })).rejects.toThrow(/Its first row has 30\.$/);
    const book = await file('epraccur.xlsx', await workbook([['GP practices']]));
    await expect(imports.importOrganisations([book], { actor })).rejects.toThrow(
      'has 1 on the sheet that is read (Sheet1).',
    );
  });

  it('an older and a newer file give the same practices and the same history in either order', async () => {
    const paths = [await file('older.csv', older()), await file('newer.csv', newer())];
    await imports.importOrganisations([paths[0]!], { actor });
    const second = await imports.importOrganisations([paths[1]!], { actor });
    expect(second).toMatchObject({ added: 0, changed: 3 });
    const forwards = await contents();

    await using otherDatabase = await testDatabase<DirectoryTables>();
    await using other = await DirectoryApp.start(otherDatabase.server);
    await other.imports.importOrganisations([paths[1]!], { actor });
    const late = await other.imports.importOrganisations([paths[0]!], { actor });
    expect(late).toMatchObject({ added: 0, changed: 0 });
    expect(late.warnings.find(({ code }) => code === 'older')?.items).toEqual(['A81001', 'A81002', 'A81003']);
    expect(await contents(otherDatabase.db)).toEqual(forwards);

    expect(await directory.organisation('A81001')).toMatchObject({ commissionerCode: '13T' });
    expect(await directory.history('A81001')).toEqual([
      { field: 'commissioner', before: '16C', after: '13T', effectiveOn: '2025-04-01' },
    ]);
    expect(await directory.history('A81002')).toEqual([
      { field: 'status', before: 'active', after: 'closed', effectiveOn: '2025-06-30' },
    ]);
    expect(await directory.organisation('A81003')).toMatchObject({ name: 'EXAMPLE SURGERY' });
  });

  it('three generations give the same in all six orders, with a closure planned and withdrawn between them', async () => {
    const filler = practice({ 0: 'A89999', 10: '20250101' });
    const generations = [
      await file(
        '1.csv',
        practice({ 11: '20270331' }) + practice({ 0: 'A81002' }) + filler.replace('20250101', '20250201'),
      ),
      await file(
        '2.csv',
        practice({}) + practice({ 0: 'A81002', 14: '13T', 15: '20250301' }) + filler.replace('20250101', '20250302'),
      ),
      await file(
        '3.csv',
        practice({ 14: '13T', 15: '20250401' }) +
          practice({ 0: 'A81002', 1: 'RENAMED', 14: '13T', 15: '20250301' }) +
          filler.replace('20250101', '20250402'),
      ),
    ] as const;
    const seen: unknown[] = [];
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ] as const) {
      await sql`truncate organisation, organisation_version, import_batch cascade`.execute(database.db);
      for (const index of order) await imports.importOrganisations([generations[index]], { actor });
      seen.push(await contents());
    }
    expect(await directory.organisation('A81001')).toMatchObject({ commissionerCode: '13T', closedOn: null });
    expect(await directory.organisation('A81002')).toMatchObject({ name: 'RENAMED', commissionerCode: '13T' });
    for (const outcome of seen) expect(outcome).toEqual(seen[0]);
  });

  it('an import in one command gives the same as two', async () => {
    const paths = [await file('newer.csv', newer()), await file('older.csv', older())];
    await imports.importOrganisations(paths, { actor });
    expect(await directory.organisation('A81001')).toMatchObject({ commissionerCode: '13T' });
    expect(await directory.history('A81001')).toHaveLength(1);
  });

  it('says when no date can decide, and takes the word of --as-of', async () => {
    await imports.importOrganisations([await file('a.csv', practice({}))], { actor });
    const moved = await file('b.csv', practice({ 14: '13T' }));
    const undecided = await imports.importOrganisations([moved], { actor, dryRun: true });
    expect(undecided.warnings.find(({ code }) => code === 'undecided')?.items).toEqual(['A81001']);
    await imports.importOrganisations([moved], { actor, asOf: '2026-08-01' });
    expect(await directory.organisation('A81001')).toMatchObject({ commissionerCode: '13T' });
    await imports.importOrganisations([await file('a.csv', practice({}))], { actor });
    expect(await directory.organisation('A81001')).toMatchObject({ commissionerCode: '13T' });
  });

  it('keeps a practice whose parents nobody knows, and reports it', async () => {
    const report = await imports.importOrganisations([await file('a.csv', practice({ 2: 'Y99' }))], { actor });
    expect(report.warnings.map(({ code, items }) => [code, items])).toEqual([
      ['unknown-commissioner', ['A81001: 16C']],
      ['unknown-region', ['A81001: Y99']],
      ['unknown-icb', ['A81001: QHM']],
    ]);
    expect(await directory.organisation('A81001')).toMatchObject({ commissionerCode: '16C' });
  });

  it('lists every bad row and takes none', async () => {
    const good = Array.from({ length: 30 }, (_, index) => practice({ 0: `A820${index + 10}` })).join('');
    const path = await file(
      'bad.csv',
      `${good}${practice({ 0: '?' })}${practice({ 11: '20250231' })}${practice({ 12: 'X' })}`,
    );
    const report = await imports.importOrganisations([path], { actor });
    expect(report).toMatchObject({ applied: false, faultCount: 3 });
    expect(report.faults.map(({ row, column }) => [row, column])).toEqual([
      [31, 'code'],
      [32, 'closed'],
      [33, 'status'],
    ]);
    expect(await directory.counts()).toMatchObject({ practices: 0 });
  });
});

const HEADER = 'account_id,first_name,last_name,email,status,last_sign_in,organisation_code,roles\n';

describe('accounts', () => {
  const base =
    `${HEADER}1,Testa,Sample,Testa.Sample1@NHS.net,active,2026-08-30,A81001,View|declaration management\n` +
    '2,Tom,Example,,disabled,,,\n' +
    '1,Testa,Sample,Testa.Sample1@NHS.net,active,2026-08-30,16C,Approval Management|Keeper of Keys\n';

  it('keeps what is registered, what it means, and what it does not know', async () => {
    const report = await imports.importAccounts(await file('accounts.csv', base), { actor });
    expect(report).toMatchObject({ applied: true, added: 2, changed: 0, gone: 0 });
    expect(report.warnings.map(({ code, items }) => [code, items])).toEqual([
      ['unknown-role', ['Keeper of Keys (1 memberships)']],
      ['unknown-organisation', ['16C (1 memberships)', 'A81001 (1 memberships)']],
    ]);
    expect(await directory.account('1')).toMatchObject({
      email: 'Testa.Sample1@NHS.net',
      lastSignIn: '2026-08-30',
      memberships: [
        { organisationCode: '16C', roles: ['Approval Management'], unknownRoles: ['Keeper of Keys'] },
        { organisationCode: 'A81001', roles: ['Declaration Management', 'View'], unknownRoles: [] },
      ],
    });
    const rows = await database.db
      .selectFrom('account')
      .select(['email_normalised', 'name_key'])
      .orderBy('id')
      .execute();
    expect(rows).toEqual([
      { email_normalised: 'testa.sample1@nhs.net', name_key: 'testa sample' },
      { email_normalised: null, name_key: 'tom example' },
    ]);
  });

  it('the same export again changes nothing, in whatever order its rows and roles stand', async () => {
    await imports.importAccounts(await file('accounts.csv', base), { actor });
    const before = await contents();
    const [header, first, ...rest] = base.trimEnd().split('\n');
    const turned = [header, ...rest, first?.replace('View|declaration management', 'Declaration Management|VIEW')];
    const report = await imports.importAccounts(await file('accounts.csv', turned.join('\n')), { actor });
    expect(report).toMatchObject({ added: 0, changed: 0, gone: 0, unchanged: 2 });
    expect(await contents()).toEqual(before);
  });

  it('adds, changes, marks as gone, and takes back; keeps the rows as they were before', async () => {
    await imports.importAccounts(await file('accounts.csv', base), { actor });
    const second = `${HEADER}1,Testa,Sample,testa.sample1@nhs.net,active,2026-08-30,A81001,View\n3,Ada,Sample,,active,,,\n`;
    const report = await imports.importAccounts(await file('accounts.csv', second), { actor });
    expect(report).toMatchObject({ added: 1, changed: 1, gone: 1, unchanged: 0 });
    expect(await directory.account('2')).toMatchObject({
      status: 'disabled',
      goneAt: new Date('2026-09-01T08:00:00Z'),
    });
    expect((await directory.account('1')).memberships).toHaveLength(1);
    const previous = await database.db.selectFrom('import_previous').selectAll().orderBy('key').execute();
    expect(previous.map(({ batch_id, key }) => [batch_id, key])).toEqual([
      [report.batchId, '1'],
      [report.batchId, '2'],
    ]);
    expect(previous[0]?.before).toMatchObject({ email: 'Testa.Sample1@NHS.net', memberships: [{}, {}] });

    const back = await imports.importAccounts(await file('accounts.csv', base), { actor });
    expect(back).toMatchObject({ added: 0, changed: 2, gone: 1 });
    expect(await directory.account('2')).toMatchObject({ goneAt: null });
  });

  it('puts the roles of a doubled membership together, and says so', async () => {
    const doubled = `${HEADER}1,T,S,,active,,A81001,View\n1,T,S,,active,,A81001,Finance View|Odd\n`;
    const report = await imports.importAccounts(await file('accounts.csv', doubled), { actor });
    expect(report.warnings.find(({ code }) => code === 'doubled-membership')?.items).toEqual(['1 at A81001']);
    expect((await directory.account('1')).memberships).toEqual([
      { organisationCode: 'A81001', roles: ['Finance View', 'View'], unknownRoles: ['Odd'] },
    ]);
    const once = `${HEADER}1,T,S,,active,,A81001,View|Finance View|Odd\n`;
    expect(await imports.importAccounts(await file('accounts.csv', once), { actor })).toMatchObject({ unchanged: 1 });
  });

  it('refuses the whole file for any bad row or contradiction, and lists every one of them', async () => {
    const bad =
      `${base}3,Ada,Sample,,activ,,A81001,View\n4,Ada,Sample,not an address,active,30/08/2026,A81001,View\n` +
      ',Ada,Sample,,active,,,\n1,Testa,Sampel,Testa.Sample1@NHS.net,disabled,2026-08-30,,\n5,Ada,Sample,,active,,"A 81",\n';
    const report = await imports.importAccounts(await file('accounts.csv', bad), { actor });
    expect(report).toMatchObject({ applied: false, added: 0, faultCount: 5 });
    expect(report.faults.map(({ row, column }) => [row, column])).toEqual([
      [5, 'status'],
      [6, 'last_sign_in'],
      [7, 'account_id'],
      [9, 'organisation_code'],
      [8, 'last_name, status'],
    ]);
    expect(report.faults.at(-1)?.message).toContain('row 2');
    expect(JSON.stringify(report)).not.toMatch(/Sampel|not an address/);
    expect(await directory.counts()).toMatchObject({ accounts: 0 });
    expect(await directory.imports()).toEqual([]);
  });

  it('a dry run reports the same and changes nothing', async () => {
    await imports.importAccounts(await file('accounts.csv', base), { actor });
    const before = await contents();
    const second = await file('accounts.csv', `${HEADER}3,Ada,Sample,,active,,,\n`);
    const rehearsal = await imports.importAccounts(second, { actor, dryRun: true });
    expect(rehearsal).toMatchObject({ applied: false, dryRun: true, added: 1, gone: 2 });
    expect(await contents()).toEqual(before);
    expect(await directory.imports()).toHaveLength(1);
    const { batchId: _, ...real } = await imports.importAccounts(second, { actor });
    expect(real).toEqual({ ...rehearsal, applied: true, dryRun: false });
  });

  it('takes half an export for a mistake unless it is told otherwise', async () => {
    const people = (count: number): string =>
      HEADER + Array.from({ length: count }, (_, id) => `${id},T,S,,active,,,\n`).join('');
    await imports.importAccounts(await file('accounts.csv', people(400)), { actor });
    const half = await file('accounts.csv', people(200));
    await expect(imports.importAccounts(half, { actor })).rejects.toMatchObject({ code: 'import-shrinks' });
    expect(await imports.importAccounts(half, { actor, dryRun: true })).toMatchObject({
      gone: 200,
      warnings: [{ code: 'shrinks' }],
    });
    expect(await imports.importAccounts(half, { actor, allowShrink: true })).toMatchObject({ gone: 200 });
    expect(await imports.importAccounts(await file('accounts.csv', people(150)), { actor })).toMatchObject({
      gone: 50,
    });
  });

  it('takes ids that have lost their zeros for a mistake, however few, unless it is told otherwise', async () => {
    const people = (idOf: (id: number) => string): string =>
      HEADER + Array.from({ length: 500 }, (_, id) => `${idOf(id)},T${id},S,t${id}@example.com,active,,,\n`).join('');
    const known = await file(
      'accounts.csv',
      people((id) => String(id).padStart(3, '0')),
    );
    await imports.importAccounts(known, { actor });
    const saved = await file('accounts.csv', people(String));
    const refused = imports.importAccounts(saved, { actor });
    await expect(refused).rejects.toMatchObject({ code: 'import-shrinks' });
    await expect(refused).rejects.toThrow(/^accounts\.csv has 100 of the 500 that are known \(20 %\) under another id/);
    const { warnings } = await imports.importAccounts(saved, { actor, dryRun: true });
    expect(warnings.map(({ code }) => code)).toEqual(['shrinks']);
    expect(warnings[0]?.message).toContain('100 of these come back under another id');
    expect(await imports.importAccounts(saved, { actor, allowShrink: true })).toMatchObject({ added: 100, gone: 100 });
  });

  describe('of which one column was sorted alone', () => {
    const PEOPLE = 400;
    type Cells = Record<'first' | 'last' | 'email' | 'organisation', string>;
    const person = (id: number): Cells => ({
      first: `Testa${id}`,
      last: 'Sample',
      email: `testa.sample${id}@nhs.net`,
      organisation: `A81${String(100 + id)}`,
    });
    /** `mixed` of them have in one column what belongs to their neighbour; all have signed in since. */
    const accounts = (day: string, mixed = 0, column: keyof Cells = 'first'): string =>
      HEADER +
      Array.from({ length: PEOPLE }, (_, id) => {
        const neighbour = id < mixed ? (id + 1) % mixed : id;
        const own = person(id);
        own[column] = person(neighbour)[column];
        const { first, last, email, organisation } = own;
        return `${id},${first},${last},${email},active,${day},${organisation},View\n`;
      }).join('');

    beforeEach(async () => {
      await imports.importAccounts(await file('accounts.csv', accounts('2026-09-01')), { actor });
    });

    it.each(['first', 'email', 'organisation'] as const)(
      'is taken for a mistake unless it is told otherwise: %s',
      async (column) => {
        const wrong = await file('accounts.csv', accounts('2026-09-02', PEOPLE, column));
        const refused = imports.importAccounts(wrong, { actor });
        await expect(refused).rejects.toThrow(
          /^accounts\.csv gives 400 of the 400 that are known .*\(--allow-changes\)\.$/,
        );
        await expect(refused).rejects.toMatchObject({ code: 'import-mixed-up' });
        const { changed, warnings } = await imports.importAccounts(wrong, { actor, dryRun: true });
        expect(changed).toBe(PEOPLE);
        expect(warnings.map(({ code }) => code)).toContain('mixed-up');
        expect(await imports.importAccounts(wrong, { actor, allowChanges: true })).toMatchObject({ applied: true });
      },
    );

    it('is none where they are no more than a quarter, or new addresses, or nothing of that kind', async () => {
      const few = await file('accounts.csv', accounts('2026-09-02', PEOPLE / 4, 'email'));
      expect(await imports.importAccounts(few, { actor })).toMatchObject({ changed: PEOPLE });
      // Everybody is moved to another mail system: nobody has got what was somebody else's.
      const moved = await file('accounts.csv', accounts('2026-09-03').replaceAll('@nhs.net', '@example.test'));
      expect(await imports.importAccounts(moved, { actor })).toMatchObject({ changed: PEOPLE });
    });
  });

  it('lets one import of a kind run at a time', async () => {
    const path = await file('accounts.csv', base);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => imports.importAccounts(path, { actor })));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'import-running' });
    expect(await directory.counts()).toMatchObject({ accounts: 2 });
    expect(await imports.importAccounts(path, { actor })).toMatchObject({ unchanged: 2 });
  });
});

describe('NHSmail', () => {
  const NHSMAIL = 'address,aliases,first_name,last_name,organisation_code,type,status,cqrs_account_id\n';
  const base =
    `${NHSMAIL}Testa.Sample1@nhs.net,testa.example@nhs.net|SMTP:testa.sample1@NHS.net,Testa,Sample,A81001,person,active,1\n` +
    'a81001.surgery@nhs.net,,,,A81001,shared,active,\n';

  it('takes an extract of which one column was sorted alone for a mistake unless it is told otherwise', async () => {
    const extract = (shift: number): string =>
      NHSMAIL +
      Array.from({ length: 400 }, (_, id) => {
        const link = (id + shift) % 400;
        return `testa.sample${id}@nhs.net,,Testa,Sample,A81001,person,active,${link}\n`;
      }).join('');
    await imports.importNhsmail(await file('nhsmail.csv', extract(0)), { actor });
    const wrong = await file('nhsmail.csv', extract(1));
    await expect(imports.importNhsmail(wrong, { actor })).rejects.toMatchObject({ code: 'import-mixed-up' });
    expect(await imports.importNhsmail(wrong, { actor, allowChanges: true })).toMatchObject({ changed: 400 });
  });

  it('keeps addresses and aliases in their normal form; re-import changes nothing', async () => {
    const path = await file('nhsmail.csv', base);
    expect(await imports.importNhsmail(path, { actor })).toMatchObject({ applied: true, added: 2 });
    const entry = await database.db
      .selectFrom('nhsmail_entry')
      .selectAll()
      .where('type', '=', 'person')
      .executeTakeFirst();
    expect(entry).toMatchObject({ address: 'testa.sample1@nhs.net', name_key: 'testa sample', cqrs_account_id: '1' });
    const aliases = await database.db.selectFrom('nhsmail_alias').selectAll().execute();
    expect(aliases).toEqual([{ alias: 'testa.example@nhs.net', address: 'testa.sample1@nhs.net' }]);
    expect(await imports.importNhsmail(path, { actor })).toMatchObject({ added: 0, changed: 0, gone: 0, unchanged: 2 });
  });

  it('what the extract lacks is deleted, not forgotten; changed aliases replace the old ones', async () => {
    await imports.importNhsmail(await file('nhsmail.csv', base), { actor });
    const changed = `${NHSMAIL}testa.sample1@nhs.net,new.alias@nhs.net,Testa,Sample,A81001,person,leaver,1\n`;
    const report = await imports.importNhsmail(await file('nhsmail.csv', changed), { actor });
    expect(report).toMatchObject({ changed: 1, gone: 1 });
    const rows = await database.db
      .selectFrom('nhsmail_entry')
      .select(['address', 'status'])
      .orderBy('address')
      .execute();
    expect(rows).toEqual([
      { address: 'a81001.surgery@nhs.net', status: 'deleted' },
      { address: 'testa.sample1@nhs.net', status: 'leaver' },
    ]);
    const aliases = await database.db.selectFrom('nhsmail_alias').select('alias').execute();
    expect(aliases).toEqual([{ alias: 'new.alias@nhs.net' }]);
  });

  it('lists bad addresses and contradictory rows; warns of aliases that lead to two people', async () => {
    const bad = `${base}no address,,T,S,,person,active,\ntesta.sample1@nhs.net,,Other,Sample,,person,active,\n`;
    const report = await imports.importNhsmail(await file('nhsmail.csv', bad), { actor });
    expect(report.faults.map(({ row, column }) => [row, column])).toEqual([
      [4, 'address'],
      [5, 'address'],
    ]);
    const twice = `${base}tom.example@nhs.net,testa.example@nhs.net,Tom,Example,A81001,person,active,9\n`;
    const { warnings } = await imports.importNhsmail(await file('nhsmail.csv', twice), { actor });
    expect(warnings.map(({ code, items }) => [code, items])).toEqual([
      ['ambiguous-alias', ['rows 2, 4']],
      ['unknown-account', ['1', '9']],
    ]);
  });

  it('the list of people without NHSmail is replaced as a whole', async () => {
    const list = (rows: string): Promise<string> => file('no-nhsmail.csv', `Account ID;Confirmed On\n${rows}`);
    const first = await imports.importNoNhsmail(await list('1;2026-08-01\n2;2026-08-01\n2;2026-08-02\n'), { actor });
    expect(first).toMatchObject({ added: 2, warnings: [{ code: 'unknown-account', items: ['1', '2'] }] });
    const second = await imports.importNoNhsmail(await list('2;2026-08-03\n3;2026-08-01\n'), { actor });
    expect(second).toMatchObject({ added: 1, changed: 1, gone: 1, unchanged: 0 });
    const rows = await database.db
      .selectFrom('no_nhsmail')
      .select(['account_id', 'confirmed_on'])
      .orderBy('account_id')
      .execute();
    expect(rows).toEqual([
      { account_id: '2', confirmed_on: '2026-08-03' },
      { account_id: '3', confirmed_on: '2026-08-01' },
    ]);
  });
});
