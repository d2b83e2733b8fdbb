import { spawnSync } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Test, type TestingModule } from '@nestjs/testing';
import { sql } from 'kysely';
import { AuditModule, type Principal } from '../../src/access/index.js';
import { WebhookProcessor } from '../../src/campaigns/webhook.processor.js';
import { type DeliveryLine, WebhookRepository } from '../../src/campaigns/webhook.repository.js';
import { ATTEMPT_TIMEOUT, verdictOn } from '../../src/campaigns/webhook.rules.js';
import { Webhooks } from '../../src/campaigns/webhook.service.js';
import { WEBHOOK_NETWORK } from '../../src/campaigns/webhook.target.js';
import { WebhookTicker } from '../../src/campaigns/webhook.ticker.js';
import { DELIVERED_EVENT_TYPES, type WebhookEventType, type WebhookTables } from '../../src/campaigns/webhook.types.js';
import { WebhooksModule } from '../../src/campaigns/webhooks.module.js';
import { ConfigModule, loadConfig } from '../../src/platform/config/index.js';
import { DatabaseModule } from '../../src/platform/database/index.js';
import { JobsModule } from '../../src/platform/jobs/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { colleague } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const START = new Date('2026-09-14T08:00:00Z');
const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls');
const certificate = readFileSync(join(TLS, 'localhost.cert.pem'), 'utf8');
const HERE: LookupAddress[] = [{ address: '127.0.0.1', family: 4 }];
const PUBLIC: LookupAddress[] = [{ address: '93.184.215.14', family: 4 }];
const admin: Principal = colleague('admin');

interface Received {
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

let database: TestDatabase<WebhookTables>;
let clock: FixedClock;
let app: TestingModule;
let server: Server;
let received: Received[];
let answers: number[];
let resolutions: LookupAddress[][];

beforeAll(async () => {
  database = await testDatabase();
  clock = new FixedClock(START);
  const config = {
    ...loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!' }),
    roles: ['worker' as const],
    queues: ['webhooks' as const],
    queuePrefix: `q${randomUUID().replaceAll('-', '').slice(0, 12)}`,
    webhookAllowPrivate: ['localhost'],
  };
  app = await Test.createTestingModule({
    imports: [
      ConfigModule.with(config, clock),
      DatabaseModule.on(database.server),
      AuditModule,
      JobsModule,
      WebhooksModule,
    ],
  })
    .overrideProvider(WEBHOOK_NETWORK)
    .useValue({ resolve: () => Promise.resolve(resolutions.shift() ?? HERE), ca: certificate })
    .compile();
  app.useLogger(['fatal']);
  await app.init();
  server = createServer(
    { cert: certificate, key: readFileSync(join(TLS, 'localhost.key.pem'), 'utf8') },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
        response.writeHead(answers.shift() ?? 204, { location: 'https://localhost:1/elsewhere' }).end();
      });
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  await app.close();
  server.close();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  clock.moveTo(START);
  received = [];
  answers = [];
  resolutions = [];
  await database.db.deleteFrom('webhook').execute();
  await database.db.deleteFrom('webhook_event').execute();
});

const url = (host = 'localhost') => `https://${host}:${(server.address() as AddressInfo).port}/hook`;
const register = (events: WebhookEventType[] = ['campaign.state-changed'], target = url()) =>
  app.get(Webhooks).register({ url: target, events, description: '' }, admin);
const log = (id: string): Promise<DeliveryLine[]> => app.get(Webhooks).deliveries(id, { limit: 50 });
const emit = (campaign: string = randomUUID()) =>
  sql`select emit_webhook_event('campaign.state-changed', ${clock.now()}, ${JSON.stringify({ campaign })})`.execute(
    database.db,
  );
/** Makes every attempt that is due now. */
const attempt = async (): Promise<void> => {
  for (const { id } of await app.get(WebhookRepository).due(clock.now(), 100))
    await app.get(WebhookProcessor).handle({ deliveryId: id });
};
const later = (minutes: number) => {
  clock.advance(minutes * 60_000);
};

const addCampaign = async (): Promise<void> => {
  await sql`insert into campaign (id, name, kind, window_id, audience, options, state, author, created_at, updated_at)
    values (${randomUUID()}, 'September', 'payment-reminder', ${randomUUID()}, '{}', '{}', 'draft', 'person:x', ${START}, ${START})`.execute(
    database.db,
  );
};
const addDeliveries = async (count: number): Promise<string> => {
  const dispatch = randomUUID();
  const campaign = randomUUID();
  await sql`insert into dispatch (id, campaign_id, purpose, due_at, created_at, state_changed_at)
    values (${dispatch}, ${campaign}, 'test', ${START}, ${START}, ${START})`.execute(database.db);
  await sql`insert into delivery (dispatch_id, ordinal, message_id, state, state_changed_at)
    select ${dispatch}::uuid, n, gen_random_uuid(), 'sending', ${START}::timestamptz
    from generate_series(1, ${count}::int) n`.execute(database.db);
  return dispatch;
};
/** As many transactions wait for another one. */
const untilWaiting = async (count: number): Promise<void> => {
  const waiting = sql<{ waiting: number }>`select count(*) as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  while (Number((await waiting.execute(database.db)).rows[0]?.waiting) < count) await delay(10);
};
const events = () => database.db.selectFrom('webhook_event').selectAll().orderBy('id').execute();

describe('a webhook', () => {
  it('gets each event signed as Standard Webhooks says, under an id that stays the same', async () => {
    const { secret } = await register();
    await emit('11111111-1111-4111-8111-111111111111');
    answers = [500];
    await attempt();
    later(1);
    await attempt();
    expect(received).toHaveLength(2);
    for (const { headers, body } of received) {
      const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
      const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
      const expected = createHmac('sha256', key)
        .update(`${String(id)}.${String(timestamp)}.${body}`)
        .digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
      expect(JSON.parse(body)).toEqual({
        type: 'campaign.state-changed',
        timestamp: START.toISOString(),
        data: { campaign: '11111111-1111-4111-8111-111111111111' },
      });
    }
    expect(received[0]!.headers['webhook-id']).toBe(received[1]!.headers['webhook-id']);
    expect(received[0]!.headers['webhook-timestamp']).not.toBe(received[1]!.headers['webhook-timestamp']);
  });

  it('is told through the queue within a tick', async () => {
    const { webhook } = await register();
    await emit();
    await app.get(WebhookTicker).run();
    for (let round = 0; round < 200 && (await log(webhook.id))[0]?.state !== 'delivered'; round += 1) await delay(25);
    expect(await log(webhook.id)).toMatchObject([{ state: 'delivered', attempts: 1, lastStatus: 204 }]);
    expect(received).toHaveLength(1);
  });

  it('is tried by nobody twice at once', async () => {
    await register();
    await emit();
    const [due] = await app.get(WebhookRepository).due(clock.now(), 1);
    const job = () => app.get(WebhookProcessor).handle({ deliveryId: due!.id });
    await Promise.all([job(), job(), job()]);
    expect(received).toHaveLength(1);
  });

  it('is tried again after longer and longer waits and given up on after the tenth failure', async () => {
    const { webhook } = await register();
    await emit();
    answers = Array.from({ length: 20 }, () => 503);
    const waits: number[] = [];
    for (;;) {
      await attempt();
      const [line] = await log(webhook.id);
      if (line!.nextAttemptAt === null) break;
      waits.push((line!.nextAttemptAt.getTime() - clock.now().getTime()) / 60_000);
      clock.moveTo(line!.nextAttemptAt);
    }
    expect(waits).toEqual([5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440]);
    expect(await log(webhook.id)).toMatchObject([{ state: 'abandoned', attempts: 10, lastStatus: 503 }]);
  });

  it('can be told again by hand what it missed', async () => {
    const { webhook } = await register();
    await emit();
    answers = [500];
    await attempt();
    await app.get(Webhooks).disable(webhook.id, admin);
    const [line] = await log(webhook.id);
    expect(line!.state).toBe('abandoned');
    await expect(app.get(Webhooks).redeliver(webhook.id, line!.id, admin)).rejects.toMatchObject({
      code: 'webhook-disabled',
    });
    await app.get(Webhooks).enable(webhook.id, admin);
    await app.get(Webhooks).redeliver(webhook.id, line!.id, admin);
    await attempt();
    expect(await log(webhook.id)).toMatchObject([{ state: 'delivered', attempts: 1 }]);
    await app.get(Webhooks).redeliver(webhook.id, line!.id, admin);
    await expect(app.get(Webhooks).redeliver(webhook.id, line!.id, admin)).rejects.toMatchObject({
      code: 'not-redeliverable',
    });
  });

  it('is switched off after five days of failure, and by 410 Gone at once', async () => {
    const { webhook } = await register();
    answers = Array.from({ length: 100 }, () => 500);
    for (let day = 0; day < 5; day += 1) {
      await emit();
      await attempt();
      later(1441);
    }
    await attempt();
    expect(await app.get(Webhooks).get(webhook.id)).toMatchObject({ state: 'disabled' });
    expect((await log(webhook.id)).every(({ state }) => state === 'abandoned')).toBe(true);
    await emit();
    expect(await log(webhook.id)).toHaveLength(5);

    answers = [410];
    await app.get(Webhooks).enable(webhook.id, admin);
    await emit();
    await attempt();
    expect(await app.get(Webhooks).get(webhook.id)).toMatchObject({
      state: 'disabled',
      disabled_reason: 'the receiver answered 410 Gone',
    });
  });

  it('is switched off although many attempts learn at once that it is gone', async () => {
    const { webhook } = await register();
    for (let i = 0; i < 8; i += 1) await emit();
    answers = Array.from({ length: 8 }, () => 410);
    const due = await app.get(WebhookRepository).due(clock.now(), 100);
    const { attempts } = await database.db.transaction().execute(async (trx) => {
      await app.get(WebhookRepository).lock(webhook.id, trx);
      const made = Promise.all(due.map(({ id }) => app.get(WebhookProcessor).handle({ deliveryId: id })));
      await untilWaiting(due.length);
      return { attempts: made };
    });
    await attempts;
    expect((await app.get(Webhooks).get(webhook.id)).state).toBe('disabled');
    expect((await log(webhook.id)).map(({ state }) => state)).toEqual(due.map(() => 'abandoned'));
  });

  it('forgets its failures with the first success', async () => {
    const { webhook } = await register();
    await emit();
    answers = [500];
    await attempt();
    expect((await app.get(Webhooks).get(webhook.id)).failing_since).toEqual(START);
    later(1);
    await attempt();
    expect((await app.get(Webhooks).get(webhook.id)).failing_since).toBeNull();
  });

  it('is not followed to where it redirects', async () => {
    const { webhook } = await register();
    await emit();
    answers = [302];
    await attempt();
    expect(await log(webhook.id)).toMatchObject([{ state: 'pending', lastStatus: 302 }]);
  });
});

describe('docs/webhooks.md', () => {
  const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'webhooks.md'), 'utf8');
  const blocks = (language: string): string[] =>
    [...document.matchAll(new RegExp('```' + language + '\\n(.*?)```', 'gs'))].map(([, code]) => code ?? '');
  /** Runs the document's own receiver, in a process of its own. */
  const verified = (...given: [Received['headers'], string, string, number]): unknown => {
    const driver = `const given = JSON.parse(process.env.GIVEN);
      process.stdout.write(JSON.stringify({ event: verified(...given) }));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', blocks('js')[0]! + driver], {
      env: { GIVEN: JSON.stringify(given) },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return (JSON.parse(stdout) as { event?: unknown }).event;
  };

  it('has a receiver that knows a delivery, and no other', async () => {
    const { webhook, secret } = await register();
    await app.get(Webhooks).sendTest(webhook.id, admin);
    await attempt();
    const [{ headers, body }] = received as [Received];
    const now = START.getTime();
    const event = { type: 'webhook.test', timestamp: START.toISOString(), data: { webhook: webhook.id } };
    expect(verified(headers, body, secret, now + 299_000)).toEqual(event);
    const both = { ...headers, 'webhook-signature': `v1,AAAA ${String(headers['webhook-signature'])}` };
    expect(verified(both, body, secret, now)).toEqual(event);
    for (const [otherHeaders, otherBody, otherSecret, at] of [
      [headers, `${body} `, secret, now],
      [headers, body, (await register()).secret, now],
      [headers, body, secret, now + 301_000],
      [{ ...headers, 'webhook-id': 'evt_0' }, body, secret, now],
      [{ ...headers, 'webhook-timestamp': undefined }, body, secret, now],
      [{ ...headers, 'webhook-signature': undefined }, body, secret, now],
    ] as const) {
      expect(verified(otherHeaders, otherBody, otherSecret, at)).toBeUndefined();
    }
  });

  it('names every event, with examples of what is sent', async () => {
    for (const type of DELIVERED_EVENT_TYPES) expect(document).toContain(`| \`${type}\` |`);
    await register(['campaign.state-changed', 'message.outcomes']);
    await addCampaign();
    await sql`update delivery set state = 'accepted' where dispatch_id = ${await addDeliveries(1)}`.execute(
      database.db,
    );
    const told = await events();
    const examples = blocks('json').map((json) => JSON.parse(json) as { type: string; data: object });
    expect(examples.map(({ type }) => type)).toEqual(told.map(({ type }) => type));
    for (const [i, { data }] of examples.entries()) expect(shapeOf(data)).toEqual(shapeOf(told[i]!.data));
  });

  it('says when it is tried again', () => {
    const waits = Array.from({ length: 10 }, (_, i) => verdictOn({ status: 500 }, i + 1, START)).map((verdict) =>
      verdict.kind === 'retry' ? inWords(verdict.at.getTime() - START.getTime()) : verdict.kind,
    );
    const list = `${waits.slice(0, -2).join(', ')} and ${waits.at(-2)} later; after the tenth the delivery is ${waits.at(-1)}`;
    expect(document).toContain(list);
    expect(document).toContain(`within ${inWords(ATTEMPT_TIMEOUT)}`);
  });

  function inWords(milliseconds: number): string {
    const [size, unit] =
      milliseconds < 60_000
        ? [1_000, 'seconds']
        : milliseconds < 3_600_000
          ? [60_000, 'minutes']
          : [3_600_000, 'hours'];
    return `${milliseconds / size} ${unit}`;
  }
  /** The names of all fields, at any depth. */
  function shapeOf(value: unknown): unknown {
    if (Array.isArray(value)) return [shapeOf(value[0])];
    if (typeof value !== 'object' || value === null) return null;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shapeOf(field)]));
  }
});

describe('the target of a webhook', () => {
  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data',
    'https://192.168.1.1/',
    'https://172.31.255.255/',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[fe80::1]/',
    'https://[fc00::1]/',
    'https://[2002:7f00:1::]/',
    'https://[64:ff9b::7f00:1]/',
  ])('%s is refused', async (target) => {
    await expect(register(undefined, target)).rejects.toMatchObject({ code: 'bad-webhook-url' });
  });

  it('is refused when its name resolves to one private address among public ones', async () => {
    resolutions = [[...PUBLIC, ...HERE]];
    await expect(register(undefined, url('hooks.example.test'))).rejects.toMatchObject({ code: 'bad-webhook-url' });
  });

  it.each(['http://hooks.example.test/', 'https://name:word@hooks.example.test/'])('%s is refused', async (target) => {
    resolutions = [PUBLIC];
    await expect(register(undefined, target)).rejects.toMatchObject({ code: 'bad-webhook-url' });
  });

  it.each([
    ['before the connection', [PUBLIC, HERE]],
    ['in the moment of connecting', [PUBLIC, PUBLIC, HERE]],
  ])('is not reached when its name comes to mean this machine %s', async (_, answersOfDns) => {
    resolutions = [...answersOfDns];
    const { webhook } = await register(undefined, url('rebound.example.test'));
    await emit();
    await attempt();
    expect(await log(webhook.id)).toMatchObject([{ state: 'pending', lastError: 'private-address' }]);
    expect(received).toHaveLength(0);
  });
});

describe('the events', () => {
  it('tell outcomes of messages in batches of 500, ids and states only', async () => {
    await register(['message.outcomes']);
    const dispatch = await addDeliveries(1_200);
    await sql`update delivery set state = case when ordinal = 1 then 'failed' else 'accepted' end::message_state
      where dispatch_id = ${dispatch}`.execute(database.db);
    const data = (await events()).map((event) => event.data as { messages: Record<string, string>[] });
    expect(data.map(({ messages }) => messages.length)).toEqual([500, 500, 200]);
    expect(data[0]!.messages[0]).toEqual({ message: expect.any(String) as string, state: 'failed' });
    expect(Object.keys(data[0]!).sort()).toEqual(['campaign', 'messages']);
  });

  it('leave out what is no outcome, and what has not changed', async () => {
    await register(['message.outcomes']);
    const dispatch = await addDeliveries(2);
    await sql`update delivery set state = 'deferred' where dispatch_id = ${dispatch}`.execute(database.db);
    await sql`update delivery set attempt = 2 where dispatch_id = ${dispatch}`.execute(database.db);
    expect(await events()).toEqual([]);
  });

  it('are there only if the change is', async () => {
    await register(['message.outcomes']);
    const dispatch = await addDeliveries(1);
    const lost = database.db.transaction().execute(async (trx) => {
      await sql`update delivery set state = 'accepted' where dispatch_id = ${dispatch}`.execute(trx);
      throw new Error('rolled back');
    });
    await expect(lost).rejects.toThrow('rolled back');
    expect(await events()).toEqual([]);
  });

  it('do not fail because a webhook is removed at the same moment', async () => {
    const { webhook } = await register();
    const changing = await database.db.transaction().execute(async (trx) => {
      await trx.deleteFrom('webhook').where('id', '=', webhook.id).execute();
      const added = addCampaign();
      await untilWaiting(1);
      return { added };
    });
    await changing.added;
    expect(await events()).toEqual([]);
  });

  it('are not written when nobody asked for them', async () => {
    await register(['campaign.state-changed']);
    const dispatch = await addDeliveries(3);
    await sql`update delivery set state = 'accepted' where dispatch_id = ${dispatch}`.execute(database.db);
    expect(await events()).toEqual([]);
  });
});
