import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type DirectoryTables, type ImportReport } from '../../src/directory/index.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DirectoryApp } from '../support/directory-app.js';

const actor = 'system:test';
let database: TestDatabase<DirectoryTables>;
let app: DirectoryApp;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'directory-undo-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  database = await testDatabase();
  app = await DirectoryApp.start(database.server);
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function file(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

/** Every row that imports write, with the ids of the imports that wrote it. */
async function contents(): Promise<unknown> {
  const { rows } = await sql`
    select (select json_agg(o order by code) from organisation o) as organisations,
      (select json_agg(v order by code, facts_hash) from organisation_version v) as versions,
      (select json_agg(a order by id) from account a) as accounts,
      (select json_agg(m order by account_id, organisation_code) from membership m) as memberships,
      (select json_agg(e order by address) from nhsmail_entry e) as entries,
      (select json_agg(l order by alias, address) from nhsmail_alias l) as aliases,
      (select json_agg(n order by account_id) from no_nhsmail n) as without`.execute(database.db);
  return rows[0];
}

async function applied(report: Promise<ImportReport>): Promise<number> {
  const { applied: isApplied, batchId, faults } = await report;
  if (!isApplied || batchId === undefined) throw new Error(JSON.stringify(faults));
  return batchId;
}

const ACCOUNTS = 'account_id,first_name,last_name,email,status,last_sign_in,organisation_code,roles';
const NHSMAIL = 'address,aliases,first_name,last_name,organisation_code,type,status,cqrs_account_id';
const account = (id: string, last: string, roles = 'View', organisation = 'A81001') =>
  `${id},Testa,${last},${last.toLowerCase()}@example.test,active,,${organisation},${roles}`;

const accounts = async (lines: readonly string[]) =>
  applied(app.imports.importAccounts(await file('accounts.csv', [ACCOUNTS, ...lines]), { actor, allowShrink: true }));

describe('undoing the last import', () => {
  it('puts accounts and memberships back as they were: added, changed and gone ones', async () => {
    await accounts([account('U1', 'Sample'), account('U2', 'Example', 'View|Finance View'), account('U3', 'Trial')]);
    const before = await contents();
    const batch = await accounts([
      account('U1', 'Renamed', 'View', 'A81002'),
      account('U2', 'Example'),
      account('U4', 'New'),
    ]);
    expect(await contents()).not.toEqual(before);
    const undo = await app.undo.undo(batch, actor);
    expect(await contents()).toEqual(before);
    expect((await app.directory.imports(2)).map(({ id, undoes, undoneBy }) => [id, undoes, undoneBy])).toEqual([
      [undo, batch, null],
      [batch, null, undo],
    ]);
    const [entry] = await app.audit.entries({ limit: 1 });
    expect(entry).toMatchObject({
      actor,
      action: 'directory.import-undone',
      subject: `import:${batch}`,
      details: { kind: 'accounts', undo },
    });
  });

  it('puts the NHSmail directory, with its aliases, and the list of people without NHSmail back', async () => {
    const nhsmail = async (lines: readonly string[]) =>
      applied(app.imports.importNhsmail(await file('nhsmail.csv', [NHSMAIL, ...lines]), { actor, allowShrink: true }));
    const without = async (lines: readonly string[]) =>
      applied(
        app.imports.importNoNhsmail(await file('no.csv', ['account_id,confirmed_on', ...lines]), {
          actor,
          allowShrink: true,
        }),
      );
    await nhsmail([
      'testa.sample1@nhs.net,testa.old@nhs.net,Testa,Sample,A81001,person,active,U1',
      'testa.sample2@nhs.net,,Testa,Sample,A81001,person,active,',
    ]);
    await without(['U1,2026-01-01', 'U2,2026-01-02']);
    const before = await contents();
    const entries = await nhsmail([
      'testa.sample1@nhs.net,testa.new@nhs.net,Testa,Sample,A81001,person,leaver,U1',
      'testa.sample3@nhs.net,testa.third@nhs.net,Testa,Third,A81001,person,active,',
    ]);
    const list = await without(['U2,2026-02-02', 'U3,2026-02-03']);
    await app.undo.undo(entries, actor);
    await app.undo.undo(list, actor);
    expect(await contents()).toEqual(before);
  });

  it('puts organisations and the order of their versions back', async () => {
    const icb = async (year: string, name: string) =>
      applied(
        app.imports.importOrganisations(
          [await file(`icb-${year}.csv`, [`ICB${year}CDH,ICB${year}NM`, `QE1,${name}`])],
          { actor },
        ),
      );
    await icb('24', 'NHS Sample Integrated Care Board');
    const before = await contents();
    const renamed = await icb('25', 'NHS Example Integrated Care Board');
    await app.undo.undo(renamed, actor);
    expect(await contents()).toEqual(before);
    const dated = await icb('25', 'NHS Sample Integrated Care Board');
    expect(await contents()).not.toEqual(before);
    await app.undo.undo(dated, actor);
    expect(await contents()).toEqual(before);
  });

  it('undoes one after the other, each the last that stands, and imports again afterwards', async () => {
    const first = await accounts([account('U1', 'Sample')]);
    const one = await contents();
    const second = await accounts([account('U1', 'Sample'), account('U2', 'Example')]);
    await expect(app.undo.undo(first, actor)).rejects.toMatchObject({
      code: 'later-import',
      message: `A later import of accounts (${second}) builds on import ${first}: undo that one first`,
    });
    expect(await app.undo.undoable()).toEqual([second]);
    const undo = await app.undo.undo(second, actor);
    expect(await contents()).toEqual(one);
    await expect(app.undo.undo(second, actor)).rejects.toMatchObject({ code: 'already-undone' });
    await expect(app.undo.undo(undo, actor)).rejects.toMatchObject({ code: 'undoes-itself' });
    await app.undo.undo(first, actor);
    expect((await app.directory.counts()).accounts).toBe(0);
    await accounts([account('U1', 'Sample')]);
    expect((await app.directory.counts()).accounts).toBe(1);
    await expect(app.undo.undo(999, actor)).rejects.toMatchObject({ code: 'no-such-import' });
  });

  it('passes over an import that changed nothing: undoing one says so, and the one before it is still the last', async () => {
    const lines = [account('U1', 'Sample'), account('U2', 'Again')];
    const first = await accounts(lines);
    const again = await accounts(lines);
    expect((await app.directory.imports(1)).map(({ id, unchanged }) => [id, unchanged])).toEqual([[again, 2]]);
    expect(await app.undo.undoable()).toContain(first);
    await expect(app.undo.undo(again, actor)).rejects.toMatchObject({
      code: 'changed-nothing',
      message: `Import ${again} changed nothing, so there is nothing to put back`,
    });
    await app.undo.undo(first, actor);
    expect((await app.directory.imports(1)).map(({ undoes }) => undoes)).toEqual([first]);
    await expect(app.undo.undo(again, actor)).rejects.toMatchObject({ code: 'changed-nothing' });
  });

  it('refuses declaration status, and waits for no import that runs', async () => {
    const { id } = await database.db
      .insertInto('import_batch')
      .values({
        ...{ kind: 'declarations', files: '[]', added: 1, changed: 0, gone: 0, unchanged: 0 },
        ...{ imported_by: actor, applied_at: new Date() },
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await expect(app.undo.undo(id, actor)).rejects.toMatchObject({ code: 'not-reversible' });
    const batch = await accounts([account('U1', 'Sample')]);
    await database.db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(hashtext('import accounts'))`.execute(trx);
      await expect(app.undo.undo(batch, actor)).rejects.toMatchObject({ code: 'import-running' });
    });
  });
});
