import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { copyInto, copyRow } from '../../src/platform/database/index.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

interface Tables {
  copied: { id: number; text: string | null; list: string[] | null; json: unknown };
}
const COLUMNS = ['id', 'text', 'list', 'json'];

let database: TestDatabase<Tables>;
let db: Kysely<Tables>;

beforeAll(async () => {
  database = await testDatabase<Tables>();
  db = database.db;
  await sql`create table copied (id integer primary key, text text, list text[], json jsonb)`.execute(db);
});
afterEach(async () => {
  await db.deleteFrom('copied').execute();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

/** PostgreSQL holds no U+0000 and no half of a pair. */
const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[\\\t\n\r"{},N. a]{0,8}$/),
    fc.constantFrom('', '\\N', '\\.', 'NULL', 'null', '{}', ' '),
  )
  .filter((value) => !value.includes('\0'));

it('writes whatever text and lists can hold, and reads as what was given', async () => {
  const row = fc.record({
    text: fc.option(text),
    list: fc.option(fc.array(text, { maxLength: 4 })),
    json: fc.option(fc.record({ text, list: fc.array(text, { maxLength: 2 }) })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 5 }), async (given) => {
      const rows = given.map((each, id) => ({ id, ...each }));
      const texts = rows.map(({ id, text: one, list, json }) => copyRow([id, one, list, json && JSON.stringify(json)]));
      await copyInto(db, 'copied', COLUMNS, texts);
      expect(await db.selectFrom('copied').selectAll().orderBy('id').execute()).toEqual(rows);
    }),
    {
      numRuns: 200,
      plugins: [
        fc.afterEach(async () => {
          await db.deleteFrom('copied').execute();
        }),
      ],
    },
  );
});

it('keeps to its transaction, and reports what the database refuses', async () => {
  const rows = [copyRow([1, 'one', null, null])];
  await expect(
    db.transaction().execute(async (trx) => {
      await copyInto(trx, 'copied', COLUMNS, rows);
      expect(await trx.selectFrom('copied').select('text').execute()).toEqual([{ text: 'one' }]);
      await copyInto(trx, 'copied', COLUMNS, rows);
    }),
  ).rejects.toMatchObject({ code: '23505' });
  expect(await db.selectFrom('copied').selectAll().execute()).toEqual([]);
});

it('leaves a connection that can be used again after a refused row', async () => {
  await db.connection().execute(async (connection) => {
    await expect(copyInto(connection, 'copied', COLUMNS, ['not a number\tx\t\\N\t\\N\n'])).rejects.toMatchObject({
      code: '22P02',
    });
    await copyInto(connection, 'copied', COLUMNS, [copyRow([2, '', [], null])]);
  });
  expect(await db.selectFrom('copied').selectAll().execute()).toEqual([{ id: 2, text: '', list: [], json: null }]);
});
