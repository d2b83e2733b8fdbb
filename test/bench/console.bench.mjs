// Whether every page of the console answers at once when the ledger is full.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { loadConfig } from '../../dist/platform/config/index.js';
import { DATABASE_SERVER } from '../../dist/platform/database/index.js';
import { OneTimeLink } from '../../dist/access/index.js';
import { FixedClock } from '../../dist/shared/clock.js';
import { createWebApplication } from '../../dist/start.js';
import { figure } from './harness.mjs';
import { NOW, settleNation } from './nation.mjs';
import { signIn } from './service.mjs';
import { pagesOf, pathsOf } from './console.pages.mjs';

/** Milliseconds at the 95th percentile. */
const GOAL = 150;
const SIZE = { accounts: 100_000, messages: 1_000_000, auditEntries: 100_000, captured: 20_000 };
const QUICK_SIZE = { accounts: 30_000, messages: 60_000, auditEntries: 5_000, captured: 2_000 };

/** One reader after the other asks for every page, again and again; each time the page is about something else. */
export async function console({ quick, cleanUp, demo, say }) {
  const dataDir = join(await cleanUp.folder('console'), 'data');
  await cp(await demo(), dataDir, { recursive: true });
  const settings = { DATA_DIR: dataDir, PORT: '0', ROLES: 'web', LOG_LEVEL: 'error', RATE_LIMIT_PER_MINUTE: '1000000' };
  const { app, stop } = await createWebApplication({
    config: loadConfig(settings),
    logger: false,
    clock: new FixedClock(NOW),
  });
  cleanUp.add(stop);
  await app.listen(0, '127.0.0.1');
  const get = (token) => app.get(token, { strict: false });
  const pool = new pg.Pool({ connectionString: get(DATABASE_SERVER).connectionString, max: 2 });
  cleanUp.add(() => pool.end());
  const size = quick ? QUICK_SIZE : SIZE;
  const started = performance.now();
  const nation = await settleNation({ get, pool, size, say });
  say(`the nation took ${figure((performance.now() - started) / 1000)} s`);

  const address = await app.getUrl();
  const cookie = await signIn(address, await get(OneTimeLink).create());
  const ask = async (path) => {
    const asked = performance.now();
    const response = await fetch(`${address}${path}`, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' });
    const body = await response.text();
    const took = performance.now() - asked;
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${body.slice(0, 500)}`);
    return took;
  };
  const pages = await pagesOf({ pool, nation });
  const unmeasured = pathsOf(app).filter((path) => !pages.some(({ route }) => route === path));
  const first = await ask('/practices');
  const times = new Map(pages.map(({ name }) => [name, []]));
  for (const { name, path } of pages) say(`${name}: ${figure(await ask(path(0)))} ms at first`);
  const rounds = quick ? 20 : 100;
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, path } of pages) times.get(name).push(await ask(path(round)));
  }
  const rows = [...times].map(([name, all]) => {
    const sorted = all.sort((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
    return { name, median: at(0.5), p95: at(0.95), slowest: at(1) };
  });
  rows.sort((a, b) => b.p95 - a.p95);
  const slow = rows.filter(({ p95 }) => p95 >= GOAL).map(({ name, p95 }) => `${name}: ${figure(p95)} ms`);
  return {
    title: 'Console',
    tables: [
      {
        headers: ['page', 'median, ms', '95 %, ms', 'slowest, ms', 'goal'],
        rows: rows.map(({ name, median, p95, slowest }) => [
          ...[name, figure(median), figure(p95), figure(slowest), `< ${GOAL}`],
        ]),
      },
    ],
    facts: { ...nation.facts, firstAfterImportMs: first, pages: rows },
    notes: [
      `${nation.facts.messages.toLocaleString('en-GB')} messages of ${nation.facts.campaigns} campaigns, ${nation.facts.accounts.toLocaleString('en-GB')} accounts, ${size.auditEntries.toLocaleString('en-GB')} audit entries; ${rounds} requests of each page in turn from the same process, over HTTP, signed in, each about something else.`,
      `The first page after an import works out the sign-in group of everybody: ${figure(first / 1000)} s.`,
      ...(slow.length > 0 ? [`SLOWER THAN ${GOAL} ms: ${slow.join('; ')}`] : []),
    ],
    failures: unmeasured.map((path) => `${path} is not measured: add it to console.pages.mjs`),
  };
}
