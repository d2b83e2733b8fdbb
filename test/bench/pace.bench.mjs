import { Engine } from './engine.mjs';
import { figure } from './harness.mjs';
import { startProgram, startQueueServer, startSink } from './servers.mjs';

const PROCESSES = 2;
/** Two are told apart by what they are for: a limit for throughput, and that of Exchange Online, which wants no bursts. */
const RATES = [
  { perMinute: 6_000, seconds: 60, tolerance: 0.02 },
  { perMinute: 30, seconds: 60, tolerance: 0.02 },
];

/** Whether several workers together keep to a rate, at real pace: how many a minute, and how evenly. */
export async function pace(context) {
  const { quick, cleanUp, say } = context;
  const rows = [];
  const failures = [];
  for (const { perMinute, seconds: full, tolerance } of RATES) {
    const seconds = quick ? full / 4 : full;
    const sink = await startSink(context);
    const redis = await startQueueServer(context);
    const settings = {
      dataDir: await cleanUp.folder('pace'),
      smtpUrl: `smtp://127.0.0.1:${sink.port}?connections=20`,
      redisUrl: redis?.url,
      prefix: 'pace',
      settings: { MAIL_RATE_PER_MINUTE: String(perMinute) },
    };
    const scheduler = await Engine.start({ ...settings, roles: [] });
    cleanUp.add(() => scheduler.stop());
    for (let i = 0; i < PROCESSES; i += 1) await startProgram(cleanUp, 'worker', settings);
    // One slice for each process at least, and enough that nobody runs dry before the time is over.
    const expected = Math.round((perMinute / 60) * seconds);
    const dispatchId = await scheduler.plan(Math.max(1_500, Math.round(expected * 1.5)));
    const left = await leftWithin(scheduler, dispatchId, seconds + 2);
    await scheduler.ledger.cancel({ dispatchId }, 'the bench has seen enough');
    // From the second message on: the first waits for nobody.
    const from = left[1] ?? 0;
    const counted = left.filter((at) => at >= from && at < from + seconds * 1_000).length;
    const gaps = left.slice(2).map((at, i) => at - left[i + 1]);
    const row = {
      ...{ perMinute, seconds, expected, counted, off: counted / expected - 1 },
      longestGapMs: Math.max(...gaps),
      inBusiestSecond: busiestSecond(left),
    };
    say(`${perMinute} a minute: ${counted} in ${seconds} s`);
    rows.push(row);
    // One message more or less is nobody's fault where 2 % are less than one.
    if (Math.abs(counted - expected) > Math.max(1, tolerance * expected)) {
      failures.push(`${perMinute} a minute: ${counted} in ${seconds} s, expected ${expected} within 2 %`);
    }
    await cleanUp.all();
  }
  return {
    title: 'Pace',
    tables: [
      {
        headers: [
          'limit a minute',
          'seconds',
          'left',
          'off the limit',
          'in the busiest second',
          'longest gap, ms',
          'goal',
        ],
        rows: rows.map(({ perMinute, seconds, counted, off, inBusiestSecond, longestGapMs }) => [
          ...[perMinute, seconds, counted, `${(off * 100).toFixed(2)} %`, inBusiestSecond, figure(longestGapMs)],
          'within 2 %',
        ]),
      },
    ],
    facts: { rows },
    notes: [
      `${PROCESSES} worker processes with one limit between them, by the clock of this machine; times are those of the ledger, which writes acknowledgements together every 100 ms.`,
    ],
    failures,
  };
}

/** When each message left, in milliseconds, until so many seconds after the first. */
async function leftWithin(scheduler, dispatchId, seconds) {
  const ask = async () => {
    const { rows } = await scheduler.pool.query(
      'select accepted_at from delivery where dispatch_id = $1 and accepted_at is not null order by accepted_at',
      [dispatchId],
    );
    return rows.map(({ accepted_at: at }) => at.getTime());
  };
  for (;;) {
    await scheduler.reconciler.tick();
    const left = await ask();
    if (left.length > 0 && Date.now() - left[0] > seconds * 1_000) return left;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function busiestSecond(times) {
  let most = 0;
  let from = 0;
  times.forEach((at, i) => {
    while (times[from] <= at - 1_000) from += 1;
    most = Math.max(most, i - from + 1);
  });
  return most;
}
