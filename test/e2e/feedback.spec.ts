import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { createTransport } from 'nodemailer';
import { type Registry } from 'prom-client';
import request from 'supertest';
import { ApiKeys } from '../../src/access/index.js';
import { CascadeFreezer, WorklistService } from '../../src/cascades/index.js';
import { CaptureInbox, Ledger, messageIdOf, Reconciler, unsubscribeToken } from '../../src/delivery/index.js';
import { FeedbackService, LeaverService, OptOutService } from '../../src/feedback/index.js';
import { FEEDBACK_SOURCES } from '../../src/feedback/feedback.source.js';
import { ListenerSource } from '../../src/feedback/listener.source.js';
import { type Config, CONFIG, PROJECT_ROOT } from '../../src/platform/config/index.js';
import { METRICS } from '../../src/platform/metrics/index.js';
import { TemplateCatalogue } from '../../src/rendering/index.js';
import { bounce } from '../support/bounce.js';
import { colleague } from '../support/app.js';
import { ApiApp } from './api.support.js';

const TEMPLATE = 'guidance-follow-up';
let api: ApiApp;
let config: Config;

beforeAll(async () => {
  api = await ApiApp.start();
  config = api.app.get(CONFIG);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});
afterEach(() => jest.restoreAllMocks());

/** Sends one message through the whole service and gives what the capture inbox holds of it. */
async function sent(address: string, accountIds: string[] = ['U1'], organisationCodes: string[] = ['A81001']) {
  const template = api.app.get(TemplateCatalogue).get(TEMPLATE);
  const campaignId = randomUUID();
  const ledger = api.app.get(Ledger);
  await ledger.plan({ id: randomUUID(), campaignId, purpose: 'notice', dueAt: api.clock.now(), expiresAt: null }, [
    {
      personKey: 'person-1',
      accountIds,
      organisationCodes,
      route: 'direct',
      segment: null,
      address,
      template: TEMPLATE,
      templateVersion: template.version,
      values: template.sample,
    },
  ]);
  const id = messageIdOf(campaignId, 'person-1', 'notice');
  await until(async () => {
    await api.app.get(Reconciler).reconcile();
    return (await ledger.message(id)).state === 'accepted';
  });
  const inbox = api.app.get(CaptureInbox);
  const { items } = await inbox.search({ limit: 1, to: address });
  const message = await inbox.get(items[0]?.id ?? '');
  const header = (name: string) => message.headers.find((each) => each.name.toLowerCase() === name)?.value;
  return { id, returnPath: message.from, header };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It did not come to pass: ${condition.toString()}`);
    await delay(25);
  }
}

const optional = () => jest.replaceProperty(api.app.get(TemplateCatalogue).get(TEMPLATE), 'kind', 'optional');
const web = () => request(api.app.getHttpServer());

describe('optional mail', () => {
  it('carries a link that ends it, which service mail does not', async () => {
    const service = await sent('testa.service@nhs.net');
    expect(service.header('list-unsubscribe')).toBeUndefined();
    optional();
    const { id, header } = await sent('testa.optional@nhs.net');
    const link = `http://${config.host}:${config.port}/unsubscribe/${unsubscribeToken(id, config.secret)}`;
    expect(header('list-unsubscribe')).toBe(`<${link}>`);
  });

  it('promises one click only where the link is reached by https', async () => {
    optional();
    jest.replaceProperty(config, 'publicUrl', 'https://comms.example.test');
    const { header } = await sent('testa.secure@nhs.net');
    expect(header('list-unsubscribe')).toMatch(/^<https:\/\/comms\.example\.test\/unsubscribe\/[0-9a-f]{64}>$/);
    expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
  });
});

describe('an unsubscribe link', () => {
  const optedOut = (address: string) => api.app.get(OptOutService).optedOut([address]);

  it('changes nothing however often a scanner opens it', async () => {
    const { id } = await sent('testa.scanned@nhs.net');
    const path = `/unsubscribe/${unsubscribeToken(id, config.secret)}`;
    for (let round = 0; round < 250; round += 1) {
      const [page, head] = await Promise.all([web().get(path), web().head(path)]);
      expect([page.status, head.status]).toEqual([200, 200]);
    }
    expect(await optedOut('testa.scanned@nhs.net')).toEqual(new Set());
  });

  it('shows a form that a person can read and send', async () => {
    const { id } = await sent('testa.form@nhs.net');
    const { text, headers } = await web().get(`/unsubscribe/${unsubscribeToken(id, config.secret)}`);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toMatch(/<html lang="en-GB">[\s\S]*<h1>Stop optional emails<\/h1>[\s\S]*<form method="post"><button/);
    expect(text).not.toContain('testa.form');
  });

  it.each([
    ['the form of RFC 8058', (test: request.Test) => test.type('form').send('List-Unsubscribe=One-Click')],
    ['a multipart form', (test: request.Test) => test.field('List-Unsubscribe', 'One-Click')],
    ['no body', (test: request.Test) => test],
  ])('ends optional mail on POST with %s, once', async (body, send) => {
    const address = `testa.${body.replaceAll(/\W/g, '')}@nhs.net`.toLowerCase();
    const { id } = await sent(address);
    const path = `/unsubscribe/${unsubscribeToken(id, config.secret)}`;
    const answers = [await send(web().post(path)), await send(web().post(path))];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.text).toContain('You will get no more optional emails');
    expect(await optedOut(address)).toEqual(new Set([address]));
  });

  it('that was not made here is refused, opened or sent', async () => {
    const path = `/unsubscribe/${unsubscribeToken(randomUUID(), 'another secret of thirty-two letters')}`;
    expect((await web().get(path)).status).toBe(400);
    expect((await web().post(path)).status).toBe(400);
  });
});

describe('a report by SMTP', () => {
  it('reaches the ledger through the application, and its account the worklist of its commissioner', async () => {
    await api.importDirectory();
    const { rows } = await sql<{ id: string; email: string; organisation: string; commissioner: string }>`
      select a.id, a.email_normalised as email, o.code as organisation, o.commissioner_code as commissioner
      from account a join membership m on m.account_id = a.id join organisation o on o.code = m.organisation_code
      where a.status = 'active' and a.email_normalised like '%@nhs.net' and o.kind = 'practice'
        and (select count(*) from account b where b.email_normalised = a.email_normalised) = 1
        and o.commissioner_code is not null
      order by a.id limit 1`.execute(api.database.db);
    const [account] = rows;
    if (!account) throw new Error('The fixture has no account at a practice');
    const { id, returnPath } = await sent(account.email, [account.id], [account.organisation]);

    const source = new ListenerSource({ host: '127.0.0.1', port: 0, secret: config.secret });
    const feedback = api.app.get(FeedbackService);
    await source.start(async (raw, envelopeRecipient = '') => {
      await feedback.ingest(raw, { source: source.name, envelopeRecipient });
    });
    const client = createTransport({ host: '127.0.0.1', port: source.port ?? 0, ignoreTLS: true });
    // The header names somebody else: only the envelope proves it.
    await client.sendMail({
      envelope: { from: '', to: returnPath },
      raw: bounce({ to: 'bounces@example.test', address: account.email }),
    });
    client.close();
    await source.stop();

    expect((await api.app.get(Ledger).message(id)).state).toBe('bounced');
    const leavers = api.app.get(LeaverService);
    const leaver: unknown = expect.objectContaining({ accountId: account.id, messageId: id, reason: 'userunknown' });
    expect(await leavers.probableLeavers()).toEqual([leaver]);
    expect(await leavers.count()).toBe(1);
    expect(await leavers.probableLeavers({}, { limit: 1, offset: 1 })).toEqual([]);
    expect(await leavers.page({ limit: 1, offset: 0 })).toEqual({ leavers: [leaver], total: 1 });
    expect(await leavers.page({ limit: 1, offset: 1 })).toEqual({ leavers: [], total: 1 });
    expect(await leavers.probableLeavers({ organisationCodes: [account.commissioner] })).toEqual([leaver]);
    expect(await leavers.probableLeavers({ organisationCodes: [account.organisation] })).toEqual([leaver]);
    expect(await leavers.probableLeavers({ accountIds: [account.id] })).toEqual([leaver]);
    expect(await leavers.probableLeavers({ organisationCodes: ['ZZZ'] })).toEqual([]);
    expect(await leavers.probableLeavers({ accountIds: [] })).toEqual([]);

    // On the worklist of its commissioner in a cascade, for that reason alone, and among the team's own worklists.
    const cascade = await api.app.get(CascadeFreezer).drill({ name: 'Worklists' }, colleague('operator'));
    const worklists = api.app.get(WorklistService);
    const listed = async (code: string) =>
      (await worklists.people(cascade, code)).flatMap(({ accountId, need }) =>
        accountId === account.id ? [need] : [],
      );
    expect(await listed(account.commissioner)).toEqual(['left']);
    expect(await listed(account.organisation)).toEqual(['left']);
    const lines = await worklists.lines(cascade, account.commissioner);
    expect(lines.filter(({ left }) => left > 0)).toEqual([
      expect.objectContaining({ code: account.organisation, left: 1 }),
    ]);
    const { rows: cells } = await worklists.peopleExport(cascade, account.commissioner);
    expect(cells.some((row) => row.includes(account.id) && row.includes('left'))).toBe(true);
    const { key } = await api.app
      .get(ApiKeys)
      .create({ name: 'pages', permissions: ['directory:read', 'message:read'], expiresInDays: 1 }, colleague('admin'));
    const page = (path: string) =>
      request(api.app.getHttpServer()).get(path).set('authorization', `Bearer ${key}`).expect(200);
    expect((await page('/people')).text).toContain('/people/worklists/leavers');
    expect((await page('/people/worklists/leavers')).text).toContain(account.id);
    const { text: csv } = await page('/people/worklists/leavers/export.csv');
    expect(csv.trim().split('\r\n')).toHaveLength(2);
    expect(csv).toContain(account.email);

    await api.app.get(OptOutService).lift(account.email, 'person:operator');
    expect(await leavers.probableLeavers()).toEqual([]);
    expect(await listed(account.commissioner)).not.toContain('left');
  });

  it('is taken by no process that is not the scheduler', () => {
    expect(api.app.get(FEEDBACK_SOURCES)).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('asks for metrics that the service registers, and leaves out none of its own', async () => {
    const registered = new Map(
      api.app
        .get<Registry>(METRICS)
        .getMetricsAsArray()
        .map((metric) => [metric.name, metric]),
    );
    const { panels } = JSON.parse(await readFile(join(PROJECT_ROOT, 'ops', 'grafana', 'cqrs-comms.json'), 'utf8')) as {
      panels: { targets?: { expr: string }[] }[];
    };
    const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const asked = expressions.flatMap((expr) => expr.match(/\b[a-z]+(?:_[a-z0-9]+)+\b(?!\s*\()/g) ?? []);
    const base = (name: string) => (registered.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((name) => !registered.has(base(name)))).toEqual([]);
    const own = [...registered.keys()].filter((name) => !/^(nodejs|process)_/.test(name));
    expect(own.filter((name) => !asked.map(base).includes(name))).toEqual([]);
  });

  it('groups and filters by labels that these metrics have', async () => {
    const text = await api.app.get<Registry>(METRICS).metrics();
    for (const sample of [
      'feedback_reports_total{source="smtp",kind="hard",state="applied"} 1',
      'feedback_recipients_total{kind="hard",reason="userunknown"} 1',
      'feedback_open_reports{state="review"} 0',
      'feedback_open_oldest_seconds{state="waiting"} 0',
    ]) {
      expect(text).toContain(sample);
    }
  });
});
