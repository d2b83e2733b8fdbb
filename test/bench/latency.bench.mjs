import { once } from 'node:events';
import { connect } from 'node:net';
import { Engine } from './engine.mjs';
import { compare, figure, median } from './harness.mjs';
import { startProgram, startQueueServer, startSink } from './servers.mjs';

const CONNECTIONS = 20;
const ONE_WAY_MS = 10;
const LIMIT = 'connections / round trip';

/** How well the engine fills a line with a round trip of 20 ms: no more than one message a round trip fits a connection. */
export async function latency(context) {
  const { quick, cleanUp, say } = context;
  const sink = await startSink(context);
  const redis = await startQueueServer(context);
  const line = await startProgram(cleanUp, 'slow-line', { port: sink.port, oneWayMs: ONE_WAY_MS });
  const engine = await Engine.start({
    dataDir: await cleanUp.folder('latency'),
    smtpUrl: `smtp://127.0.0.1:${line.port}?connections=${CONNECTIONS}`,
    redisUrl: redis?.url,
    prefix: 'latency',
  });
  cleanUp.add(() => engine.stop());
  await engine.send(500);
  const trips = [];
  const rows = await compare({
    rounds: quick ? 2 : 5,
    unit: 'messages/s',
    baselines: [LIMIT],
    contenders: [
      {
        name: LIMIT,
        async run() {
          const seconds = await roundTrip(line.port);
          trips.push(seconds * 1000);
          return { count: CONNECTIONS, seconds };
        },
      },
      { name: 'engine', run: () => engine.send(quick ? 3_000 : 10_000) },
    ],
    say,
  });
  return {
    title: 'Latency',
    rows: rows.map((row) => (row.name === 'engine' ? { ...row, goal: '≥ 0.9' } : row)),
    facts: { roundTripMs: median(trips) },
    notes: [
      `${CONNECTIONS} connections to ${sink.name} over a line that holds every byte back for ${ONE_WAY_MS} ms each way; the round trip measured on it, idle, was ${figure(median(trips))} ms.`,
      `Baseline "${LIMIT}": the number of connections by that measured round trip.`,
    ],
  };
}

/** The median of 25 round trips of one command. */
async function roundTrip(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  try {
    await once(socket, 'data');
    const times = [];
    for (let i = 0; i < 25; i += 1) {
      const started = performance.now();
      socket.write('NOOP\r\n');
      await once(socket, 'data');
      times.push((performance.now() - started) / 1000);
    }
    return median(times);
  } finally {
    socket.destroy();
  }
}
