import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DirectoryTables, type ImportService } from '../../src/directory/index.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { DirectoryApp } from '../support/directory-app.js';

const ROOT = join(import.meta.dirname, '../..');
const SMALL = join(ROOT, 'test/fixtures/demo-small');
const actor = 'system:test';

let database: TestDatabase<DirectoryTables>;
let app: DirectoryApp;
let imports: ImportService;

beforeAll(async () => {
  database = await testDatabase();
  app = await DirectoryApp.start(database.server);
  ({ imports } = app);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

describe('the generated fixtures', () => {
  it('are what the generator makes of their seed, byte for byte', async () => {
    const out = await mkdtemp(join(tmpdir(), 'fixtures-'));
    try {
      const script = join(ROOT, 'scripts/generate-fixtures.mjs');
      await promisify(execFile)(process.execPath, [script, '--people', '300', '--seed', '2', '--out', out, '--subset']);
      const names = (await readdir(out, { recursive: true })).filter((name) => name.endsWith('.csv')).sort();
      expect(names).toHaveLength(9);
      for (const name of names) {
        expect([name, await readFile(join(out, name), 'utf8')]).toEqual([
          name,
          await readFile(join(SMALL, name), 'utf8'),
        ]);
      }
    } finally {
      await rm(out, { recursive: true });
    }
  });

  it('import without a fault, each account with its truth', async () => {
    const organisations = await imports.importOrganisations([join(SMALL, 'ods')], { actor });
    expect(organisations).toMatchObject({ applied: true, warnings: [] });
    const accounts = await imports.importAccounts(join(SMALL, 'accounts.csv'), { actor });
    expect(accounts).toMatchObject({ applied: true, added: 300, faultCount: 0 });
    expect(accounts.warnings.filter(({ code }) => code !== 'unknown-role' && code !== 'unknown-organisation')).toEqual(
      [],
    );
    expect(await imports.importNhsmail(join(SMALL, 'nhsmail.csv'), { actor })).toMatchObject({ applied: true });
    const none = await imports.importNoNhsmail(join(SMALL, 'no-nhsmail.csv'), { actor });
    expect(none).toMatchObject({ applied: true, warnings: [] });

    const truth = (await readFile(join(SMALL, 'truth.csv'), 'utf8')).trimEnd().split('\n').slice(1);
    const ids = await database.db.selectFrom('account').select('id').orderBy('id').execute();
    expect(truth.map((line) => line.split(',')[0]).sort()).toEqual(ids.map(({ id }) => id));
  });
});
