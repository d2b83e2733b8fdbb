import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { type DeliveryOptions } from '../../src/delivery/delivery.options.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { type TestDatabase } from './database.js';
import { fewTemplates } from './delivery-app.js';

const PROGRAM = join(import.meta.dirname, 'delivery-worker.mjs');

export interface WorkerSetting {
  readonly smtpUrl: string;
  readonly queuePrefix: string;
  /** Of all of them, as on one machine; else each has one of its own. */
  readonly dataDir?: string;
}

/** Workers of the build in processes of their own, for tests that end them. Whoever still lives is killed with it. */
export class WorkerProcesses implements AsyncDisposable {
  private readonly living = new Map<ChildProcess, string>();
  private readonly folders: string[] = [];
  private count = 0;

  constructor(
    private readonly database: TestDatabase<DeliveryTables>,
    private readonly setting: WorkerSetting,
  ) {}

  async start(options: Partial<DeliveryOptions> = {}): Promise<ChildProcess> {
    const worker = await this.load(options);
    this.begin(worker);
    return worker;
  }

  /** A worker that waits for `begin`: loading the build is what takes long. */
  async load(options: Partial<DeliveryOptions> = {}): Promise<ChildProcess> {
    const name = `worker ${(this.count += 1)}`;
    const url = new URL(this.database.connectionString);
    url.searchParams.set('application_name', name);
    const settings = {
      ...this.setting,
      dataDir: this.setting.dataDir ?? (await this.folder()),
      connectionString: url.toString(),
      templatesDir: await fewTemplates(),
      options,
    };
    const worker = spawn(process.execPath, [PROGRAM, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.living.set(worker, name);
    await once(worker.stdout, 'data');
    return worker;
  }

  begin(worker: ChildProcess): void {
    worker.stdin!.write('go');
  }

  /** Ends when PostgreSQL has let go of it too: a statement that was on the way when its client died is still carried out. */
  async end(worker: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (worker.exitCode === null && worker.signalCode === null) {
      const exit = once(worker, 'exit');
      worker.kill(signal);
      await exit;
    }
    const name = this.living.get(worker);
    this.living.delete(worker);
    while (await this.isConnected(name)) await delay(20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.living.keys()].map((worker) => this.end(worker, 'SIGKILL')));
    await Promise.all(this.folders.map((folder) => rm(folder, { recursive: true })));
  }

  private async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'cqrs-comms-worker-'));
    this.folders.push(folder);
    return folder;
  }

  private async isConnected(name: string | undefined): Promise<boolean> {
    const { rows } = await sql`select from pg_stat_activity
      where datname = current_database() and application_name = ${name}`.execute(this.database.db);
    return rows.length > 0;
  }
}
