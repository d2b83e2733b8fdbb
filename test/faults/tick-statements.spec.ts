import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { type Kysely, sql } from 'kysely';
import { AuditModule, AuditTrail } from '../../src/access/index.js';
import { CampaignService, CampaignTicker, Retention } from '../../src/campaigns/index.js';
import { CascadeTicker } from '../../src/cascades/index.js';
import { RETENTION_DAYS } from '../../src/campaigns/retention.rules.js';
import { WebhookProcessor } from '../../src/campaigns/webhook.processor.js';
import { WebhookRepository } from '../../src/campaigns/webhook.repository.js';
import { ATTEMPT_LEASE } from '../../src/campaigns/webhook.rules.js';
import { Webhooks } from '../../src/campaigns/webhook.service.js';
import { WEBHOOK_NETWORK } from '../../src/campaigns/webhook.target.js';
import { WebhooksModule } from '../../src/campaigns/webhooks.module.js';
import { Simulations } from '../../src/console/simulation.service.js';
import { SimulationRepository } from '../../src/console/simulation.repository.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { Ledger, messageIdOf, returnPathsOf, SuppressionList } from '../../src/delivery/index.js';
import { FeedbackService } from '../../src/feedback/index.js';
import { FeedbackTicker } from '../../src/feedback/feedback.ticker.js';
import { CONFIG, type Config, ConfigModule, loadConfig } from '../../src/platform/config/index.js';
import { connect, DatabaseModule, type DatabaseServer } from '../../src/platform/database/index.js';
import { DATABASE } from '../../src/platform/database/tokens.js';
import { JobsModule } from '../../src/platform/jobs/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { bounce } from '../support/bounce.js';
import { colleague, TestApp } from '../support/app.js';
import { type Break, BreakingWire } from '../support/breaking-wire.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { saveState } from '../support/saved-state.js';
import { expectAllConnections, expectSameEnd, type Scene } from '../support/statement-sweep.js';

jest.setTimeout(600_000);

const at = (time: string): Date => LondonTime.parse(time).toInstant();
const MONDAY = at('2026-09-07T09:00');
/** The silence of one working day is over. */
const TUESDAY = at('2026-09-08T14:00');
const DAY = 86_400_000;
const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls');
const [author, approver, operator, admin] = (['author', 'approver', 'operator', 'admin'] as const).map((role) =>
  colleague(role),
);

let database: TestDatabase<never>;
let wire: BreakingWire;
let clock: FixedClock;
/** Ticks over the wire that breaks. */
let service: TestApp;
let onlooker: TestApp;
let windowId: string;

beforeAll(async () => {
  database = await testDatabase();
  wire = await BreakingWire.to(database.server);
  clock = new FixedClock(MONDAY);
  const once = [{ to: 'team', afterHours: 1 }];
  const config = { roles: [], cascadeEscalation: { commissioner: once, region: once } };
  onlooker = await TestApp.start({ server: database.server, clock, config });
  service = await TestApp.start({ server: wire.server, clock, config });
  Logger.overrideLogger(false);
  await onlooker.importSmallDirectory();
  // A few of them are as good, and are planned in a third of the time.
  await sql`delete from membership where account_id in (
    select id from account order by id offset 20)`.execute(database.db);
  await sql`delete from account where not exists (select from membership where account_id = account.id)`.execute(
    database.db,
  );
  await sql`insert into webhook (id, url, description, events, sealed_secret, state, created_by, created_at)
    values (${randomUUID()}, 'https://a.test/', '', '{campaign.state-changed, message.outcomes}', '', 'active', 'person:x', ${MONDAY})`.execute(
    database.db,
  );
  const times = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' };
  const window = { name: 'September', ...times, signInChange: '2026-09-23T08:00' };
  ({ id: windowId } = await onlooker.app.get(DeadlinesService).createWindow(window, author!.id));
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await onlooker[Symbol.asyncDispose]();
  await wire[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => {
  clock.moveTo(MONDAY);
});

/** Whichever statement breaks, on the Monday or when the scene says: the end is that of the whole story. */
const expectOneStory = <S>(scene: Scene<S>, how: Break, stride = 1): Promise<void> =>
  expectSameEnd({ ...scene, begin: () => (clock.moveTo(MONDAY), scene.begin()) }, wire, how, stride);

const rows = async (query: ReturnType<typeof sql>): Promise<unknown> => (await query.execute(database.db)).rows;

async function scheduled(kind: 'sign-in-notice' | 'cascade-request', commissioners: string[] = []): Promise<string> {
  const campaigns = onlooker.app.get(CampaignService);
  const audience = { commissioners };
  const { id } = await campaigns.create({ name: 'September', kind, windowId, audience }, author!);
  const { hash } = await campaigns.plan(id);
  await campaigns.submit(id, author!);
  await campaigns.approve(id, hash, approver!);
  await campaigns.schedule(id, operator!);
  return id;
}

/** A request to cascade that was sent on the Monday, with its tree. */
async function asked(): Promise<string> {
  const id = await scheduled('cascade-request', ['03L']);
  await onlooker.app.get(CampaignTicker).tick();
  await accepted(id);
  await onlooker.app.get(CascadeTicker).tick();
  return id;
}

async function accepted(campaignId: string): Promise<void> {
  for (const state of ['sending', 'accepted']) {
    await sql`update delivery set state = ${state}::message_state, accepted_at = ${MONDAY} from dispatch
      where dispatch.id = dispatch_id and campaign_id = ${campaignId}`.execute(database.db);
  }
}

const lastEntry = async (): Promise<number> => (await onlooker.app.get(AuditTrail).entries({ limit: 1 }))[0]!.sequence;

const messagesOf = async (campaignId: string): Promise<unknown> => ({
  states: (await onlooker.app.get(Ledger).progress({ campaignId })).states,
  planned: (await onlooker.app.get(Ledger).dispatches(campaignId))
    .map(({ purpose, planned }) => `${purpose} ${planned}`)
    .sort(),
});

interface Sent {
  readonly id: string;
  readonly campaignId: string;
  readonly address: string;
}

async function sentMessage(): Promise<Sent> {
  const campaignId = randomUUID();
  const sent = { id: messageIdOf(campaignId, 'person-1', 'notice'), campaignId, address: `${randomUUID()}@nhs.net` };
  const facts = { route: 'direct', segment: null, template: 'notice', templateVersion: 'v1', values: {} } as const;
  await onlooker.app
    .get(Ledger)
    .plan({ id: randomUUID(), campaignId, purpose: 'notice', dueAt: clock.now(), expiresAt: null }, [
      { personKey: 'person-1', accountIds: [], organisationCodes: [], address: sent.address, ...facts },
    ]);
  await accepted(campaignId);
  return sent;
}

/** The delivery status report of a server that does not know the address. */
const bounceOf = ({ id, address }: Sent): string =>
  bounce({ to: returnPathsOf('cqrs-comms@example.test', onlooker.app.get<Config>(CONFIG).secret)(id), address });

const KINDS: readonly Break[] = ['unsent', 'unanswered'];

describe.each(KINDS)(
  'a connection to PostgreSQL that breaks at one statement that stays %s, whichever it is',
  (how) => {
    it('lets a step be launched once, and its campaign finish once', async () => {
      const id = await scheduled('sign-in-notice');
      const back = await saveState(database.db);
      let last = 0;
      const scene: Scene<void> = {
        async begin() {
          await back();
          last = await lastEntry();
        },
        tick: async () => {
          await service.app.get(CampaignTicker).tick();
          const { state } = await onlooker.app.get(CampaignService).get(id);
          if (state === 'sending') await accepted(id);
        },
        end: async () => ({
          state: (await onlooker.app.get(CampaignService).get(id)).state,
          messages: await messagesOf(id),
          audited: await rows(sql`select action from audit_entry where sequence > ${last} order by sequence`),
          events: await rows(sql`select data ->> 'state' as state from webhook_event
          where type = 'campaign.state-changed' and data ->> 'campaign' = ${id} order by id`),
        }),
      };
      await expectOneStory(scene, how, 3);
      await back();
    });

    it('lets silence be taken further once, and in the next round', async () => {
      const id = await asked();
      const back = await saveState(database.db);
      const scene: Scene<void> = {
        async begin() {
          await back();
          clock.moveTo(TUESDAY);
        },
        tick: () => service.app.get(CascadeTicker).tick(),
        end: async () => ({
          organisations: await rows(sql`select code, state, rung, rung_at from cascade_organisation
            where cascade_id = ${id} order by code`),
          steps: await rows(sql`select code, action, count(*)::int from cascade_step
            where cascade_id = ${id} group by 1, 2 order by 1, 2`),
          messages: await messagesOf(id),
        }),
      };
      await expectOneStory(scene, how, 3);
      await back();
    });

    it('lets a report act once', async () => {
      const scene: Scene<Sent & { raw: string; isTaken: boolean }> = {
        async begin() {
          const sent = await sentMessage();
          return { ...sent, raw: bounceOf(sent), isTaken: false };
        },
        async tick(report) {
          await service.app.get(FeedbackTicker).tick();
          if (report.isTaken) return;
          // Whoever hands it in comes again until it was taken.
          await service.app.get(FeedbackService).ingest(report.raw, { source: 'smtp' });
          report.isTaken = true;
        },
        end: async ({ id, campaignId, address }) => ({
          messages: await messagesOf(campaignId),
          reports: await rows(sql`select state, state_reason from feedback_report where message_id = ${id}`),
          failures: await rows(sql`select reason from feedback_failure where message_id = ${id}`),
          suppressions: (await onlooker.app.get(SuppressionList).history(address)).map(({ reason }) => reason),
          events: await rows(sql`select data -> 'messages' -> 0 ->> 'state' as state from webhook_event
          where data ->> 'campaign' = ${campaignId} order by id`),
        }),
      };
      await expectOneStory(scene, how);
    });

    it('lets a purge tell the audit trail once of each row that it took people out of', async () => {
      const later = new Date(MONDAY.getTime() + (RETENTION_DAYS.messages + 1) * DAY);
      clock.moveTo(later);
      await onlooker.app.get(Retention).purge();
      const scene: Scene<number> = {
        async begin() {
          const last = await lastEntry();
          const sent = await sentMessage();
          await onlooker.app.get(FeedbackService).ingest(bounceOf(sent), { source: 'cli' });
          clock.moveTo(later);
          return last;
        },
        tick: () => service.app.get(Retention).tick(),
        end: (last) =>
          rows(sql`select key, sum(value::int)::int as purged
          from audit_entry cross join lateral jsonb_each_text(details) where action = 'retention.purged'
          and sequence > ${last} group by key order by key`),
      };
      await expectOneStory(scene, how);
    });

    it('lets an event be delivered under one id, and written down as delivered', async () => {
      await using endpoint = await WebhookEndpoint.start(wire.server, clock);
      const scene: Scene<string> = {
        async begin() {
          endpoint.ids.clear();
          await sql`delete from webhook_event`.execute(database.db);
          const campaign = randomUUID();
          await sql`select emit_webhook_event('campaign.state-changed', ${MONDAY}, ${JSON.stringify({ campaign })})`.execute(
            database.db,
          );
          await sql`delete from webhook_delivery where webhook_id <> ${endpoint.webhookId}`.execute(database.db);
          return campaign;
        },
        async tick() {
          await endpoint.deliverDue();
          clock.advance(ATTEMPT_LEASE);
        },
        end: async (campaign) => ({
          ids: endpoint.ids.size,
          log: await rows(sql`select delivery.state, last_status, next_attempt_at from webhook_delivery delivery
          join webhook_event event on event.id = event_id where data ->> 'campaign' = ${campaign}`),
        }),
      };
      await expectOneStory(scene, how);
    });
  },
);

/** Takes what one webhook is told, over a real connection, and has it delivered by hand. */
class WebhookEndpoint implements AsyncDisposable {
  readonly ids = new Set<unknown>();

  private constructor(
    private readonly app: TestingModule,
    private readonly listener: Server,
    readonly webhookId: string,
  ) {}

  static async start(server: DatabaseServer, time: FixedClock): Promise<WebhookEndpoint> {
    const [cert, key] = ['cert', 'key'].map((part) => readFileSync(join(TLS, `localhost.${part}.pem`), 'utf8'));
    const listener = createServer({ cert, key }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const config = { ...loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!' }) };
    const queuePrefix = `q${randomUUID().slice(0, 8)}`;
    const app = await Test.createTestingModule({
      imports: [
        ConfigModule.with(
          { ...config, roles: [], queues: ['webhooks'], queuePrefix, webhookAllowPrivate: ['localhost'] },
          time,
        ),
        DatabaseModule.on(server),
        AuditModule,
        JobsModule,
        WebhooksModule,
      ],
    })
      .overrideProvider(WEBHOOK_NETWORK)
      .useValue({ resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]), ca: cert })
      .compile();
    app.useLogger(false);
    await app.init();
    const { port } = listener.address() as AddressInfo;
    const url = `https://localhost:${port}/hook`;
    const asked = { url, events: ['campaign.state-changed' as const], description: '' };
    const { webhook } = await app.get(Webhooks).register(asked, admin!);
    const endpoint = new WebhookEndpoint(app, listener, webhook.id);
    listener.on('request', (request: IncomingMessage, response: ServerResponse) => {
      endpoint.ids.add(request.headers['webhook-id']);
      response.writeHead(204).end();
    });
    return endpoint;
  }

  async deliverDue(): Promise<void> {
    for (const { id } of await this.app.get(WebhookRepository).due(clock.now(), 10)) {
      await this.app.get(WebhookProcessor).handle({ deliveryId: id });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    this.listener.close();
  }
}

it('a simulation whose end cannot be written down ends neither the process that asked for it nor how that stops', async () => {
  const window = await onlooker.app.get(DeadlinesService).window(windowId);
  const config = onlooker.app.get<Config>(CONFIG);
  const nowhere = { connectionString: 'postgres://127.0.0.1:9/x', embedded: false, release: () => Promise.resolve() };
  const way = await BreakingWire.to(database.server);
  const db = connect<never>(way.server.connectionString, 1);
  const simulations = new Simulations(
    new SimulationRepository(db),
    onlooker.app.get(AuditTrail),
    clock,
    config,
    nowhere,
  );
  await simulations.start(window, 'window', 'nobody-acts', author!);
  await way[Symbol.asyncDispose]();
  await simulations.beforeApplicationShutdown();
  await db.destroy();
});

it('has all its connections after all that', async () => {
  await expectAllConnections(service.app.get<Kysely<never>>(DATABASE), wire);
});

describe('a process that is started', () => {
  // From the look at the migrations to the opening of the queues.
  it.each([3, 12, 14, 16, 20])(
    'and whose connection breaks at statement %s says one line, and ends unless it got over that',
    async (statement) => {
      wire.breakAt(statement, 'unsent');
      const started = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'dist', 'main.js')], {
        env: {
          PATH: process.env['PATH'],
          NODE_ENV: 'test',
          ROLES: 'worker,scheduler',
          PORT: '0',
          DATABASE_URL: wire.server.connectionString,
          SECRET: 'a secret of the tests, forty characters!',
          DATA_DIR: onlooker.app.get<Config>(CONFIG).dataDir,
          LOG_LEVEL: 'fatal',
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let told = '';
      const isUp = () => told.startsWith('cqrs-comms (');
      started.stderr.on('data', (chunk: Buffer) => {
        told += chunk.toString();
        if (isUp()) started.kill('SIGTERM');
      });
      const [code] = (await once(started, 'close')) as [number | null];
      expect({ code, lines: told.trimEnd().split('\n') }).toEqual({
        code: isUp() ? 0 : 1,
        lines: [
          expect.stringMatching(
            isUp() ? '' : /^The database at 127\.0\.0\.1:\d+ does not answer, or ended the connection \(/,
          ),
        ],
      });
    },
  );
});
