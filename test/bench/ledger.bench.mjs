import pg from 'pg';
import { ReconcilerRepository } from '../../dist/delivery/reconciler.repository.js';
import { SliceRepository } from '../../dist/delivery/slice.repository.js';
import { Engine, messageOf } from './engine.mjs';
import { compare } from './harness.mjs';

const HEAD_SCAN = 'head scan, SKIP LOCKED';
const BARE = 'INSERT without indexes';
/** As the worker has it: messages on their way at once, messages acknowledged at once, slices at once. */
const WINDOW = 100;
const ACKNOWLEDGED = 500;
const AT_ONCE = 2;
const HEAD = 250;
const LEASE_SECONDS = 60;

/** What the ledger costs: planning a campaign, claiming its messages and acknowledging them, nothing sent. */
export async function ledger({ quick, cleanUp, say }) {
  const engine = await Engine.start({
    dataDir: await cleanUp.folder('ledger'),
    smtpUrl: 'smtp://127.0.0.1:9',
    prefix: 'ledger',
    roles: [],
  });
  const pool = new pg.Pool({ connectionString: engine.databaseUrl, max: 4 });
  cleanUp.add(async () => {
    await pool.end();
    await engine.stop();
  });
  const count = quick ? 10_000 : 50_000;
  const rounds = quick ? 3 : 7;
  await makeTables(pool);
  const claims = await compare({
    rounds,
    unit: 'rows/s',
    baselines: [HEAD_SCAN],
    contenders: [
      { name: HEAD_SCAN, run: () => headScan(pool, engine.template, count) },
      { name: 'lease, read, acknowledge', run: () => drain(engine, count, false) },
      { name: 'the same with intents on disk', run: () => drain(engine, count, true) },
    ],
    say,
  });
  const plans = await compare({
    rounds,
    unit: 'rows/s',
    baselines: [BARE],
    contenders: [
      { name: BARE, run: () => bareInsert(pool, engine.template, count) },
      {
        name: 'Ledger.plan',
        async run() {
          await engine.plan(count);
          return count;
        },
      },
    ],
    say,
  });
  return {
    title: 'Ledger',
    rows: [...claims, ...plans].map((row) => ({ ...row, goal: GOALS[row.name] ?? '' })),
    notes: [
      `${count.toLocaleString('en-GB')} rows a round, two slices at a time, as one worker has them; through the repository that the worker uses.`,
      `Baseline "${HEAD_SCAN}": the usual queue in a table: 250 rows from the head of a partial index on state with FOR UPDATE SKIP LOCKED, two loops, acknowledged by UPDATE … FROM unnest without waiting for the disk.`,
      `"intents on disk" writes ${WINDOW} messages as "sending" before each window, durably, as before anything goes on the wire; here nothing is on the wire meanwhile, so their whole cost shows (in Send it is hidden behind the network).`,
      `Baseline "${BARE}": the same columns in batches of 2,000 into a table without indexes or keys. Ledger.plan writes messages with five indexes, deliveries and slices, in one transaction.`,
    ],
  };
}

const GOALS = {
  'lease, read, acknowledge': '≥ 80,000 rows/s, ≥ 4 × head scan',
  'Ledger.plan': '≥ 16,700 rows/s (1,000,000 in 60 s)',
};

async function makeTables(pool) {
  await pool.query(`
    create table bench_head (id bigint primary key generated always as identity, address text not null,
      values jsonb not null, state text not null, accepted_at timestamptz);
    create index bench_head_queued on bench_head (id) where state = 'queued';
    create table bench_plan (campaign_id uuid, person_key text, account_ids text[], organisation_codes text[],
      segment text, address text, template text, template_version text, values jsonb)`);
}

async function headScan(pool, template, count) {
  const people = Array.from({ length: count }, (_, i) => messageOf(template, i + 1));
  await pool.query(
    `insert into bench_head (address, values, state)
     select address, values, 'queued' from unnest($1::text[], $2::jsonb[]) as row (address, values)`,
    [people.map(({ address }) => address), people.map(({ values }) => JSON.stringify(values))],
  );
  return timed(count, async () => {
    for (;;) {
      const { rows } = await pool.query(
        `update bench_head set state = 'sending' where id in (
           select id from bench_head where state = 'queued' order by id limit $1 for update skip locked
         ) returning id, address, values`,
        [HEAD],
      );
      if (rows.length === 0) return;
      await pool.query(
        `with lazily as materialized (select set_config('synchronous_commit', 'off', true))
         update bench_head set state = 'accepted', accepted_at = now() from lazily, unnest($1::bigint[]) as done (id)
         where bench_head.id = done.id and bench_head.state = 'sending'`,
        [rows.map(({ id }) => id)],
      );
    }
  });
}

/** Both loops at once, and the time they take together. */
async function timed(count, loop) {
  const started = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  return { count, seconds: (performance.now() - started) / 1000 };
}

async function drain(engine, count, withIntents) {
  const slices = engine.service.get(SliceRepository);
  const dispatchId = await engine.plan(count);
  await engine.service.get(ReconcilerRepository).startDue(new Date());
  const { rows } = await engine.pool.query('select id from slice where dispatch_id = $1 order by first_ordinal', [
    dispatchId,
  ]);
  const waiting = rows.map(({ id }) => id);
  const result = await timed(count, async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const lease = await slices.lease(id, 'bench', LEASE_SECONDS);
      const messages = await slices.queued(lease);
      if (withIntents) await intendAndAcknowledge(slices, lease, messages);
      else await slices.settle(lease, messages.map(accepted), new Date());
      await slices.release(lease, new Date());
    }
  });
  const { states } = await engine.ledger.progress({ dispatchId });
  if (states.accepted !== count) throw new Error(`Not all of ${count} were acknowledged: ${JSON.stringify(states)}`);
  return result;
}

async function intendAndAcknowledge(slices, lease, messages) {
  const sha256 = '0'.repeat(64);
  for (let from = 0; from < messages.length; from += WINDOW) {
    const intents = messages.slice(from, from + WINDOW).map(({ ordinal }) => ({ ordinal, sha256 }));
    await slices.intend(lease, intents, 'smtp bench:25', new Date(), LEASE_SECONDS);
  }
  for (let from = 0; from < messages.length; from += ACKNOWLEDGED) {
    await slices.acknowledge(lease, messages.slice(from, from + ACKNOWLEDGED).map(accepted), new Date());
  }
}

function accepted({ ordinal }) {
  return { ordinal, state: 'accepted', code: 250 };
}

async function bareInsert(pool, template, count) {
  await pool.query('truncate bench_plan');
  const started = performance.now();
  for (let from = 1; from <= count; from += 2_000) {
    const rows = Array.from({ length: Math.min(2_000, count - from + 1) }, (_, i) => {
      const { personKey, accountIds, organisationCodes, segment, address, templateVersion, values } = messageOf(
        template,
        from + i,
      );
      return {
        ...{ person_key: personKey, account_ids: accountIds, organisation_codes: organisationCodes, segment, address },
        ...{ template: template.name, template_version: templateVersion, values },
      };
    });
    await pool.query('insert into bench_plan select * from json_populate_recordset(null::bench_plan, $1)', [
      JSON.stringify(rows),
    ]);
  }
  return { count, seconds: (performance.now() - started) / 1000 };
}
