import { once } from 'node:events';
import { type INestApplicationContext, type Type } from '@nestjs/common';
import { type Config, type Role } from '../platform/config/index.js';
import { type Clock } from '../shared/clock.js';
import { formatDateTime, LondonTime } from '../shared/london-time.js';
import { Interruption } from '../interruption.js';

/** Ends a command that did its work and found what it looked for to be wrong: a refused import, a broken chain. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

interface ContextOptions {
  /** What the work needs; the whole service when left out. */
  readonly modules?: readonly Type[];
  /** Which parts of the service run inside this process. A command that only reads or writes needs none. */
  readonly roles?: readonly Role[];
  /** Instead of the folder that `DATA_DIR` names. */
  readonly dataDir?: string;
  readonly adjust?: (config: Config) => Config;
  readonly clock?: Clock;
}

/** Notes what else is to be let go of at the end, even one by Ctrl-C: the last held is the first released. */
export type Hold = (release: () => Promise<void>) => void;

/** For a demo: whatever the environment says, the database is embedded and mail goes to the capture inbox. */
export function captured(dataDir: string): Pick<ContextOptions, 'dataDir' | 'adjust'> {
  return {
    dataDir,
    adjust: (config) => ({
      ...config,
      databaseUrl: undefined,
      redisUrl: undefined,
      smtpUrl: undefined,
      smtpTransports: [],
      trialMode: true,
    }),
  };
}

/** Runs the work with the service's modules, on the embedded database or DATABASE_URL, and lets go of everything. */
export async function withService<T>(
  work: (app: INestApplicationContext, config: Config, hold: Hold) => Promise<T>,
  { modules, roles = [], dataDir, adjust = (config) => config, clock }: ContextOptions = {},
): Promise<T> {
  const interruption = new Interruption(130);
  // Loaded when it is wanted: the usage, or what is wrong with it, needs nothing of the service.
  const [{ loadConfig }, { PinoLogger }, { createContext }, { TerminalModule }] = await Promise.all([
    import('../platform/config/index.js'),
    import('../platform/logging/index.js'),
    import('../start.js'),
    import('./terminal.module.js'),
  ]);
  // The folder is read with the rest: the secret that signs links is in it.
  const loaded = loadConfig({ LOG_LEVEL: 'warn', ...process.env, ...(dataDir !== undefined && { DATA_DIR: dataDir }) });
  const config = adjust({ ...loaded, roles });
  const running = await createContext(
    { config, logger: new PinoLogger(config.logLevel), ...(clock && { clock }) },
    modules && ((composition) => TerminalModule.compose(composition, modules)),
  );
  const held = [() => running.stop()];
  const stop = async (): Promise<void> => {
    for (let release = held.pop(); release; release = held.pop()) await release();
  };
  interruption.whenRequested(stop);
  try {
    return await work(running.app, config, (release) => held.push(release));
  } catch (error) {
    throw running.explained(error);
  } finally {
    // Interrupted work fails on connections that are gone: no news for a person who pressed Ctrl-C.
    await (interruption.isRequested ? interruption.ended() : stop());
  }
}

/** Writes one line to standard output, which belongs to results; waits when the reader is slow. */
export async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}

/** Rows as lines of JSON, or as what a person reads. */
export async function printRows<T>(
  rows: readonly T[],
  words: (rows: readonly T[]) => string,
  json = false,
): Promise<void> {
  if (json) for (const row of rows) await print(JSON.stringify(row));
  else await print(words(rows));
}

/** Tells a person what goes on, on standard error, so that `--json` output stays clean. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** In London's time and to the minute, as people read it; programs get ISO 8601 with `--json`. */
export function when(instant: Date): string {
  return formatDateTime(LondonTime.minuteOf(instant));
}

/** `1 row`, `2,000 rows`. */
export function count(number: number, thing: string): string {
  return `${number.toLocaleString('en-GB')} ${thing}${number === 1 ? '' : 's'}`;
}

/** Rows as aligned columns; numbers to the right. */
export function table(headers: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const text = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-GB') : cell)));
  const widths = headers.map((header, i) => Math.max(header.length, ...text.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[], numeric: (i: number) => boolean): string =>
    cells
      .map((cell, i) => (numeric(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const isNumber = (i: number): boolean => rows.length > 0 && rows.every((row) => typeof row[i] === 'number');
  return [
    line(headers, isNumber),
    line(
      widths.map((width) => '─'.repeat(width)),
      () => false,
    ),
    ...text.map((row) => line(row, isNumber)),
  ].join('\n');
}
