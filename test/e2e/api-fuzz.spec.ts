import { readFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import { ApiKeys } from '../../src/access/index.js';
import { CampaignTicker } from '../../src/campaigns/index.js';
import { describeApi } from '../../src/openapi.js';
import { encodeCursor } from '../../src/platform/http/index.js';
import { ALL, ApiApp, type Caller } from './api.support.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly enum?: Json[];
  readonly const?: Json;
  readonly anyOf?: Schema[];
  readonly oneOf?: Schema[];
  readonly allOf?: Schema[];
  readonly example?: Json;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema?: Schema;
}
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly type: string; readonly schema: Schema } | undefined;
}
interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** After these there is less to ask the others about. */
const TAKES_AWAY = /\/(?:undo|times|disable|cancel)$/;
/** Nobody listens there, and nothing is sent there either: there is no scheduler. */
const WEBHOOK = 'https://localhost:9/';
const BOUNCE = join(import.meta.dirname, '..', 'fixtures', 'dsn', 'lhost-amazonses-01.eml');
/** Requests for each operation. FUZZ_RUNS asks for more; a failure prints the seed that repeats it. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 8);

/** Many more than a process has connections to its database. */
const AT_ONCE = 50;

let api: ApiApp;
let key: string;
let operations: Operation[];
let components: Record<string, Schema>;
/** Ids that are there, by the list that gives them: made-up ones seldom reach what stands behind them. */
let known: Readonly<Record<string, readonly Json[]>>;

beforeAll(async () => {
  api = await ApiApp.start();
  await api.importDirectory();
  const by = { id: 'person:setup', kind: 'person' as const, name: 'x', roles: ['admin' as const], permissions: ALL };
  ({ key } = await api.app.get(ApiKeys).create({ name: 'fuzz', permissions: ALL, expiresInDays: 30 }, by));
  const document = JSON.parse(await describeApi()) as {
    paths: Record<
      string,
      Record<string, { parameters?: Parameter[]; requestBody?: { content: Record<string, { schema: Schema }> } }>
    >;
    components: { schemas: Record<string, Schema> };
  };
  components = document.components.schemas;
  known = await someOfEach();
  operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, { parameters = [], requestBody }]) => {
      const [content] = Object.entries(requestBody?.content ?? {});
      return { method, path, parameters, body: content && { type: content[0], schema: content[1].schema } };
    }),
  );
  const takesAway = ({ method, path }: Operation): number => (method === 'delete' ? 2 : Number(TAKES_AWAY.test(path)));
  operations.sort((one, other) => takesAway(one) - takesAway(other));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** Makes what the examples describe, most of it in each state in which something can be asked of it. */
async function someOfEach(): Promise<Record<string, Json[]>> {
  const [author, second] = [await api.caller(), await api.caller()];
  const does = async (by: Caller, path: string, sent?: object): Promise<Record<string, Json>> => {
    const answer = await by('post', path).send(sent);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.body as Record<string, Json>;
  };
  const make = async (list: string, schema: string, more: object = {}): Promise<string> =>
    (await does(author, `/${list}`, { ...(components[schema]?.example as object), ...more }))['id'] as string;

  const windowId = await make('declaration-windows', 'DeclarationWindowInput');
  const aCampaign = async (): Promise<string> => make('campaigns', 'CampaignInput', { windowId, launchAt: undefined });
  const approved = async (): Promise<string> => {
    const id = await aCampaign();
    const { hash } = await does(author, `/campaigns/${id}/plan`);
    await does(author, `/campaigns/${id}/submit`);
    await does(second, `/campaigns/${id}/approve`, { hash });
    return id;
  };
  const [draft, inReview] = [await aCampaign(), await aCampaign()];
  await does(author, `/campaigns/${inReview}/plan`);
  await does(author, `/campaigns/${inReview}/submit`);
  const [waiting, sending, paused] = [await approved(), await approved(), await approved()];
  for (const id of [sending, paused]) await does(author, `/campaigns/${id}/schedule`);
  const drill = await make('cascades/drills', 'NewDrill');
  await api.app.get(CampaignTicker).run();
  await does(author, `/campaigns/${paused}/pause`);

  const { items } = (await author('get', `/campaigns/${sending}/messages?limit=6`)).body as { items: { id: string }[] };
  const messages = items.map(({ id }) => id);
  const inDoubt = messages.slice(0, 5);
  await sql`update delivery set state = 'unknown' where message_id = any(${inDoubt}::uuid[])`.execute(api.database.db);

  const webhooks = [
    await make('webhooks', 'NewWebhook', { url: WEBHOOK }),
    await make('webhooks', 'NewWebhook', { url: WEBHOOK }),
  ];
  for (const id of webhooks) await does(author, `/webhooks/${id}/test`);
  const { id: report } = (
    await author('post', '/feedback-reports')
      .set('Content-Type', 'message/rfc822')
      .send(readFileSync(BOUNCE))
      .expect(200)
  ).body as { id: string };
  return {
    ...{
      campaigns: [draft, inReview, waiting, sending, paused],
      'declaration-windows': [windowId],
      messages,
      webhooks,
    },
    ...{
      cascades: [drill],
      deliveries: [1, 2],
      'feedback-reports': [report],
      'api-keys': [await make('api-keys', 'NewApiKey')],
    },
    ...{ organisations: ['A84002', 'Y63'], told: ['A84002'], tellings: ['A84002'], accounts: ['U100001'] },
    ...{ templates: ['payment-reminder-practice'], imports: [1, 2], region: ['Y63'] },
  };
}

/** What breaks services that trust their input. */
const nasty = fc.constantFrom<Json>(
  ...['', ' ', '\u0000', 'a\u0000b', '\ud800', '\u202e', '💥', "'; drop table campaign; --", '../../etc/passwd', '%00'],
  ...['{{constructor}}', '${7*7}', 'x'.repeat(10_000), '\r\nX-Header: 1', '__proto__', 'NaN', '١٢٣', 'null'],
  ...['2026-02-30', '2026-02-30T12:00', '2026-09-18T12:00', '2026-09-18T12:00:00', '0020-09-18T12:00:00Z'],
  ...['2026-03-29T01:30', '20260-09-18T12:00', '2026-09-18T25:00', '2026-13-01T00:00:00Z', '-000001-01-01T00:00:00Z'],
  ...['+275760-09-13T00:00:00.001Z', '9999-12-31T23:59:59Z', '2026-09-18T12:00:00+99:99', '1e309'],
  ...[0, -1, 1.5, 2 ** 31, 2 ** 53, 1e308, -1e308, Number.MAX_SAFE_INTEGER, 1e-320, true, false, null],
  ...([[], {}, [[]], [null], { a: { b: {} } }, { __proto__x: 1 }] as Json[]),
);
/** One in seven is odd: of several odd things at once only the first is ever answered. */
const mostly = <T, U>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ arbitrary: usual, weight: 6 }, { arbitrary: odd, weight: 1 });
const anything: fc.Arbitrary<Json> = fc.oneof(nasty, fc.jsonValue() as fc.Arbitrary<Json>);

const resolved = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : (components[schema.$ref.replace('#/components/schemas/', '')] ?? {});

/** A value of the schema, or now and then one that is not, at any depth. */
function valueOf(given: Schema, depth = 0): fc.Arbitrary<Json> {
  const schema = resolved(given);
  if (depth > 5) return anything;
  return mostly(fittingValue(schema, depth), anything);
}

function fittingValue(schema: Schema, depth: number): fc.Arbitrary<Json> {
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (choices) return fc.oneof(...choices.map((choice) => valueOf(choice, depth + 1)));
  const made = ((): fc.Arbitrary<Json> => {
    switch (schema.type) {
      case 'object': {
        const fields = Object.entries(schema.properties ?? {});
        const known = fc.record(Object.fromEntries(fields.map(([name, field]) => [name, valueOf(field, depth + 1)])), {
          requiredKeys: [],
        });
        const more = fc.tuple(known, fc.string(), anything).map(([all, name, x]) => ({ ...all, [name]: x }));
        return mostly(known, more) as fc.Arbitrary<Json>;
      }
      case 'array':
        return fc.array(valueOf(schema.items ?? {}, depth + 1), { maxLength: 4 });
      case 'integer':
        return mostly(
          fc.integer({ min: Math.max(schema.minimum ?? 0, 0), max: Math.min(schema.maximum ?? 1_000, 1_000) }),
          fc.oneof(fc.integer(), fc.constantFrom(0, 1, 2 ** 53)),
        );
      case 'number':
        return fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
      case 'boolean':
        return fc.boolean();
      case 'string':
        return schema.format === 'uuid' ? fc.uuid() : fc.oneof(fc.string({ unit: 'binary' }), fc.string());
      default:
        return anything;
    }
  })();
  return schema.example === undefined ? made : fc.oneof(fc.constant(schema.example), made);
}

/** A body of the schema: its example as it stands or with one field spoilt, or one out of nothing. */
function bodyOf(given: Schema): fc.Arbitrary<Json> {
  const schema = resolved(given);
  const example = withRealIds(schema.example);
  if (typeof example !== 'object' || example === null || Array.isArray(example)) return valueOf(schema);
  const spoilt = fc
    .constantFrom(...Object.keys(example), 'unknownField')
    .chain((name) =>
      fc.oneof(valueOf(schema.properties?.[name] ?? {}, 1), anything).map((value) => ({ ...example, [name]: value })),
    );
  return fc.oneof(
    { arbitrary: fc.constant(example), weight: 2 },
    { arbitrary: spoilt, weight: 3 },
    { arbitrary: valueOf(schema), weight: 1 },
  );
}

/** Examples name what is not there. */
const withRealIds = (example: Json | undefined): Json | undefined => {
  if (example === null || typeof example !== 'object' || Array.isArray(example)) return example;
  const real = { windowId: known['declaration-windows']?.[0], url: WEBHOOK, messageId: known['messages']?.[0] };
  return Object.fromEntries(
    Object.entries(example).map(([name, value]) => [name, real[name as keyof typeof real] ?? value]),
  );
};

/** What a cursor may hold when somebody makes one: the key of a row, spoilt. */
const forged = fc
  .oneof(anything, fc.tuple(anything, anything), fc.tuple(fc.boolean(), anything), fc.uuid(), fc.nat())
  .map(encodeCursor);

function parameterOf(path: string, name: string, schema: Schema = {}): fc.Arbitrary<Json> {
  if (name === 'cursor') return forged;
  const list = path.includes(`/{${name}}`) ? path.split(`/{${name}}`)[0]?.split('/').at(-1) : name;
  const real = resolved(schema).enum === undefined ? (known[list ?? ''] ?? []) : [];
  return real.length === 0 ? valueOf(schema) : mostly(fc.constantFrom(...real), valueOf(schema));
}

const asText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
/** Half surrogates cannot be put into an address. */
const encoded = (value: Json): string => encodeURIComponent(Buffer.from(asText(value).slice(0, 3_000)).toString());

const HEADERS = fc.record(
  {
    'If-Match': mostly(fc.constantFrom('"1"', '"2"', '*'), fc.constantFrom('W/"1"', '"999999999999"', '"', '')),
    'Idempotency-Key': mostly(fc.uuid(), fc.constantFrom('one', 'two', '', 'x'.repeat(300), 'a b')),
  },
  { requiredKeys: ['If-Match'] },
);
const ENCODINGS = mostly<Record<string, string>, Record<string, string>>(
  fc.constant({}),
  fc.constantFrom<Record<string, string>>(
    { 'Content-Type': 'application/json; charset=utf-16' },
    { 'Content-Type': 'application/json; charset=nonsense' },
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': 'application/x-www-form-urlencoded' },
    { 'Content-Type': ';;' },
    { 'Content-Encoding': 'gzip' },
    { 'Content-Encoding': 'nonsense' },
  ),
);
const BROKEN = fc.constantFrom(
  ...[
    '{',
    '[1,',
    '"',
    '\ufeff{}',
    '{"a":1}}',
    '\u0000',
    'nul',
    '{"a":NaN}',
    '['.repeat(50_000),
    `"${'x'.repeat(5_000_000)}"`,
  ],
);

function requestOf({ method, path, parameters, body }: Operation) {
  const named = (where: Parameter['in']) =>
    Object.fromEntries(
      parameters.filter((each) => each.in === where).map(({ name, schema }) => [name, parameterOf(path, name, schema)]),
    );
  const inQueries = named('query');
  const query = fc
    .subarray(Object.keys(inQueries), { maxLength: Math.min(2, Object.keys(inQueries).length) })
    .chain((names) =>
      fc.record(Object.fromEntries(names.map((name) => [name, inQueries[name] as fc.Arbitrary<Json>]))),
    );
  const sent =
    body === undefined
      ? fc.constant(undefined)
      : body.type === 'application/json'
        ? mostly(
            bodyOf(body.schema).map((value) => JSON.stringify(value)),
            BROKEN,
          )
        : fc.oneof(fc.string({ unit: 'binary', maxLength: 500 }), BROKEN, anything.map(asText));
  return fc
    .tuple(fc.record(named('path')), query, HEADERS, ENCODINGS, sent)
    .map(([inPath, inQuery, headers, encoding, text]) => {
      const query = Object.entries(inQuery).map(([name, value]) => `${name}=${encoded(value)}`);
      return {
        method: method.toUpperCase(),
        path:
          path.replace(/\{(\w+)\}/g, (_, name: string) => encoded(inPath[name] as Json) || '-') +
          (query.length > 0 ? `?${query.join('&')}` : ''),
        headers: { ...(text !== undefined && { 'Content-Type': body?.type ?? '' }), ...headers, ...encoding },
        text,
      };
    });
}

function send(asked: {
  method: string;
  path: string;
  headers: Record<string, string | undefined>;
  text: string | undefined;
}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = api.app.getHttpServer().address() as AddressInfo;
    const headers = { Authorization: `Bearer ${key}`, ...asked.headers };
    const sent = request(
      { host: '127.0.0.1', port, method: asked.method, path: asked.path, headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(asked.text);
  });
}

/** A request that the operation accepts, if there is one among a few; without a key that makes all the same one. */
async function acceptedBy(operation: Operation): Promise<Parameters<typeof send>[0]> {
  const candidates = fc.sample(requestOf(operation), 10).map((asked) => {
    const { 'Idempotency-Key': _, ...headers } = asked.headers;
    return { ...asked, headers };
  });
  for (const asked of candidates) if ((await send(asked)).status < 300) return asked;
  return candidates[0]!;
}

describe('every operation of the API, whatever it is sent', () => {
  it('never answers with a fault of ours, and refuses with a problem document', async () => {
    const statuses = new Map<number, number>();
    const succeeded = new Set<Operation>();
    for (const operation of operations) {
      await fc.assert(
        fc.asyncProperty(requestOf(operation), async (asked) => {
          const { status, headers, text } = await send(asked);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status < 300) succeeded.add(operation);
          expect(status).toBeLessThan(500);
          if (status < 400) return;
          expect(headers['content-type']).toMatch(/^application\/problem\+json/);
          const problem = JSON.parse(text) as { status: number; type: string; errors?: { field: string }[] };
          expect(problem).toMatchObject({ status, type: expect.stringMatching(/^\/problems\/[a-z0-9-]+$/) as string });
          if (problem.type === '/problems/invalid-input') expect(problem.errors?.length).toBeGreaterThan(0);
        }),
        { numRuns: RUNS },
      );
    }
    // A fuzzer all of whose requests are refused at the door proves little.
    expect(succeeded.size).toBeGreaterThan(operations.length * 0.6);
    expect(statuses.get(400) ?? 0).toBeGreaterThan((operations.length * RUNS) / 40);
  }, 600_000);

  it('answers everybody who wants the same changed at the same moment', async () => {
    const faults: string[] = [];
    for (const operation of operations.filter(({ method }) => method !== 'get')) {
      const asked = await acceptedBy(operation);
      for (const { status, text } of await Promise.all(Array.from({ length: AT_ONCE }, () => send(asked)))) {
        if (status >= 500) faults.push(`${operation.method} ${operation.path}: ${status} ${text}`);
      }
    }
    expect(faults).toEqual([]);
  }, 600_000);
});
