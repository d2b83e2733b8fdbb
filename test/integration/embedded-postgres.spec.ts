import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { loadConfig } from '../../src/platform/config/index.js';
import { connect, discardDataFolder, openEmbeddedPostgres } from '../../src/platform/database/index.js';
import { PinoLogger } from '../../src/platform/logging/index.js';
import { createContext } from '../../src/start.js';

let dataDir: string;
const pidOf = async () => Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-embedded-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

describe('the embedded PostgreSQL', () => {
  it('is shared by everybody on the data folder, and stopped by the last one out', async () => {
    const [first, second] = await Promise.all([openEmbeddedPostgres({ dataDir }), openEmbeddedPostgres({ dataDir })]);
    expect(first.connectionString).toBe(second.connectionString);
    const pid = await pidOf();

    await first.release();
    const db = connect(second.connectionString, 1);
    expect((await sql<{ answer: number }>`select 42 as answer`.execute(db)).rows).toEqual([{ answer: 42 }]);
    await db.destroy();

    await second.release();
    expect(alive(pid)).toBe(false);
  });

  it('adopts a server that a process killed with -9 left behind, with its data', async () => {
    const script = `
      import { connect, openEmbeddedPostgres } from ${JSON.stringify(join(process.cwd(), 'dist/platform/database/index.js'))};
      import { sql } from ${JSON.stringify(join(process.cwd(), 'node_modules/kysely/dist/esm/index.js'))};
      const server = await openEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} });
      const db = connect(server.connectionString, 1);
      await sql\`create table kept (n int)\`.execute(db);
      console.log('ready');
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');
    const pid = await pidOf();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(alive(pid)).toBe(true);

    const adopted = await openEmbeddedPostgres({ dataDir });
    expect(await pidOf()).toBe(pid);
    const db = connect(adopted.connectionString, 1);
    expect((await sql`select n from kept`.execute(db)).rows).toEqual([]);
    await db.destroy();
    await adopted.release();
    expect(alive(pid)).toBe(false);
  });

  it('is not thrown away while somebody uses it', async () => {
    const server = await openEmbeddedPostgres({ dataDir });
    await expect(discardDataFolder(dataDir)).rejects.toThrow(`A running service uses ${dataDir}: stop it first`);
    const db = connect(server.connectionString, 1);
    expect((await sql<{ answer: number }>`select 42 as answer`.execute(db)).rows).toEqual([{ answer: 42 }]);
    await db.destroy();
    await server.release();
    await discardDataFolder(dataDir);
    expect(existsSync(dataDir)).toBe(false);
    await discardDataFolder(dataDir);
  });

  it('is let go of by a service one of whose parts fails as it stops', async () => {
    const config = { ...loadConfig({ NODE_ENV: 'test', DATA_DIR: dataDir }), roles: [] };
    class Stubborn {
      onModuleDestroy(): Promise<void> {
        return Promise.reject(new Error('Not yet'));
      }
    }
    const root = () => ({ module: Stubborn });
    const running = await createContext({ config, logger: new PinoLogger('fatal') }, root);
    const pid = await pidOf();
    await running.stop().catch(() => undefined);
    expect(alive(pid)).toBe(false);
  });

  it.each(['the server', 'one of its processes'])(
    'goes on for whoever uses it when %s was killed, and is stopped by nobody else',
    async (whom) => {
      const server = await openEmbeddedPostgres({ dataDir, revives: true });
      const db = connect(server.connectionString, 2);
      const ask = async () => {
        const { rows } = await sql<{ pid: number; users: number }>`
          select pg_backend_pid() as pid, count(*) as users from pg_locks where locktype = 'advisory'`.execute(db);
        return rows[0];
      };
      const hasUsers = async () => {
        while (!(await ask().catch(() => undefined))?.users) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      const before = await pidOf();
      process.kill(whom === 'the server' ? before : (await ask())!.pid, 'SIGKILL');
      await hasUsers();
      const after = await pidOf();
      expect(after === before).toBe(whom !== 'the server');
      // A command that ends stops the server only where it is the last user.
      await (await openEmbeddedPostgres({ dataDir })).release();
      await hasUsers();
      expect(await pidOf()).toBe(after);
      await db.destroy();
      await server.release();
      expect(alive(after)).toBe(false);
    },
    60_000,
  );

  it('recovers when the server itself was killed', async () => {
    const first = await openEmbeddedPostgres({ dataDir });
    process.kill(await pidOf(), 'SIGKILL');
    const second = await openEmbeddedPostgres({ dataDir });
    const db = connect(second.connectionString, 1);
    expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
    await db.destroy();
    await first.release();
    await second.release();
  });

  it('recovers when the id of the server that was killed belongs to another program by now', async () => {
    const first = await openEmbeddedPostgres({ dataDir });
    const pid = await pidOf();
    process.kill(pid, 'SIGKILL');
    await eventually(() => !alive(pid));
    const file = join(dataDir, 'postgres', 'postmaster.pid');
    // As after a restart of the machine: this very process, which is no PostgreSQL.
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, String(process.pid)));
    const second = await openEmbeddedPostgres({ dataDir });
    expect(await pidOf()).not.toBe(process.pid);
    const db = connect(second.connectionString, 1);
    expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
    await db.destroy();
    await first.release();
    await second.release();
  });

  it('says in one line what is wrong with a data folder that is a file', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    await expect(openEmbeddedPostgres({ dataDir: join(file, 'below') })).rejects.toThrow(
      /^DATA_DIR: expected a folder that this user may write to\. .*below: it is a file, or below one$/,
    );
  });
});
