import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { DATABASE_SERVER, type DatabaseServer } from '../platform/database/index.js';
import { FlightRecord } from './flight.record.js';
import { type Lease } from './slice.repository.js';

/** A record of what the ledger does not know all of, and to which nothing more will be noted. */
export interface LeftRecord {
  readonly path: string;
  readonly sliceId: string;
  readonly epoch: number;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/** What the operating system allows for the address of a socket (sun_path, with its final zero). */
const LONGEST_ADDRESS = 107;
const OWNER = 'owner';
const ALIVE = 'alive';
const NAME = /^(?<sliceId>[0-9a-f-]{36})\.(?<epoch>\d+)$/;

/**
 * Keeps the flight records of this process in the data folder, and finds those of processes that have ended there. A
 * process has ended when nobody listens at its socket any more: one that is frozen does, and one on another machine, or
 * of before the machine was started, cannot be told.
 */
@Injectable()
export class FlightRecorder implements OnApplicationShutdown {
  private readonly logger = new Logger(FlightRecorder.name);
  private readonly folder: string;
  private readonly own: string;
  /** To whom records mean something: this start of the machine, and this database. */
  private readonly owner: string | undefined;
  private listening: Promise<Server | undefined> | undefined;
  private readonly records = new Set<FlightRecord>();

  constructor(@InjectConfig() { dataDir }: Config, @Inject(DATABASE_SERVER) { connectionString }: DatabaseServer) {
    this.folder = join(dataDir, 'flights');
    this.own = join(this.folder, randomBytes(4).toString('hex'));
    this.owner = ownerOf(connectionString);
  }

  /** Undefined where none can be kept: what this process has on the wire when it is killed is in doubt then, all of it. */
  async begin({ sliceId, epoch, firstOrdinal, lastOrdinal }: Lease): Promise<FlightRecord | undefined> {
    this.listening ??= this.listen();
    if (!(await this.listening)) return undefined;
    for (const record of this.records) if (!record.isOpen) this.records.delete(record);
    try {
      const record = FlightRecord.begin(join(this.own, `${sliceId}.${epoch}`), firstOrdinal, lastOrdinal);
      this.records.add(record);
      return record;
    } catch (error) {
      this.warn(error);
      return undefined;
    }
  }

  /** Of processes that have ended, and of runs of this one that failed. */
  async left(): Promise<LeftRecord[]> {
    const found: LeftRecord[] = [];
    for (const name of this.namesIn(this.folder)) {
      const folder = join(this.folder, name);
      if (folder !== this.own && !(await this.hasEnded(folder))) continue;
      for (const file of this.namesIn(folder)) {
        const path = join(folder, file);
        const { sliceId, epoch } = NAME.exec(file)?.groups ?? {};
        if (sliceId !== undefined && !this.isOpen(path)) found.push({ path, sliceId, epoch: Number(epoch) });
      }
    }
    return found;
  }

  /** Removes a record that the ledger knows all of, and the folder behind the last one, if another has not done so. */
  forget({ path }: LeftRecord): void {
    rmSync(path, { force: true });
    const folder = dirname(path);
    if (folder !== this.own && this.namesIn(folder).every((name) => name === OWNER || name === ALIVE))
      rmSync(folder, { recursive: true, force: true });
  }

  async onApplicationShutdown(): Promise<void> {
    const server = await this.listening;
    // While a record is there it listens on, to the end of the process: somebody may still be sending.
    if (!server || this.namesIn(this.own).some((name) => NAME.test(name))) return;
    this.listening = Promise.resolve(undefined);
    server.close();
    await once(server, 'close');
    rmSync(this.own, { recursive: true, force: true });
  }

  private async listen(): Promise<Server | undefined> {
    if (this.owner === undefined) return undefined;
    const address = join(this.own, ALIVE);
    // Listening there, Node would cut the address off without a word.
    if (Buffer.byteLength(address) > LONGEST_ADDRESS) return undefined;
    try {
      mkdirSync(this.own, { recursive: true, mode: 0o700 });
      const server = createServer((socket) => socket.destroy()).unref();
      server.listen(address);
      await once(server, 'listening');
      // Last: a folder without it has no owner yet.
      writeFileSync(join(this.own, OWNER), this.owner, { mode: 0o600 });
      return server;
    } catch (error) {
      this.warn(error);
      return undefined;
    }
  }

  private isOpen(path: string): boolean {
    return [...this.records].some((record) => record.isOpen && record.path === path);
  }

  private async hasEnded(folder: string): Promise<boolean> {
    try {
      if (this.owner === undefined || readFileSync(join(folder, OWNER), 'utf8') !== this.owner) return false;
    } catch {
      return false;
    }
    const socket = connect(join(folder, ALIVE));
    try {
      await once(socket, 'connect');
      return false;
    } catch (error) {
      // Anything else may be somebody who is too busy to answer, or whose socket was swept away.
      return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
    } finally {
      socket.destroy();
    }
  }

  private namesIn(folder: string): string[] {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  }

  private warn(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    this.logger.warn({ message: 'no flight record', error: code ?? message });
  }
}

function ownerOf(connectionString: string): string | undefined {
  try {
    return `${readFileSync(BOOT_ID, 'utf8').trim()} ${new URL(connectionString).pathname}\n`;
  } catch {
    return undefined;
  }
}
