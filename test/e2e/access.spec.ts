import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { Body, Controller, Get, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import { type Response } from 'express';
import { sql } from 'kysely';
import request from 'supertest';
import { z } from 'zod';
import {
  ApiKeys,
  AuditTrail,
  type Permission,
  PERMISSIONS,
  permissionsOf,
  type Principal,
  Public,
  RequirePermission,
} from '../../src/access/index.js';
import { Idempotent, IfMatch, setEtag } from '../../src/platform/api/index.js';
import { STALE_VERSION } from '../../src/platform/http/index.js';
import { ConflictError, NotFoundError, UnavailableError } from '../../src/shared/errors.js';
import { type OdsCode } from '../../src/shared/ods-code.js';
import { START, type TestApp, testApp } from './access-http.support.js';

const noteSchema = z.strictObject({
  text: z.string().min(1).max(50),
  due: z.iso.date().optional(),
  tags: z.array(z.strictObject({ name: z.string() })).optional(),
});

const effects: string[] = [];
let gate: Promise<void> | undefined;

@Controller('api/v1/probe')
class ProbeController {
  constructor(private readonly trail: AuditTrail) {}

  @Get('undeclared')
  undeclared() {
    return { open: true };
  }
  @Get('public')
  @Public()
  open() {
    return { open: true };
  }
  @Get('approve')
  @RequirePermission('campaign:approve')
  approve() {
    return { approved: true };
  }
  @Post('notes')
  @RequirePermission('campaign:write')
  @Idempotent()
  async note(
    @Body({ schema: noteSchema }) body: z.infer<typeof noteSchema>,
    @Res({ passthrough: true }) res: Response,
  ) {
    await gate;
    if (body.text === 'conflict') throw new ConflictError('wrong-state', 'The note is closed');
    effects.push(body.text);
    res.setHeader('Location', `/api/v1/probe/notes/${effects.length}`);
    return { number: effects.length };
  }
  @Post('kept-notes')
  @RequirePermission('campaign:write')
  @Idempotent()
  async keep(@Body({ schema: noteSchema }) { text }: z.infer<typeof noteSchema>) {
    await gate;
    await this.trail.record({ actor: 'person:test', action: 'note.kept', subject: text, details: {} });
    return { text };
  }
  @Post('act')
  @Public()
  @HttpCode(204)
  @Idempotent()
  act() {
    effects.push('act');
  }
  @Put('notes/:number')
  @RequirePermission('campaign:write')
  change(
    @Param('number', { schema: z.coerce.number().int().positive() }) number: number,
    @IfMatch() version: number,
    @Res({ passthrough: true }) res: Response,
  ) {
    if (version !== 3) throw new ConflictError(STALE_VERSION, `Note ${number} has changed`);
    setEtag(res, version + 1);
    return { number };
  }
  @Get('fault/:kind')
  @Public()
  async fault(@Param('kind') kind: string) {
    if (kind === 'missing') throw new NotFoundError('no-such-note', 'There is no note 7');
    if (kind === 'down') throw new UnavailableError('directory-down', 'The directory does not answer');
    if (kind === 'bug') throw new Error('secret internals of testa.sample1@nhs.net');
    await sql`select 1 / 0`.execute(harness.database.db);
  }
}

/** What the server says to these bytes before it hangs up. */
async function sent(bytes: string): Promise<string> {
  const server = harness.app.getHttpServer();
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8');
  socket.write(bytes);
  let answer = '';
  for await (const piece of socket) answer += piece as string;
  return answer;
}

let harness: TestApp;
let http: ReturnType<typeof request>;
const allPermissions = Object.keys(PERMISSIONS) as Permission[];
const maker: Principal = {
  id: 'person:test',
  kind: 'person',
  name: 'Testa Sample',
  roles: ['admin'],
  permissions: permissionsOf(['admin']),
};
const keyWith = async (permissions: Permission[], days = 30): Promise<string> =>
  (await harness.app.get(ApiKeys).create({ name: 'test', permissions, expiresInDays: days }, maker)).key;
const auth = async (...permissions: Permission[]) => ({ Authorization: `Bearer ${await keyWith(permissions)}` });

beforeAll(async () => {
  harness = await testApp({ RATE_LIMIT_PER_MINUTE: '50' }, { controllers: [ProbeController] });
  http = request(harness.app.getHttpServer());
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
});
beforeEach(() => {
  effects.length = 0;
  gate = undefined;
  harness.clock.moveTo(START);
});

describe('the guard', () => {
  it('opens a public route to everybody and an undeclared one to nobody', async () => {
    await http.get('/api/v1/probe/public').expect(200);
    await http.get('/api/v1/probe/undeclared').expect(401);
    const all = await auth(...allPermissions);
    const refused = await http.get('/api/v1/probe/undeclared').set(all).expect(403);
    expect(refused.body).toMatchObject({ type: '/problems/permission-missing', status: 403 });
  });

  it('opens a route to exactly the one permission it names', async () => {
    for (const permission of allPermissions) {
      const expected = permission === 'campaign:approve' ? 200 : 403;
      await http
        .get('/api/v1/probe/approve')
        .set(await auth(permission))
        .expect(expected);
    }
  });

  it('asks a program for a key, and sends a browser to the sign-in page', async () => {
    const answer = await http.get('/api/v1/probe/approve').set('Accept', 'text/html').expect(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    const page = await http.get('/metrics?a=1').set('Accept', 'text/html').expect(303);
    expect(page.headers['location']).toBe('/sign-in?to=%2Fmetrics%3Fa%3D1');
  });
});

describe('API keys', () => {
  it('are shown once, stored hashed, and say who they are', async () => {
    const admin = await auth('key:manage', 'status:report');
    const created = await http
      .post('/api/v1/api-keys')
      .set(admin)
      .send({ name: 'CQRS platform', permissions: ['status:report'], region: 'y63', expiresInDays: 7 })
      .expect(201);
    const { key, id, prefix } = created.body as { key: string; id: string; prefix: string };
    const me = await http.get('/api/v1/me').set('Authorization', `Bearer ${key}`).expect(200);
    expect(me.body).toEqual({
      id: `key:${prefix}`,
      kind: 'key',
      name: 'CQRS platform',
      roles: [],
      permissions: ['status:report'],
      region: 'Y63',
    });
    const listed = await http.get('/api/v1/api-keys').set(admin).expect(200);
    expect(listed.text).not.toContain(key);
    expect((listed.body as { items: unknown[] }).items).toContainEqual(
      expect.objectContaining({ id, expiresAt: '2026-09-21T07:00:00.000Z', lastUsedOn: '2026-09-14' }),
    );
    const rows = await sql<{ row: string }>`select t::text as row from api_key t`.execute(harness.database.db);
    expect(rows.rows.some(({ row }) => row.includes(key.slice(-43)))).toBe(false);
  });

  it('stop working when revoked and when expired', async () => {
    const key = await keyWith(['campaign:read'], 1);
    const bearer = { Authorization: `Bearer ${key}` };
    harness.clock.moveTo(new Date(START.getTime() + 86_399_000));
    await http.get('/api/v1/me').set(bearer).expect(200);
    harness.clock.moveTo(new Date(START.getTime() + 86_400_000));
    await http.get('/api/v1/me').set(bearer).expect(401);

    harness.clock.moveTo(START);
    const admin = await auth('key:manage');
    const mine = (await harness.app.get(ApiKeys).list(maker, undefined, 200)).find((k) => key.includes(k.prefix));
    await http.delete(`/api/v1/api-keys/${mine!.id}`).set(admin).expect(204);
    await http.delete(`/api/v1/api-keys/${mine!.id}`).set(admin).expect(204);
    await http.get('/api/v1/me').set(bearer).expect(401);
    await http.delete('/api/v1/api-keys/0198f4c2-6d1e-7c3a-9b54-2f6f1f0f9a11').set(admin).expect(404);
  });

  it('refuse a wrong secret, another scheme and nonsense', async () => {
    const key = await keyWith(['campaign:read']);
    const wrong = `${key.slice(0, -2)}${key.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const value of [`Bearer ${wrong}`, `Basic ${key}`, 'Bearer', `Bearer ${key}x`, 'Bearer cqrs_zz_11']) {
      await http.get('/api/v1/me').set('Authorization', value).expect(401);
    }
  });

  it('cannot allow more than their maker may do, nor leave the region', async () => {
    const wanted = { name: 'too much', permissions: ['audit:read'] };
    const answer = await http
      .post('/api/v1/api-keys')
      .set(await auth('key:manage'))
      .send(wanted)
      .expect(403);
    expect(answer.body).toMatchObject({ type: '/problems/beyond-own-permissions' });
    const regional = { ...maker, region: 'Y63' as OdsCode };
    const keys = harness.app.get(ApiKeys);
    const national = { name: 'n', permissions: ['campaign:read' as const], expiresInDays: 1 };
    await expect(keys.create(national, regional)).rejects.toThrow('region Y63 only');
    await keys.create({ ...national, region: 'Y58' as OdsCode }, maker);
    const mine = await keys.create({ ...national, region: 'Y63' as OdsCode }, regional);
    expect((await keys.list(regional, undefined, 50)).filter((key) => key.region !== 'Y63')).toEqual([]);
    expect((await keys.list(regional, undefined, 50)).map((key) => key.id)).toContain(mine.id);
  });

  it('are listed page by page without loss or repetition', async () => {
    const admin = await auth('key:manage');
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = new URLSearchParams({ limit: '3', ...(cursor && { cursor }) });
      const page = await http.get(`/api/v1/api-keys?${query.toString()}`).set(admin).expect(200);
      const body = page.body as { items: { id: string }[]; next?: string };
      seen.push(...body.items.map((item) => item.id));
      cursor = body.next;
    } while (cursor);
    const count = await sql<{ n: number }>`select count(*) as n from api_key`.execute(harness.database.db);
    expect(seen).toHaveLength(count.rows[0]!.n);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('idempotency keys', () => {
  const post = async (bearer: object, key: string, body: object) =>
    http
      .post('/api/v1/probe/notes')
      .set(bearer as Record<string, string>)
      .set('Idempotency-Key', key)
      .send(body);

  /** Waits until a key is held for longer than until then. */
  async function heldAfter(key: string, then: Date): Promise<{ until: Date; seconds: number }> {
    for (;;) {
      const { rows } = await sql<{ until: Date; seconds: number }>`
        select claimed_until as until, extract(epoch from claimed_until - clock_timestamp())::float8 as seconds
        from idempotency_key where key = ${key}`.execute(harness.database.db);
      if (rows[0] && rows[0].until > then) return rows[0];
    }
  }

  it('repeat the answer for the same request and act once', async () => {
    const bearer = await auth('campaign:write');
    const first = await post(bearer, 'k1', { text: 'one' });
    const again = await post(bearer, 'k1', { text: 'one' });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(again.headers['location']).toBe(first.headers['location']);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(effects).toEqual(['one']);
  });

  it('repeat an answer without a body', async () => {
    for (let n = 0; n < 2; n += 1) {
      const answer = await http.post('/api/v1/probe/act').set('Idempotency-Key', 'empty').expect(204);
      expect(answer.text).toBe('');
    }
    expect(effects).toEqual(['act']);
  });

  it('refuse another request under the same key, and keep callers apart', async () => {
    const [one, other] = [await auth('campaign:write'), await auth('campaign:write')];
    await post(one, 'k2', { text: 'one' });
    const reused = await post(one, 'k2', { text: 'two' });
    expect(reused.status).toBe(409);
    expect(reused.body).toMatchObject({ type: '/problems/idempotency-key-reused' });
    expect((await post(other, 'k2', { text: 'two' })).status).toBe(201);
    expect(effects).toEqual(['one', 'two']);
  });

  it('answer a duplicate of a request in progress with 409 and Retry-After', async () => {
    const bearer = await auth('campaign:write');
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const first = post(bearer, 'k3', { text: 'slow' });
    const settled = first.then((answer) => answer.status);
    let claimed = 0;
    while (claimed === 0) {
      const rows = await sql<{ n: number }>`select count(*) as n from idempotency_key where key = 'k3'`.execute(
        harness.database.db,
      );
      claimed = rows.rows[0]!.n;
    }
    const second = await post(bearer, 'k3', { text: 'slow' });
    expect(second.status).toBe(409);
    expect(second.headers['retry-after']).toBe('1');
    open();
    expect(await settled).toBe(201);
    expect(effects).toEqual(['slow']);
  });

  it('are held while their request is worked on, however long, and not much longer', async () => {
    const bearer = await auth('campaign:write');
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const first = post(bearer, 'k7', { text: 'long' }).then((answer) => answer.status);
    const { until, seconds } = await heldAfter('k7', new Date(0));
    expect(seconds).toBeLessThanOrEqual(15);
    await heldAfter('k7', until);
    open();
    expect(await first).toBe(201);
  });

  it('let nobody finish a request that another process has taken over', async () => {
    const bearer = await auth('campaign:write');
    const keep = async () =>
      http.post('/api/v1/probe/kept-notes').set(bearer).set('Idempotency-Key', 'k8').send({ text: 'kept' });
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const frozen = keep().then((answer) => answer);
    await heldAfter('k8', new Date(0));
    await sql`update idempotency_key set claimed_until = clock_timestamp() where key = 'k8'`.execute(
      harness.database.db,
    );
    gate = undefined;
    expect((await keep()).status).toBe(201);
    open();
    expect((await frozen).body).toMatchObject({ status: 409, type: '/problems/request-in-progress' });
    const kept = await sql`select from audit_entry where action = 'note.kept'`.execute(harness.database.db);
    expect(kept.rows).toHaveLength(1);
    expect((await keep()).headers['idempotency-replayed']).toBe('true');
  });

  it('forget a request that failed, and one whose process died', async () => {
    const bearer = await auth('campaign:write');
    expect((await post(bearer, 'k4', { text: 'conflict' })).status).toBe(409);
    expect((await post(bearer, 'k4', { text: 'other' })).status).toBe(201);

    await post(bearer, 'k5', { text: 'died' });
    await sql`update idempotency_key set status = null, claimed_until = now() - interval '1 second' where key = 'k5'`.execute(
      harness.database.db,
    );
    expect((await post(bearer, 'k5', { text: 'another' })).status).toBe(409);
    expect((await post(bearer, 'k5', { text: 'died' })).status).toBe(201);
    expect(effects).toEqual(['other', 'died', 'died']);
  });

  it('keep answers encrypted, a new API key among them', async () => {
    const admin = await auth('key:manage', 'campaign:read');
    const wanted = { name: 'sealed', permissions: ['campaign:read'] };
    const send = async () =>
      http.post('/api/v1/api-keys').set(admin).set('Idempotency-Key', 'k6').send(wanted).expect(201);
    const [first, again] = [await send(), await send()];
    expect(again.body).toEqual(first.body);
    const stored = await sql<{ body: string }>`select body from idempotency_key where key = 'k6'`.execute(
      harness.database.db,
    );
    expect(stored.rows[0]!.body).not.toContain('cqrs_');
  });

  it('are refused when malformed', async () => {
    const answer = await post(await auth('campaign:write'), 'with space', { text: 'x' });
    expect(answer.status).toBe(400);
  });
});

describe('problem documents', () => {
  it('name each wrong field, unknown ones among them', async () => {
    const answer = await http
      .post('/api/v1/probe/notes')
      .set(await auth('campaign:write'))
      .send({ text: '', due: '2026-02-30', tags: [{ name: 7, extra: 1 }], surprise: true })
      .expect(400)
      .expect('Content-Type', /application\/problem\+json/);
    const body = answer.body as { errors: { in: string; field: string }[] };
    expect(body.errors.map(({ in: part, field }) => `${part}:${field}`).sort()).toEqual([
      'body:due',
      'body:surprise',
      'body:tags.0.extra',
      'body:tags.0.name',
      'body:text',
    ]);
  });

  it.each([
    ['broken JSON', 'application/json', '{"text":', 400],
    ['a bare number', 'application/json', '7', 400],
    ['no body at all', 'application/json', '', 400],
    ['a NUL character', 'application/json', '{"text":"a\\u0000b"}', 400],
    ['half a surrogate pair', 'application/json', '{"text":"\\ud800"}', 400],
    ['a prototype key', 'application/json', '{"text":"a","__proto__":{"admin":true}}', 201],
    ['another charset', 'application/json; charset=ebcdic', '{"text":"a"}', 415],
    ['XML', 'application/xml', '<a/>', 415],
    ['a file where JSON is expected', 'text/plain', '{"text":"a"}', 415],
    ['JSON that is nested 200,000 deep', 'application/json', `{"text":${'['.repeat(2e5)}${']'.repeat(2e5)}}`, 400],
    ['JSON of 300,000 values', 'application/json', `{"text":[${'1,'.repeat(3e5)}1]}`, 413],
    ['a form', 'application/x-www-form-urlencoded', 'text=a', 415],
    ['a body of 200 kB', 'application/json', `{"text":"${'x'.repeat(200_000)}"}`, 400],
    ['an oversize body', 'application/json', `{"text":"${'x'.repeat(5_000_000)}"}`, 413],
  ])('answer %s with %s', async (_, type, body, status) => {
    const answer = await http
      .post('/api/v1/probe/notes')
      .set(await auth('campaign:write'))
      .set('Content-Type', type)
      .send(body);
    expect(answer.status).toBe(status);
    expect(status === 201 || answer.headers['content-type']?.startsWith('application/problem+json')).toBe(true);
  });

  it('refuses what is nested too deeply before it is compared with an earlier request', async () => {
    const answer = await http
      .post('/api/v1/probe/notes')
      .set(await auth('campaign:write'))
      .set('Idempotency-Key', 'deep')
      .set('Content-Type', 'application/json')
      .send(`{"text":${'['.repeat(2e5)}${']'.repeat(2e5)}}`);
    expect([answer.status, answer.body]).toEqual([
      400,
      expect.objectContaining({ type: '/problems/malformed-request' }),
    ]);
  });

  it.each([
    ['no request of HTTP', 'HELLO\r\n\r\n', 400, '/problems/malformed-request'],
    ['a method that does not exist', 'FOO /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n', 400, '/problems/malformed-request'],
    [
      'another expectation than Node meets',
      'GET /health HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n',
      417,
      '/problems/expectation-failed',
    ],
    [
      'two hosts',
      'GET /api/v1/probe/public HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n',
      400,
      '/problems/malformed-request',
    ],
    ['no host', 'GET /api/v1/probe/public HTTP/1.1\r\nConnection: close\r\n\r\n', 400, '/problems/malformed-request'],
    [
      'a host that is none',
      'GET /api/v1/probe/public HTTP/1.1\r\nHost: a b@c/d\r\nConnection: close\r\n\r\n',
      400,
      '/problems/malformed-request',
    ],
    ['a tunnel', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n', 405, '/problems/method-not-allowed'],
    [
      'a body of 10 GB that is only announced',
      'POST /api/v1/me HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999999999\r\n' +
        'Connection: close\r\n\r\n{',
      413,
      '/problems/body-too-large',
    ],
    [
      'a form of 1 MB that is only announced',
      'POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
        'Content-Length: 1000000\r\nConnection: close\r\n\r\na',
      413,
      '/problems/body-too-large',
    ],
    ['an address of 40 kB', `GET /api/v1/me?${'x'.repeat(40_000)} HTTP/1.1\r\n\r\n`, 431, '/problems/header-too-large'],
  ])('answer %s with a problem document', async (_, request, status, type) => {
    const answer = await sent(request);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\nContent-Type: application/problem\\+json`));
    expect(JSON.parse(body)).toMatchObject({ status, type });
  });

  it.each([
    ['nothing, as gateways send it for HTTP/2', '0\r\n\r\n', 204],
    ['something of which nobody says what it is', '1\r\nx\r\n0\r\n\r\n', 415],
  ])('takes a body in chunks that holds %s', async (_, chunks, status) => {
    const head =
      'POST /api/v1/probe/act HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await sent(head + chunks)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(effects).toEqual(status === 204 ? ['act'] : []);
  });

  it('answers what cannot be read also on a connection that has had its answers', async () => {
    await sent('HELLO\r\n\r\n');
    const { port } = harness.app.getHttpServer().address() as AddressInfo;
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    const parts = [
      'GET /api/v1/probe/public HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /api/v1/probe/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n',
    ];
    const answers: string[] = [];
    socket.write(parts.shift()!);
    for await (const piece of socket) {
      answers.push(piece as string);
      socket.write(parts.shift() ?? '');
    }
    expect(answers.map((answer) => answer.slice(0, 12))).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  it.each([
    ['get', '/api/v1/nowhere', 404, undefined],
    ['patch', '/api/v1/me', 405, 'GET'],
    ['head', '/api/v1/probe/act', 405, 'POST'],
    ['head', '/api/v1/probe/notes/3', 405, 'PUT'],
    ['put', '/api/v1/probe/notes/x', 400, undefined],
    ['get', '/api/v1/probe/fault/%E0%A4%A', 400, undefined],
    ['get', '/api/v1/probe/fault/missing', 404, undefined],
    ['get', '/api/v1/probe/fault/down', 503, undefined],
  ] as const)('answer %s %s with %s', async (method, path, status, allow) => {
    const bearer = await auth('campaign:write');
    const answer = await http[method](path).set(bearer).set('If-Match', '"3"').expect(status);
    if (method !== 'head')
      expect(answer.body).toMatchObject({ status, type: expect.stringMatching(/^\/problems\/[a-z-]+$/) as string });
    expect(answer.headers['allow']).toBe(allow);
  });

  it('show nothing of a fault of ours but the id of its log entry', async () => {
    for (const kind of ['bug', 'database']) {
      const answer = await http.get(`/api/v1/probe/fault/${kind}`).expect(500);
      expect(answer.body).toMatchObject({
        type: '/problems/internal-fault',
        instance: expect.stringMatching(/^urn:uuid:/) as string,
      });
      expect(answer.text).not.toMatch(/nhs\.net|division|stack|\.ts/);
    }
  });

  it('become a page for a browser', async () => {
    const page = await http.get('/nowhere').set('Accept', 'text/html').expect(404).expect('Content-Type', /html/);
    expect(page.text).toContain('<h1>Not found</h1>');
  });

  it('refuse a bad cursor and a bad limit', async () => {
    const admin = await auth('audit:read');
    for (const query of [
      'cursor=%21',
      'cursor=eyJhIjoxfQ',
      'limit=0',
      'limit=201',
      'limit=x',
      'sort=at',
      'limit=1&limit=2',
    ]) {
      await http.get(`/api/v1/audit?${query}`).set(admin).expect(400);
    }
  });
});

describe('editable things', () => {
  it('demand the version that was read', async () => {
    const bearer = await auth('campaign:write');
    const put = (): request.Test => http.put('/api/v1/probe/notes/1').set(bearer);
    await put().expect(428);
    for (const stale of ['"2"', 'W/"3"', '*', '3', '"03"']) await put().set('If-Match', stale).expect(412);
    const answer = await put().set('If-Match', '"3"').expect(200);
    expect(answer.headers['etag']).toBe('"4"');
  });
});

describe('every answer', () => {
  it('carries the security headers', async () => {
    const { headers } = await http.get('/api/v1/probe/public').expect(200);
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).toContain("manifest-src 'self'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('etag');
  });
});

describe('rate limits', () => {
  it('answer with 429 and Retry-After, for that caller and route only', async () => {
    const bearer = await auth('campaign:read', 'campaign:approve');
    for (let n = 0; n < 50; n += 1) await http.get('/api/v1/me').set(bearer).expect(200);
    const limited = await http.get('/api/v1/me').set(bearer).expect(429);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect(limited.body).toMatchObject({ type: '/problems/too-many-requests' });
    await http.get('/api/v1/probe/approve').set(bearer).expect(200);
    await http
      .get('/api/v1/me')
      .set(await auth('campaign:read'))
      .expect(200);
    await sql`update request_rate set resets_at = now() - interval '1 second'`.execute(harness.database.db);
    await http.get('/api/v1/me').set(bearer).expect(200);
  });
});

describe('the audit trail over HTTP', () => {
  it('is paged, filtered and verified', async () => {
    const bearer = await auth('audit:read');
    await harness.app.get(AuditTrail).record({ actor: 'system:x', action: 'a.b', subject: 'campaign:1', details: {} });
    const mine = await http.get('/api/v1/audit?subject=campaign:1&limit=1').set(bearer).expect(200);
    expect(mine.body).toMatchObject({ items: [{ action: 'a.b', actor: 'system:x' }] });
    expect(mine.body).not.toHaveProperty('next');
    const page = await http.get('/api/v1/audit?limit=2').set(bearer).expect(200);
    const { items, next } = page.body as { items: { sequence: number }[]; next: string };
    const more = await http.get(`/api/v1/audit?limit=2&cursor=${next}`).set(bearer).expect(200);
    expect((more.body as { items: { sequence: number }[] }).items[0]!.sequence).toBe(items[1]!.sequence - 1);
    const verdict = await http.get('/api/v1/audit/verification').set(bearer).expect(200);
    expect(verdict.body).toMatchObject({ ok: true });
  });
});

describe('metrics', () => {
  it('need their permission and know routes, never addresses', async () => {
    await http.get('/metrics').set('Accept', '*/*').expect(401);
    const answer = await http
      .get('/metrics')
      .set(await auth('metrics:read'))
      .expect(200);
    expect(answer.text).toContain('route="/api/v1/probe/notes/:number"');
    expect(answer.text).toContain('route="unmatched"');
    expect(answer.text).not.toMatch(/notes\/1|nowhere/);
    expect(answer.text).toContain('process_cpu_seconds_total');
  });
});
