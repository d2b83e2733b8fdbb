import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import request, { type Response, type Test } from 'supertest';
import { OneTimeLink } from '../../src/access/index.js';
import { CampaignTicker } from '../../src/campaigns/index.js';
import { Reconciler } from '../../src/delivery/index.js';
import { DATABASE } from '../../src/platform/database/index.js';
import { ApiApp, type Caller, FIXTURES } from '../e2e/api.support.js';
import { type Break, BreakingWire } from '../support/breaking-wire.js';
import { expectAllConnections } from '../support/statement-sweep.js';

/*
 * What people and programs ask for over HTTP, with a connection to PostgreSQL that breaks at each statement in turn. What
 * this found when it was first run over every route that changes something:
 * - A COMMIT whose answer was lost was taken for one that had failed. The API freed the Idempotency-Key, so the same
 *   request made a second campaign, a second key, a second drill; without one a repetition was refused with 412 or 409
 *   because of the caller's own first try, and the pages said that a cancel had failed which had happened.
 * - The same where only the reading afterwards failed, which most routes do for their answer.
 * - A key whose claim, release or answer was lost was "being worked on" for five minutes, and then done once more.
 * - A cancelled campaign, a moved window and an applied upload were reported as failed when only what follows had been.
 * - The pages took the database's trouble for a mistake in the form where it had a code of ours.
 */

const CAMPAIGN = { kind: 'sign-in-notice', audience: { commissioners: ['03L'] } };
const TIMES = { reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00', signInChange: '2026-09-23T08:00' };
const accounts = readFileSync(join(FIXTURES, 'accounts.csv'), 'utf8');
/** Statements that every request makes before the one that is its own: who calls, how often, and the claim of its key. */
const SAME_EACH_TIME = 3;

/** The COMMIT, what is read for the answer, and the answer that is kept. */
const LAST = 4;

let onlooker: ApiApp;
/** What is watched: it works over the wire that breaks. */
let api: ApiApp;
let wire: BreakingWire;
/** Without the wire, for what has to be there first. */
let author: Caller;
let second: Caller;
/** Over the wire. */
let ask: Caller;
let browser: { readonly Cookie: string; readonly 'X-CSRF-Token': string };
let made = 0;
const log: string[] = [];

beforeAll(async () => {
  onlooker = await ApiApp.start();
  wire = await BreakingWire.to(onlooker.database.server);
  const note = (...line: unknown[]): void => void log.push(JSON.stringify(line));
  api = await ApiApp.start({
    database: onlooker.database,
    server: wire.server,
    roles: 'web',
    logger: { log: note, warn: note, error: note },
  });
  await onlooker.importDirectory();
  [author, second, ask] = [await onlooker.caller(), await onlooker.caller(), await api.caller()];
  browser = await signIn();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await wire[Symbol.asyncDispose]();
  await onlooker[Symbol.asyncDispose]();
});

interface Operation {
  /** Puts in place what it needs, anew for each try. The result is the request, the same however often it is made. */
  readonly prepare: () => Promise<() => Test>;
  readonly status: number;
  /** Of forms and of PUT: what was done is not asked for again. */
  readonly hasNoKey?: boolean;
  /** The first statement to break. */
  readonly from?: number;
  /** Every how many statements, where there are many that are alike. */
  readonly stride?: number;
}

const form = (path: string, fields: object): Test =>
  request(api.app.getHttpServer()).post(path).set(browser).accept('html').type('form').send(fields);

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'drafting a campaign': {
    status: 201,
    from: 1,
    prepare: async () => {
      const content = await aCampaign();
      return () => ask('post', '/campaigns').send(content);
    },
  },
  'editing one': {
    status: 200,
    hasNoKey: true,
    prepare: async () => {
      const content = await aCampaign();
      const { id } = await done<{ id: string }>(author('post', '/campaigns').send(content));
      return () =>
        ask('put', `/campaigns/${id}`)
          .set('If-Match', '"1"')
          .send({ ...content, name: 'Another' });
    },
  },
  'approving one': {
    status: 200,
    prepare: async () => {
      const { id, hash } = await inReview();
      return () => ask('post', `/campaigns/${id}/approve`).send({ hash });
    },
  },
  'cancelling one that is sending': {
    status: 200,
    stride: 2,
    prepare: async () => {
      const id = await sending();
      return () => ask('post', `/campaigns/${id}/cancel`).send({ reason: 'The wrong month' });
    },
  },
  'cancelling one on its page': {
    status: 303,
    stride: 2,
    hasNoKey: true,
    prepare: async () => {
      const id = await sending();
      return () => form(`/campaigns/${id}/cancel`, { comment: 'The wrong month' });
    },
  },
  'moving a window on its page': {
    status: 303,
    stride: 3,
    hasNoKey: true,
    prepare: async () => {
      const campaign = await done<{ windowId: string }>(author('get', `/campaigns/${await approved()}`));
      const dates = { ...dateFields('cutoff', 17, '12:00'), ...dateFields('reopening', 23, '08:00') };
      const later = { ...dateFields('pcse', 28, '08:00'), ...dateFields('signInChange', 23, '08:00') };
      return () => form(`/windows/${campaign.windowId}/move`, { ...dates, ...later, version: 1, reason: 'An outage' });
    },
  },
  'deciding about a message that may have arrived': {
    status: 200,
    prepare: async () => {
      const id = await unknown();
      return () => ask('post', `/messages/${id}/decision`).send({ outcome: 'failed' });
    },
  },
  'making a key': {
    status: 201,
    prepare: () => {
      const wanted = { name: `Key ${(made += 1)}`, permissions: ['campaign:read'], expiresInDays: 30 };
      return Promise.resolve(() => ask('post', '/api-keys').send(wanted));
    },
  },
  'a new secret for a webhook': {
    status: 200,
    prepare: async () => {
      const wanted = { url: 'https://localhost/hook', events: ['campaign.state-changed'], description: '' };
      const { id } = await done<{ id: string }>(author('post', '/webhooks').send(wanted));
      return () => ask('post', `/webhooks/${id}/rotate-secret`);
    },
  },
  'stopping all mail': {
    status: 200,
    prepare: async () => {
      await done(author('post', '/mail/resume'));
      return () => ask('post', '/mail/stop').send({ reason: 'The wrong month' });
    },
  },
  'letting mail leave again': {
    status: 200,
    prepare: async () => {
      await done(author('post', '/mail/stop').send({ reason: 'The wrong month' }));
      return () => ask('post', '/mail/resume');
    },
  },
  'importing a file': {
    status: 200,
    stride: 4,
    prepare: async () => {
      await importAccounts(author, aFile());
      const file = aFile();
      return () => importAccounts(ask, file);
    },
  },
  'undoing an import': {
    status: 200,
    stride: 4,
    prepare: async () => {
      const { batchId } = await done<{ batchId: number }>(importAccounts(author, aFile()));
      return () => ask('post', `/imports/${batchId}/undo`);
    },
  },
};

describe.each(Object.entries(OPERATIONS))('%s', (_, operation) => {
  it.each<Break>(['unsent', 'unanswered'])('happens once when a statement stays %s, whichever it is', async (how) => {
    const { status, from = 1 + SAME_EACH_TIME, stride = 1 } = operation;
    const clean = await outcomeOf(operation);
    expect(clean.answers[0]).toBe(status);
    for (let at = from; at <= clean.statements; at += at < clean.statements - LAST ? stride : 1) {
      const { answers, effects } = await outcomeOf(operation, at, how);
      // Asked again, it is done or was done; at first nobody is told that they did something wrong.
      expect({ at, answers, effects }).toMatchObject({ answers: [answers[0], status], effects: clean.effects });
      expect([status, 503]).toContain(answers[0]);
    }
  });
});

it('makes nothing twice when the process ended before its answer was kept, and says so', async () => {
  const content = await aCampaign();
  const send = () => ask('post', '/campaigns').set('Idempotency-Key', 'process-ended').send(content);
  await send().expect(201);
  const forget = sql`update idempotency_key set status = null, claimed_until = clock_timestamp() where key = 'process-ended'`;
  await forget.execute(onlooker.database.db);
  const before = await picture();
  const again = await send().expect(409);
  expect(again.body).toMatchObject({ type: '/problems/answer-unreadable' });
  expect(await picture()).toEqual(before);
});

it('has all its connections afterwards, holds no lock, and has told the log of the trouble and nothing about anybody', async () => {
  await expectAllConnections(api.app.get<Kysely<never>>(DATABASE), wire);
  const held = await sql`select state, wait_event from pg_stat_activity
    where datname = current_database() and application_name = 'cqrs-comms' and xact_start < now() - interval '1 second'`.execute(
    onlooker.database.db,
  );
  expect(held.rows).toEqual([]);
  expect(log.filter((line) => /@[a-z]+\.|Testa|Sample/.test(line))).toEqual([]);
  const refusals = log.filter((line) => line.includes('requests refused'));
  expect(refusals.length).toBeGreaterThan(0);
  // Every break is refused, and of one reason a line tells once a minute.
  expect(refusals.length).toBeLessThan(30);
});

/** What a request answers that meets a break at its nth statement, what it answers to a repetition, and what changed. */
async function outcomeOf({ prepare, hasNoKey = false }: Operation, at = Infinity, how: Break = 'unsent') {
  const make = await prepare();
  const before = await picture();
  const key = randomUUID();
  const send = async (): Promise<Response> => (hasNoKey ? make() : make().set('Idempotency-Key', key));
  wire.breakAt(at, how);
  const first = await send();
  const { statements } = wire;
  wire.breakAt(Infinity, how);
  if (first.status >= 400) expect(first.text).toMatch(/cannot do this at the moment/);
  const again = hasNoKey && first.status < 400 ? first : await send();
  let after = await picture();
  // The reconciler's part of a cancel that broke off.
  if (after[LEFT] !== before[LEFT]) {
    await onlooker.app.get(Reconciler).reconcile();
    after = await picture();
  }
  const effects = Object.entries(after).filter(([what, count]) => count !== (before[what] ?? 0));
  return {
    statements,
    answers: [first.status, again.status],
    effects: effects.map(([what, count]) => `${what}: ${count - (before[what] ?? 0)}`),
  };
}

/** How many rows each table has, and what else counts up. */
async function picture(): Promise<Record<string, number>> {
  const { db } = onlooker.database;
  counts ??= await countsOfTables();
  const { rows } = await sql<{ what: string; count: number }>`${counts}
    union all select action, count(*)::int from audit_entry group by 1
    union all select 'versions', (select coalesce(sum(version), 0) from campaign) + (select sum(version) from declaration_window)
    union all select ${LEFT}, count(*)::int from delivery join message on message.id = message_id
      join campaign on campaign.id = message.campaign_id where campaign.state = 'cancelled' and delivery.state = 'queued'`.execute(
    db,
  );
  return Object.fromEntries(rows.map(({ what, count }) => [what, count]));
}
let counts: RawBuilder<unknown> | undefined;
const LEFT = 'unsent of what is cancelled';

async function countsOfTables(): Promise<RawBuilder<unknown>> {
  const { rows } = await sql<{ name: string }>`select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' and table_name !~ ${NOISE} order by 1`.execute(
    onlooker.database.db,
  );
  const each = rows.map(
    ({ name }) => sql`select ${sql.lit(name)} as what, count(*)::int as count from ${sql.table(name)}`,
  );
  return sql.join(each, sql` union all `);
}
/** Counts requests, or changes while others look on. */
const NOISE =
  '^(request_rate|idempotency_key|session|pace|kysely.*|slice.*|delivery|delivery_tally|directory_picture.*)$';

async function done<T>(test: Test): Promise<T> {
  const { status, text, body } = (await test) as { status: number; text: string; body: unknown };
  if (status >= 300) throw new Error(`${status}: ${text}`);
  return body as T;
}

async function aCampaign(): Promise<object> {
  const window = { name: `Window ${(made += 1)}`, cutoff: '2026-09-18T12:00', ...TIMES };
  const { id } = await done<{ id: string }>(author('post', '/declaration-windows').send(window));
  return { ...CAMPAIGN, name: `Campaign ${made}`, windowId: id };
}

async function inReview(): Promise<{ id: string; hash: string }> {
  const { id } = await done<{ id: string }>(author('post', '/campaigns').send(await aCampaign()));
  const { hash } = await done<{ hash: string }>(author('post', `/campaigns/${id}/plan`));
  await done(author('post', `/campaigns/${id}/submit`));
  return { id, hash };
}

async function approved(): Promise<string> {
  const { id, hash } = await inReview();
  await done(second('post', `/campaigns/${id}/approve`).send({ hash }));
  return id;
}

/** All its messages wait for their turn. */
async function sending(): Promise<string> {
  const id = await approved();
  await done(author('post', `/campaigns/${id}/schedule`));
  await onlooker.app.get(CampaignTicker).run();
  return id;
}

/** Of a campaign that was sent; another one each time. */
async function unknown(): Promise<string> {
  const { rows } = await sql<{ id: string }>`update delivery set state = 'unknown', accepted_at = null
    where message_id = (select message_id from delivery where state = 'accepted' limit 1) returning message_id as id`.execute(
    onlooker.database.db,
  );
  if (rows[0]) return rows[0].id;
  await onlooker.settle(await sending());
  return unknown();
}

/** The accounts with somebody else each time. */
const aFile = (): string => `${accounts}CQLATE${(made += 1)},Testa,Sample,nobody,active,,A81001,View\n`;
const importAccounts = (by: Caller, file: string): Test => by('post', '/imports/accounts').type('text/csv').send(file);

const dateFields = (name: string, day: number, time: string): object => ({
  [`${name}-day`]: day,
  [`${name}-month`]: 9,
  [`${name}-year`]: 2026,
  [`${name}-time`]: time,
});

async function signIn(): Promise<typeof browser> {
  const web = request(onlooker.app.getHttpServer());
  const token = (await onlooker.app.get(OneTimeLink).create()).split('=')[1];
  const signedIn = await web.post('/sign-in/once').type('form').send({ token }).expect(303);
  const Cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  const page = await web.get('/windows/new').set({ Cookie }).accept('html').expect(200);
  return { Cookie, 'X-CSRF-Token': /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '' };
}
