import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { type NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { Ledger, type NewMessage } from '../../src/delivery/index.js';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { mailRoutes } from '../../src/delivery/mail-routes.js';
import { type CaptureInbox } from '../../src/delivery/capture.inbox.js';
import { TracedTransport } from '../../src/delivery/traced.transport.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { HttpTraces, NoTracing, Tracing } from '../../src/platform/tracing/index.js';
import { OtelTracing } from '../../src/platform/tracing/otel.tracing.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { addressOf, DeliveryApp, MONDAY } from '../support/delivery-app.js';
import { SmtpSink } from '../support/smtp-sink.js';

/** What a span may say: nothing else leaves the service. */
const SAID = [
  'campaign.id',
  'dispatch.id',
  'slice.id',
  'message.id',
  'message.transport',
  'message.outcome',
  'message.code',
  'http.request.method',
  'http.route',
  'http.response.status_code',
];

let database: TestDatabase<DeliveryTables>;
let sink: SmtpSink;
let spans: ReadableSpan[];
const exporter: SpanExporter = {
  export(batch, done) {
    spans.push(...batch);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the enum is in a package that is not ours
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};
beforeEach(async () => {
  spans = [];
  [database, sink] = await Promise.all([testDatabase<DeliveryTables>(), SmtpSink.start()]);
});
afterEach(async () => {
  await sink[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

@Controller('people')
class Trigger {
  static people: Iterable<NewMessage> = [];
  constructor(@Inject(Ledger) private readonly ledger: Ledger) {}

  @Post(':address')
  @HttpCode(202)
  async launch(@Param('address') id: string): Promise<{ id: string }> {
    const dispatch = { id: randomUUID(), campaignId: randomUUID(), purpose: 'traced', dueAt: MONDAY, expiresAt: null };
    await this.ledger.plan(dispatch, Trigger.people);
    return { ...dispatch, id };
  }
}

describe('a trace', () => {
  it('goes from the request that set off a dispatch to the answer of the mail server, and names nobody', async () => {
    sink.answer((address) => (address === addressOf(2) ? { rcpt: 550, text: '5.1.1 no such mailbox' } : 'accept'));
    const tracing = new OtelTracing(exporter);
    await using sender = await DeliveryApp.start({ server: database.server, smtpUrl: sink.url, tracing });
    Trigger.people = [...sender.people(3)];
    const module = await Test.createTestingModule({
      controllers: [Trigger],
      providers: [{ provide: Ledger, useValue: sender.ledger }, { provide: Tracing, useValue: tracing }, HttpTraces],
    }).compile();
    const app = module.createNestApplication<NestExpressApplication>();
    app.use(...app.get(HttpTraces).middleware());
    await app.init();
    const caller = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`;
    const answer = await request(app.getHttpServer())
      .post(`/people/${addressOf(1)}`)
      .set('traceparent', caller)
      .expect(202);
    const { campaignId } = answer.body as { campaignId: string };
    // All answers are there before the worker lets go of its slice, and with it of the span around them.
    await sender.until(async () => (await sender.ledger.dispatches(campaignId))[0]?.state === 'finished', campaignId);
    await app.close();
    await tracing.close();

    const named = (name: string) => spans.filter((span) => span.name === name);
    const parentOf = (span: ReadableSpan) =>
      spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set(['a1'.repeat(16)]));
    const [http] = named('HTTP POST');
    expect(http!.parentSpanContext?.spanId).toBe('b2'.repeat(8));
    expect(http!.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/people/:address',
      'http.response.status_code': 202,
    });
    const [plan] = named('plan dispatch');
    expect(parentOf(plan!)).toBe(http);
    const sent = named('send message');
    expect(sent.map(({ attributes }) => [attributes['message.outcome'], attributes['message.code']]).sort()).toEqual([
      ['accepted', 250],
      ['accepted', 250],
      ['permanent', 550],
    ]);
    for (const span of sent) {
      expect(parentOf(span)?.name).toBe('send slice');
      expect(parentOf(parentOf(span)!)).toBe(plan);
    }
    const everything = spans.flatMap(({ attributes, status, events }) => [attributes, status, events]);
    expect(spans.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => !SAID.includes(name))).toEqual(
      [],
    );
    expect(JSON.stringify(everything)).not.toMatch(/@|sample|nhs/i);
  });

  it('tells the kind of a failure and not its words', async () => {
    const tracing = new OtelTracing(exporter);
    const fails = tracing.span('plan dispatch', {}, () =>
      Promise.reject(new TypeError('testa.sample1@nhs.net is twice there')),
    );
    await expect(fails).rejects.toThrow(TypeError);
    await tracing.close();
    expect(spans.map(({ status, events }) => [status, events])).toEqual([[{ code: 2, message: 'TypeError' }, []]]);
  });

  it('is kept whole or not at all where only a share is kept', async () => {
    const tracing = new OtelTracing(exporter, 0);
    await tracing.span('plan dispatch', {}, async () => {
      expect(tracing.here()).toMatch(/-00$/);
      await new OtelTracing(exporter, 1).span('send slice', {}, () => Promise.resolve(), tracing.here());
    });
    await tracing.close();
    expect(spans).toEqual([]);
  });

  it('reaches a collector by OTLP, and says once that it is away and once that it is back', async () => {
    const said: unknown[] = [];
    for (const level of ['warn', 'log'] as const) {
      // Of the whole process: what an application of another spec file says on its way out is none of ours.
      jest.spyOn(Logger.prototype, level).mockImplementation((...[what]: unknown[]) => {
        if ((what as { message?: string }).message?.startsWith('traces ')) said.push(what);
      });
    }
    const bodies: string[] = [];
    const collector = createServer((asked, answer) => {
      let body = `${asked.method} ${asked.url} `;
      asked.on('data', (chunk: Buffer) => (body += chunk.toString()));
      asked.on('end', () => {
        bodies.push(body);
        answer.setHeader('Content-Type', 'application/json').end('{}');
      });
    });
    const listen = async (port: number) => once(collector.listen(port, '127.0.0.1'), 'listening');
    await listen(0);
    const { port } = collector.address() as AddressInfo;
    collector.close();
    await once(collector, 'close');
    const tracing = OtelTracing.to(`http://127.0.0.1:${port}/`, 1);
    const until = async (condition: () => boolean) => {
      const deadline = performance.now() + 60_000;
      while (!condition()) {
        if (performance.now() > deadline) throw new Error(`Not within a minute: ${condition.toString()}`);
        await tracing.span('send message', { 'message.id': randomUUID() }, () => Promise.resolve());
        await delay(50);
      }
    };
    await until(() => said.length > 0);
    // More than one batch fails meanwhile.
    const quietUntil = performance.now() + 3_000;
    await until(() => performance.now() > quietUntil);
    expect(said).toEqual([expect.objectContaining({ message: 'traces not exported' })]);
    await listen(port);
    await until(() => bodies.length > 0 && said.length > 1);
    expect(said.slice(1)).toEqual([{ message: 'traces are exported again' }]);
    expect(bodies[0]).toMatch(/^POST \/v1\/traces {"resourceSpans":.*"name":"send message"/);
    await tracing.close();
    collector.close();
    jest.restoreAllMocks();
  });

  it('costs nothing while nothing is traced', async () => {
    const off = new NoTracing();
    const config = loadConfig({
      ...{ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!', SMTP_URL: 'smtp://relay.test' },
    });
    expect(config.traces).toBeUndefined();
    expect(new HttpTraces(off).middleware()).toEqual([]);
    expect(mailRoutes(config, {} as CaptureInbox, off)[0]!.transport).not.toBeInstanceOf(TracedTransport);
    await using app = await DeliveryApp.start({ server: database.server, smtpUrl: sink.url });
    const { id, campaignId } = await app.plan(2);
    await app.untilFinished({ campaignId });
    const row = await database.db.selectFrom('dispatch').select('trace_parent').where('id', '=', id).executeTakeFirst();
    expect(row).toEqual({ trace_parent: null });
  });
});
