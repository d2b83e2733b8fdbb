// Whether the API answers at once while a campaign is being sent on the same machine.
import { readFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { OneTimeLink } from '../../dist/access/index.js';
import { loadConfig } from '../../dist/platform/config/index.js';
import { createWebApplication } from '../../dist/start.js';
import { figure, ROOT } from './harness.mjs';
import { signIn } from './service.mjs';
import { startProgram, startQueueServer, startSink } from './servers.mjs';

/** Milliseconds at the 99th percentile. */
const GOAL = 100;
/** It reads the whole trail, by design. */
const LEFT_OUT = ['/api/v1/audit/verification'];

export async function api(context) {
  const { quick, cleanUp, demo, say } = context;
  const dataDir = join(await cleanUp.folder('api'), 'data');
  await cp(await demo(), dataDir, { recursive: true });
  const sink = await startSink(context);
  const redis = await startQueueServer(context);
  const { app, stop } = await createWebApplication({
    config: loadConfig({
      ...{ DATA_DIR: dataDir, PORT: '0', ROLES: 'web', LOG_LEVEL: 'error', RATE_LIMIT_PER_MINUTE: '1000000' },
      REDIS_URL: redis?.url ?? '',
    }),
    logger: false,
  });
  cleanUp.add(stop);
  await app.listen(0, '127.0.0.1');
  const address = await app.getUrl();
  const cookie = await signIn(address, await app.get(OneTimeLink, { strict: false }).create());
  const worker = await startProgram(cleanUp, 'worker', {
    ...{ dataDir, smtpUrl: `smtp://127.0.0.1:${sink.port}?connections=20`, redisUrl: redis?.url, prefix: 'api' },
  });
  const paths = await readable();
  const ask = async (path) => {
    const asked = performance.now();
    const response = await fetch(`${address}${path}`, { headers: { cookie } });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
    return { path, took: performance.now() - asked };
  };
  for (const path of paths) await ask(path);
  await worker.ask({ send: 2_000 });

  const rounds = quick ? 10 : 40;
  const idle = [];
  for (let round = 0; round < rounds; round += 1) for (const path of paths) idle.push(await ask(path));
  say(`idle: ${paths.length} endpoints, ${rounds} times each`);
  let sending = true;
  const count = quick ? 20_000 : 100_000;
  const sent = worker.ask({ send: count }).finally(() => (sending = false));
  const busy = [];
  while (sending) {
    for (const path of paths) {
      busy.push(await ask(path));
      // A reader does not ask without a pause.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const { seconds } = await sent;
  const rows = [
    ['nothing is sent', summary(idle)],
    [`${count.toLocaleString('en-GB')} messages are sent`, summary(busy)],
  ];
  const slow = rows[1][1].p99 >= GOAL ? [`SLOWER THAN ${GOAL} ms: ${rows[1][1].slowest.path}`] : [];
  return {
    title: 'API',
    tables: [
      {
        headers: ['while', 'requests', 'median, ms', '99 %, ms', 'slowest, ms', 'goal'],
        rows: rows.map(([name, { requests, median, p99, slowest }]) => [
          ...[
            name,
            requests,
            figure(median),
            figure(p99),
            `${figure(slowest.took)} (${slowest.path})`,
            `99 % < ${GOAL}`,
          ],
        ]),
      },
    ],
    facts: { rows, messagesPerSecond: count / seconds },
    notes: [
      `Every GET of the API that needs no id (${paths.length}), over the demo’s directory, one after the other, signed in; the service’s web process in this one, a worker process beside it at ${figure(count / seconds)} messages/s (planning included in the time, not in the rate).`,
      ...slow,
    ],
  };
}

async function readable() {
  const { paths } = JSON.parse(await readFile(join(ROOT, 'openapi.json'), 'utf8'));
  return Object.entries(paths)
    .filter(([path, { get }]) => get && !path.includes('{') && !LEFT_OUT.includes(path))
    .map(([path]) => path);
}

function summary(answers) {
  const sorted = [...answers].sort((a, b) => a.took - b.took);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  return { requests: sorted.length, median: at(0.5).took, p99: at(0.99).took, slowest: at(1) };
}
