import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Engine } from './engine.mjs';
import { compare, figure, finished } from './harness.mjs';
import { NaiveSender } from './naive-sender.mjs';
import { program, startProgram, startQueueServer, startSink } from './servers.mjs';

const A = 'A';
const NAIVE = 'naive';
const CACHED = 'cached';
const SYNCED = 'engine';
const GOALS = {
  [SYNCED]: '≥ 1.0 × A, ≥ 70 × naive, ≥ 18 × cached',
  'engine, two processes': '≥ 1.6 × engine where cores allow',
  'engine, fsync off': 'engine ≥ 0.9 × this',
  'engine, nodemailer transport': '≥ 0.26 × A',
  'engine, DKIM ed25519': '≥ 0.55 × A',
  'engine, DKIM RSA-2048': '≥ 0.45 × A',
};

/** How fast a campaign goes from due ledger rows to acknowledged ones, through the whole service. */
export async function send(context) {
  const { quick, cleanUp, say } = context;
  const sink = await startSink(context);
  const redis = await startQueueServer(context);
  const base = {
    dataDir: await cleanUp.folder('send'),
    redisUrl: redis?.url,
    smtpUrl: `smtp://127.0.0.1:${sink.port}?connections=20`,
  };
  // This process keeps the database and is the naive senders' own. Each engine is what a deployment is: a process that
  // plans and reconciles, and one that sends.
  const host = async (prefix) => {
    const engine = await Engine.start({ ...base, prefix, roles: [] });
    cleanUp.add(() => engine.stop());
    return engine;
  };
  const engineOf = async (prefix, { query = '', workers = 1 } = {}) => {
    const settings = { ...base, prefix, smtpUrl: base.smtpUrl + query };
    for (let i = 0; i < workers; i += 1) await startProgram(cleanUp, 'worker', settings);
    const scheduler = await startProgram(cleanUp, 'worker', { ...settings, roles: [] });
    say(`started the engine of the queue ${prefix}`);
    return { send: (count) => scheduler.ask({ send: count }) };
  };
  const lender = await host('naive');
  const engine = await engineOf('plain');
  const nodemailer = await engineOf('nodemailer', { query: '&pipelining=off' });
  const ed25519 = await engineOf('ed25519', { query: await dkim(cleanUp, 'ed25519') });
  const rsa = await engineOf('rsa', { query: await dkim(cleanUp, 'rsa') });
  const pair = await engineOf('pair', { workers: 2 });
  const naive = await NaiveSender.start({ engine: lender, port: sink.port, compiledOnce: false });
  cleanUp.add(() => naive.stop());
  const cached = await NaiveSender.start({ engine: lender, port: sink.port, compiledOnce: true });
  cleanUp.add(() => cached.stop());
  const mime = await lender.sampleMime();
  const source = program('smtp-source');
  const unit = 5_000;

  // Once through everything: connections are open and code is compiled before anything counts. A worker's rate still
  // grew by a tenth from its tenth thousand of messages to its thirtieth.
  say('warming up');
  for (const sender of [engine, nodemailer, ed25519, rsa, pair]) await sender.send(unit * 4);
  await naive.send(20);
  await cached.send(100);
  const rows = await compare({
    rounds: quick ? 3 : 7,
    unit: 'messages/s',
    baselines: [...(source ? [A] : []), NAIVE, CACHED, SYNCED],
    contenders: [
      ...(source ? [{ name: A, run: await smtpSource(cleanUp, source, sink.port, mime, unit * 4) }] : []),
      { name: SYNCED, run: () => engine.send(unit * 4) },
      { name: 'engine, two processes', run: () => pair.send(unit * 4) },
      { name: 'engine, fsync off', run: () => withoutFsync(lender, () => engine.send(unit * 4)) },
      { name: 'engine, nodemailer transport', run: () => nodemailer.send(unit * 2) },
      { name: 'engine, DKIM ed25519', run: () => ed25519.send(unit * 4) },
      { name: 'engine, DKIM RSA-2048', run: () => rsa.send(unit * 2) },
      { name: CACHED, run: () => cached.send(unit / 5) },
      { name: NAIVE, run: () => naive.send(unit / 25) },
    ],
    say,
  });
  const queue = redis ? await queueMemory(await host('memory'), naive, redis.url) : undefined;
  return {
    title: 'Send',
    rows: rows.map((row) => ({ ...row, goal: GOALS[row.name] ?? '' })),
    tables: queue ? [queueTable(queue)] : [],
    facts: { messageBytes: mime.length, sink: sink.name, queue },
    notes: [
      `A message of ${figure(mime.length / 1000)} kB into ${sink.name} on this machine, 20 connections; queues in ${redis ? 'Redis' : 'PostgreSQL'}. All share one database and the sink; each engine has a process that plans and reconciles and one that sends.`,
      `"engine": ledger rows that are due, slice jobs, lease, render, MIME, intents on disk, SMTP, acknowledgements; from the reconciler's first pass until no slice has anything left. A new person, address and account in each message.`,
      `Baseline "${A}": ${source ? `smtp-source -4 -d -s 20 -m ${unit * 4} -F with one message of the same size: it composes nothing and remembers nothing` : 'missing, as smtp-source is not installed'}.`,
      `Baseline "${NAIVE}": a BullMQ job for each recipient: read the row, Handlebars (compiled once), mjml, nodemailer's pool (20 connections), update the row; 20 jobs at a time, all added in one call. "${CACHED}": the same with mjml run once.`,
      '"fsync off" is the same engine while PostgreSQL waits for no disk: the difference is what durable intents cost. "nodemailer transport" is the way to servers without PIPELINING: the same MIME through nodemailer’s connection.',
    ],
  };
}

async function dkim(cleanUp, type) {
  const { privateKey } = generateKeyPairSync(type, type === 'rsa' ? { modulusLength: 2048 } : {});
  const path = join(await cleanUp.folder('dkim'), 'key.pem');
  await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return `&dkimDomain=example.test&dkimSelector=bench&dkimKey=${encodeURIComponent(path)}`;
}

async function smtpSource(cleanUp, command, port, mime, count) {
  const path = join(await cleanUp.folder('source'), 'message');
  // It takes lines and writes the line ends itself.
  await writeFile(path, mime.toString('latin1').replaceAll('\r\n', '\n'));
  return async () => {
    const args = ['-4', '-d', '-s', '20', '-m', String(count), '-f', 'a@example.test', '-t', 'b@example.test'];
    await finished(command, [...args, '-F', path, `127.0.0.1:${port}`]);
    return count;
  };
}

async function withoutFsync(engine, work) {
  const set = async (value) => {
    await engine.pool.query(`alter system set fsync = ${value}`);
    await engine.pool.query('select pg_reload_conf()');
    while ((await engine.pool.query('show fsync')).rows[0].fsync !== value) await new Promise(setImmediate);
  };
  await set('off');
  try {
    return await work();
  } finally {
    await set('on');
  }
}

/** What the queue holds in Redis when a campaign has just become due and no worker has taken anything. */
async function queueMemory(engine, naive, url) {
  const redis = new Redis(url);
  try {
    const sizes = {};
    for (const recipients of [4_000, 16_000, 32_000]) {
      await engine.queue.obliterate({ force: true });
      const dispatchId = await engine.plan(recipients);
      await engine.reconciler.reconcile();
      sizes[recipients] = { bytes: await bytesUnder(redis, 'memory:'), jobs: await engine.queue.getWaitingCount() };
      await engine.ledger.pause({ dispatchId });
    }
    await naive.worker.pause();
    const prefix = `naive:${naive.queue.name}:`;
    const before = await bytesUnder(redis, prefix);
    const jobs = 2_000;
    await naive.queue.addBulk(
      Array.from({ length: jobs }, (_, id) => ({ name: 'mail', data: { id }, opts: { removeOnComplete: true } })),
    );
    const perJob = ((await bytesUnder(redis, prefix)) - before) / jobs;
    await naive.queue.obliterate({ force: true });
    return { sizes, naiveBytesPerRecipient: perJob };
  } finally {
    redis.disconnect();
  }
}

async function bytesUnder(redis, prefix) {
  let bytes = 0;
  for (const key of await redis.keys(`${prefix}*`)) bytes += (await redis.memory('USAGE', key, 'SAMPLES', 0)) ?? 0;
  return bytes;
}

function queueTable({ sizes, naiveBytesPerRecipient }) {
  return {
    title: 'Redis memory of a queue whose campaign has just become due',
    headers: ['what', 'jobs', 'bytes', 'bytes a recipient', '× naive', 'goal'],
    rows: [
      ...Object.entries(sizes).map(([recipients, { bytes, jobs }]) => [
        `engine, ${Number(recipients).toLocaleString('en-GB')} recipients`,
        ...[jobs, bytes, figure(bytes / recipients), figure(bytes / recipients / naiveBytesPerRecipient), '≤ 5'],
      ]),
      [NAIVE, 'one each', '', figure(naiveBytesPerRecipient), '1', ''],
    ],
  };
}
