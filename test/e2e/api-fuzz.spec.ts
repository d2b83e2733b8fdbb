import { request, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { ApiKeys } from '../../src/access/index.js';
import { describeApi } from '../../src/openapi.js';
import { ALL, ApiApp } from './api.support.js';

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

/** Requests for each operation. FUZZ_RUNS asks for more; a failure prints the seed that repeats it. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 8);

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
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** Makes what the examples describe, as far as it stands for itself, and lists what is there. */
async function someOfEach(): Promise<Record<string, Json[]>> {
  const ids: Record<string, Json[]> = {};
  const by = { 'Content-Type': 'application/json' };
  const make = async (list: string, schema: string, more: Record<string, Json> = {}): Promise<void> => {
    const body = { ...(components[schema]?.example as Record<string, Json>), ...more };
    const made = await send({ method: 'POST', path: `/api/v1/${list}`, headers: by, text: JSON.stringify(body) });
    expect(made.status).toBeLessThan(300);
    if (made.status === 201) ids[list] = [(JSON.parse(made.text) as { id: Json }).id];
  };
  await make('declaration-windows', 'DeclarationWindowInput');
  await make('campaigns', 'CampaignInput', { windowId: ids['declaration-windows']?.[0] ?? null });
  await make('api-keys', 'NewApiKey');
  const plan = `/api/v1/campaigns/${ids['campaigns']?.[0] as string}/plan`;
  await send({ method: 'POST', path: plan, headers: {}, text: undefined });
  return {
    ...ids,
    organisations: ['A84002', 'Y63'],
    told: ['A84002'],
    accounts: ['U100001'],
    templates: ['payment-reminder-practice'],
    imports: [1, 2],
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
const anything: fc.Arbitrary<Json> = fc.oneof(nasty, fc.jsonValue() as fc.Arbitrary<Json>);

const resolved = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : (components[schema.$ref.replace('#/components/schemas/', '')] ?? {});

/** A value of the schema, or now and then one that is not, at any depth. */
function valueOf(given: Schema, depth = 0): fc.Arbitrary<Json> {
  const schema = resolved(given);
  if (depth > 5) return anything;
  const fitting = fittingValue(schema, depth);
  return fc.oneof({ arbitrary: fitting, weight: 6 }, { arbitrary: anything, weight: 1 });
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
        return fc.oneof(
          { arbitrary: known, weight: 5 },
          {
            arbitrary: fc.tuple(known, fc.string(), anything).map(([all, name, x]) => ({ ...all, [name]: x })),
            weight: 1,
          },
        ) as fc.Arbitrary<Json>;
      }
      case 'array':
        return fc.array(valueOf(schema.items ?? {}, depth + 1), { maxLength: 4 });
      case 'integer':
        return fc.oneof(fc.integer(), fc.constantFrom(0, 1, 2 ** 53));
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
  return fc.oneof({ arbitrary: fc.constant(example), weight: 1 }, { arbitrary: spoilt, weight: 3 }, valueOf(schema));
}

const withRealIds = (example: Json | undefined): Json | undefined =>
  example !== null && typeof example === 'object' && 'windowId' in example
    ? { ...example, windowId: known['declaration-windows']?.[0] ?? null }
    : example;

/** What a cursor may hold when somebody makes one: the key of a row, spoilt. */
const forged = fc
  .oneof(anything, fc.tuple(anything, anything), fc.tuple(fc.boolean(), anything))
  .map((key) => Buffer.from(JSON.stringify(key)).toString('base64url'));

function parameterOf(path: string, name: string, schema: Schema = {}): fc.Arbitrary<Json> {
  if (name === 'cursor') return forged;
  const real = path.includes(`{${name}}`) ? (known[path.split('/')[3] ?? ''] ?? []) : [];
  return real.length === 0
    ? valueOf(schema)
    : fc.oneof({ arbitrary: fc.constantFrom(...real), weight: 6 }, { arbitrary: valueOf(schema), weight: 1 });
}

const asText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
/** Half surrogates cannot be put into an address. */
const encoded = (value: Json): string => encodeURIComponent(Buffer.from(asText(value).slice(0, 3_000)).toString());

const HEADERS = fc.record(
  {
    'If-Match': fc.constantFrom('"1"', '"2"', '*', 'W/"1"', '"999999999999"', '"', ''),
    'Idempotency-Key': fc.constantFrom('one', 'two', '', 'x'.repeat(300), 'a b'),
  },
  { requiredKeys: [] },
);
const ENCODINGS = fc.constantFrom<Record<string, string>>(
  ...([{}, {}, {}, {}, {}, {}] as Record<string, string>[]),
  { 'Content-Type': 'application/json; charset=utf-16' },
  { 'Content-Type': 'application/json; charset=nonsense' },
  { 'Content-Type': 'text/plain' },
  { 'Content-Type': 'application/x-www-form-urlencoded' },
  { 'Content-Type': ';;' },
  { 'Content-Encoding': 'gzip' },
  { 'Content-Encoding': 'nonsense' },
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
  const sent =
    body === undefined
      ? fc.constant(undefined)
      : body.type === 'application/json'
        ? fc.oneof(
            { arbitrary: bodyOf(body.schema).map((value) => JSON.stringify(value)), weight: 12 },
            { arbitrary: BROKEN, weight: 1 },
          )
        : fc.oneof(fc.string({ unit: 'binary', maxLength: 500 }), BROKEN, anything.map(asText));
  return fc
    .tuple(fc.record(named('path')), fc.record(named('query'), { requiredKeys: [] }), HEADERS, ENCODINGS, sent)
    .map(([inPath, inQuery, headers, encoding, text]) => {
      const query = Object.entries(inQuery).map(([name, value]) => `${name}=${encoded(value as Json)}`);
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

describe('every operation of the API, whatever it is sent', () => {
  it('never answers with a fault of ours, and refuses with a problem document', async () => {
    const statuses = new Map<number, number>();
    for (const operation of operations) {
      await fc.assert(
        fc.asyncProperty(requestOf(operation), async (asked) => {
          const { status, headers, text } = await send(asked);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
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
    const enough = (operations.length * RUNS) / 40;
    expect(statuses.get(200) ?? 0).toBeGreaterThan(enough);
    expect(statuses.get(400) ?? 0).toBeGreaterThan(enough);
  }, 600_000);
});
