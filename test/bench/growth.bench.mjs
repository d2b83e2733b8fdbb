import { Engine } from './engine.mjs';
import { compare, figure } from './harness.mjs';
import { startProgram, startQueueServer, startSink } from './servers.mjs';

const label = (count) => `${count.toLocaleString('en-GB')} messages`;
/** Megabytes (10^6 bytes) that a worker may hold. */
const MEMORY_GOAL = 300;

/** Whether a message costs the same, and a worker holds no more, however large the campaign is. */
export async function growth(context) {
  const { quick, cleanUp, say } = context;
  const sink = await startSink(context);
  const redis = await startQueueServer(context);
  const settings = {
    dataDir: await cleanUp.folder('growth'),
    smtpUrl: `smtp://127.0.0.1:${sink.port}?connections=20`,
    redisUrl: redis?.url,
    prefix: 'growth',
  };
  // This process plans and reconciles; a process of its own sends.
  const scheduler = await Engine.start({ ...settings, roles: [] });
  cleanUp.add(() => scheduler.stop());
  const worker = await startProgram(cleanUp, 'worker', settings);
  await scheduler.send(5_000);

  const sizes = quick ? [1_000, 10_000, 30_000] : [1_000, 10_000, 100_000, 1_000_000];
  const [smallest, ...larger] = sizes;
  const details = new Map();
  const measure = (count) => async () => {
    await worker.ask('peak');
    const plannerPeak = peakHere();
    const started = performance.now();
    const dispatchId = await scheduler.plan(count);
    const planSeconds = (performance.now() - started) / 1000;
    const result = await scheduler.sendPlanned(dispatchId, count);
    const { peakBytes } = await worker.ask('peak');
    details.set(count, { planSeconds, sendSeconds: result.seconds, peakBytes, plannerPeakBytes: plannerPeak() });
    return result;
  };
  // The largest run once: they take minutes.
  const repeated = larger.filter((count) => count <= 10_000);
  const rows = await compare({
    rounds: quick ? 3 : 7,
    unit: 'messages/s',
    baselines: [label(smallest)],
    contenders: [smallest, ...repeated].map((count) => ({ name: label(count), run: measure(count) })),
    say,
  });
  for (const count of larger.filter((size) => size > 10_000)) {
    const [row] = await compare({
      ...{ rounds: 1, unit: 'messages/s', baselines: [], say },
      contenders: [{ name: label(count), run: measure(count) }],
    });
    rows.push({ ...row, ratios: { [label(smallest)]: row.rate / rows[0].rate } });
  }
  return {
    title: 'Growth',
    rows: rows.map((row, i) => (i === 0 ? row : { ...row, goal: '≥ 0.8' })),
    tables: [
      {
        title: 'The last run of each size',
        headers: [
          'messages',
          'planning, s',
          'sending, s',
          'µs a message',
          'planner peak, MB',
          'worker peak, MB',
          'goal',
        ],
        rows: [...details].map(([count, { planSeconds, sendSeconds, peakBytes, plannerPeakBytes }]) => [
          ...[count, figure(planSeconds), figure(sendSeconds), figure((sendSeconds / count) * 1e6)],
          ...[figure(plannerPeakBytes / 1e6), figure(peakBytes / 1e6), `< ${MEMORY_GOAL}`],
        ]),
      },
    ],
    facts: Object.fromEntries(details),
    notes: [
      `One worker process, one that plans and reconciles twice a second, ${sink.name}, queues in ${redis ? 'Redis' : 'PostgreSQL'}. Peak memory is the resident set of the process, sampled every 50 ms; the goal is the worker’s.`,
      `Baseline: the smallest campaign. The smaller ones are medians of interleaved rounds; those above 10,000 ran once${quick ? '; 100,000 and 1,000,000 are left out by --quick' : ''}.`,
    ],
  };
}

/** @returns what ends the sampling and tells the most memory that this process held meanwhile, in bytes */
function peakHere() {
  let peak = process.memoryUsage.rss();
  const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50).unref();
  return () => {
    clearInterval(sampling);
    return peak;
  };
}
