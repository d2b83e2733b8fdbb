import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { sql } from 'kysely';
import { loadConfig } from '../../src/platform/config/index.js';
import { connect, ensureSchema, migrate, PREPARED } from '../../src/platform/database/index.js';
import { BreakingWire } from '../support/breaking-wire.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

describe('a transaction whose process falls silent', () => {
  it.each([
    ['after five minutes', null, '5min'],
    ['when the operator says', '30s', '30s'],
  ])('ends %s', async (_, operators, expected) => {
    await using database = await testDatabase();
    const name = sql.id(new URL(database.connectionString).pathname.slice(1));
    if (operators !== null)
      await sql`alter database ${name} set idle_in_transaction_session_timeout = ${sql.lit(operators)}`.execute(
        database.db,
      );
    const db = connect(database.connectionString, 1);
    try {
      const { rows } = await sql`show idle_in_transaction_session_timeout`.execute(db);
      expect(rows).toEqual([{ idle_in_transaction_session_timeout: expected }]);
    } finally {
      await db.destroy();
    }
  });
});

describe('a connection that nobody gives back', () => {
  it('is not waited for without end: whoever asks is told to try again', async () => {
    await using database = await testDatabase();
    const db = connect(database.connectionString, 1, 200);
    try {
      await db.transaction().execute(async () => {
        await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'database-busy' });
      });
      expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
    } finally {
      await db.destroy();
    }
  });
});

describe('a statement that runs again and again', () => {
  it('is parsed once by each connection, and planned anew for a table that was analysed', async () => {
    await using database = await testDatabase();
    const db = connect(database.connectionString, 1);
    try {
      await sql`create table note (id integer primary key, text text)`.execute(db);
      await sql`insert into note values (1, 'first')`.execute(db);
      await sql`vacuum analyze note`.execute(db);
      const find = (id: number) => sql`${PREPARED} select text from note where id = ${id}`.execute(db);
      for (let i = 0; i < 10; i++) expect((await find(1)).rows).toEqual([{ text: 'first' }]);
      const { rows } = await sql`select generic_plans::int, custom_plans::int from pg_prepared_statements`.execute(db);
      expect(rows).toEqual([{ generic_plans: 5, custom_plans: 5 }]);

      await sql`insert into note select n, 'more' from generate_series(2, 20000) n`.execute(db);
      await sql`analyze note`.execute(db);
      const read = async () => {
        await sql`select pg_stat_force_next_flush()`.execute(db);
        const stats = await sql<{
          whole: number;
        }>`select seq_scan::int as whole from pg_stat_user_tables where relname = 'note'`.execute(db);
        return stats.rows[0]?.whole;
      };
      const before = await read();
      for (let i = 0; i < 10; i++) expect((await find(20_000)).rows).toEqual([{ text: 'more' }]);
      expect(await read()).toBe(before);
    } finally {
      await db.destroy();
    }
  });
});

describe('a COMMIT whose answer is lost', () => {
  let database: TestDatabase<{ note: { text: string } }>;
  let wire: BreakingWire;
  let db: typeof database.db;
  beforeEach(async () => {
    database = await testDatabase();
    wire = await BreakingWire.to(database.server);
    db = connect(wire.server.connectionString, 1, 300);
    await sql`create table note (text text)`.execute(db);
  });
  afterEach(async () => {
    await db.destroy();
    await wire[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  const write = () => db.transaction().execute((trx) => trx.insertInto('note').values({ text: 'kept' }).execute());
  const notes = async () => (await database.db.selectFrom('note').selectAll().execute()).length;
  const COMMIT = 3;

  it('was carried out when it was, and its connection is replaced', async () => {
    wire.breakAt(COMMIT, 'unanswered');
    await write();
    expect(wire.isBroken).toBe(true);
    expect(await notes()).toBe(1);
    await write();
    expect(await notes()).toBe(2);
  });

  it('fails when nothing was kept', async () => {
    wire.breakAt(COMMIT, 'unsent');
    await expect(write()).rejects.toThrow('Connection terminated');
    expect(await notes()).toBe(0);
  });

  it('says that it does not know when there is no server to ask', async () => {
    const lost = db.transaction().execute(async (trx) => {
      await trx.insertInto('note').values({ text: 'lost' }).execute();
      await wire[Symbol.asyncDispose]();
    });
    await expect(lost).rejects.toMatchObject({ code: 'outcome-unknown' });
  });
});

describe('a server that takes a connection and says nothing', () => {
  it('is not waited for without end', async () => {
    await using server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const db = connect(`postgres://nobody@127.0.0.1:${port}/nothing`, 1, 200);
    await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'database-unreachable' });
    await db.destroy();
  });
});

describe('a migration', () => {
  it('gives up at a table that somebody works on, so that nobody else waits behind it, and does its work later', async () => {
    await using database = await testDatabase<{ kysely_migration: { name: string } }>();
    const { db } = database;
    const name = '0650_message_values';
    await db.deleteFrom('kysely_migration').where('name', '=', name).execute();
    await db.transaction().execute(async (trx) => {
      await sql`select count(*) from message`.execute(trx);
      const migrating = migrate(db, 200);
      await expect(migrating).rejects.toMatchObject({
        code: 'migration-failed',
        message: expect.stringMatching(`^Migration ${name} failed: the service is at work`) as string,
      });
    });
    expect(await migrate(db)).toEqual([name]);
  });
});

describe('a database that a newer version has changed', () => {
  it.each(['production', 'development'])('is left alone by an older one, in %s', async (environment) => {
    await using database = await testDatabase<{ kysely_migration: { name: string; timestamp: string } }>();
    const { db } = database;
    const config = { ...loadConfig({ NODE_ENV: 'test' }), environment } as ReturnType<typeof loadConfig>;
    await ensureSchema(db, config);
    const ofTomorrow = { name: '9999_of_tomorrow', timestamp: '2027-01-01' };
    await db.insertInto('kysely_migration').values(ofTomorrow).execute();
    await expect(ensureSchema(db, config)).rejects.toMatchObject({
      code: 'database-newer',
      message: expect.stringContaining('(9999_of_tomorrow): start that version, or restore the backup') as string,
    });
  });
});
