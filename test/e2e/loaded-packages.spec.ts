import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase, type TestDatabase } from '../support/database.js';

const ROOT = join(import.meta.dirname, '..', '..');
const HOOK = join(ROOT, 'test', 'support', 'loaded-packages.mjs');
const folder = mkdtempSync(join(tmpdir(), 'cqrs-comms-loaded-'));
let database: TestDatabase<never>;
beforeAll(async () => {
  database = await testDatabase<never>();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** What a program of the build has loaded by its end, or by the time it serves. */
async function loadedBy(name: string, program: string[], settings: Record<string, string> = {}): Promise<string[]> {
  const loaded = join(folder, name);
  const started = spawn(process.execPath, ['--import', HOOK, ...program], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      LOADED_PACKAGES: loaded,
      DATABASE_URL: database.connectionString,
      DATA_DIR: folder,
      PORT: '0',
      LOG_LEVEL: 'error',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(started, 'exit');
  let told = '';
  started.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString();
    if (/^cqrs-comms \(.+\) at /m.test(told)) started.kill('SIGTERM');
  });
  expect({ ended: await ended, told }).toMatchObject({ ended: [0, null] });
  return [...new Set(readFileSync(loaded, 'utf8').trim().split('\n'))];
}

const among = (packages: readonly string[], wanted: readonly string[]): string[] =>
  wanted.filter((name) => packages.includes(name));

const ROUTES = ['@nestjs/swagger', '@bull-board/api', 'nunjucks', 'openid-client'];
const SELDOM = ['mjml', 'imapflow', 'notifications-node-client', '@opentelemetry/sdk-trace-base'];

describe('a start loads what the process needs and no more', () => {
  it.each(['worker', 'scheduler'])('as %s, neither API nor pages', async (role) => {
    const packages = await loadedBy(role, ['dist/main.js'], { ROLES: role });
    expect(among(packages, ['bullmq', 'handlebars', 'nodemailer'])).toHaveLength(3);
    expect(among(packages, [...ROUTES, ...SELDOM, 'mailparser'])).toEqual([]);
  });

  it('as web, both, so that nobody waits for them later', async () => {
    const packages = await loadedBy('web', ['dist/main.js'], { ROLES: 'web' });
    expect(among(packages, [...ROUTES, 'mailparser'])).toEqual([...ROUTES, 'mailparser']);
    expect(among(packages, SELDOM)).toEqual([]);
  });

  it('as the usage of the commands, nothing of the service', async () => {
    const packages = await loadedBy('help', ['dist/cli.js', '--help']);
    expect(packages).toContain('commander');
    expect(among(packages, ['@nestjs/common', 'kysely', 'pg', 'bullmq'])).toEqual([]);
  });

  it('as a command that reads, neither queue nor templates nor a web server', async () => {
    const packages = await loadedBy('segments', ['dist/cli.js', 'segments']);
    expect(packages).toContain('kysely');
    expect(among(packages, ['bullmq', 'handlebars', 'express', 'nodemailer', ...ROUTES, ...SELDOM])).toEqual([]);
  });
});
