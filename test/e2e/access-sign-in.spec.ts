import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Body, Controller, Get, Post, Req } from '@nestjs/common';
import { type Request as ExpressRequest } from 'express';
import { type Kysely, sql } from 'kysely';
import request from 'supertest';
import { z } from 'zod';
import { AuditTrail, OneTimeLink, RequirePermission, viewerOf } from '../../src/access/index.js';
import { DATABASE } from '../../src/platform/database/index.js';
import { START, type TestApp, testApp } from './access-http.support.js';

const formSchema = z.strictObject({ text: z.string().optional() }).optional();

@Controller('probe')
class PageController {
  @Get('form')
  @RequirePermission('campaign:write')
  form(@Req() request: ExpressRequest) {
    return { token: viewerOf(request).csrf };
  }
  @Post('form')
  @RequirePermission('campaign:write')
  send(@Body({ schema: formSchema }) form: z.infer<typeof formSchema>) {
    return { sent: form?.text ?? true };
  }
  @Post('upload')
  @RequirePermission('campaign:write')
  upload() {
    return { sent: true };
  }
}

/** A browser: it keeps cookies per origin, follows nothing by itself. */
class Browser {
  private readonly jars = new Map<string, Map<string, string>>();

  async go(url: string, form?: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    const jar = this.jar(url);
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...headers,
      },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  jar(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const jar = this.jars.get(origin) ?? new Map<string, string>();
    this.jars.set(origin, jar);
    return jar;
  }
}

const locationOf = (response: Response, base: string): string =>
  new URL(response.headers.get('location') ?? '', base).href;

describe('the one-time link', () => {
  let harness: TestApp;
  let http: ReturnType<typeof request>;
  const signIn = async (): Promise<string> => {
    const token = new URL(await harness.app.get(OneTimeLink).create(), 'http://x').searchParams.get('token')!;
    const answer = await http.post('/sign-in/once').type('form').send({ token }).expect(303);
    return String(answer.headers['set-cookie']).split(';')[0]!;
  };

  beforeAll(async () => {
    harness = await testApp({}, { controllers: [PageController] });
    http = request(harness.app.getHttpServer());
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    harness.clock.moveTo(START);
    await sql`delete from request_rate`.execute(harness.database.db);
  });

  it('shows a page however often it is opened, and signs in once by its button', async () => {
    const path = await harness.app.get(OneTimeLink).create();
    for (let n = 0; n < 3; n += 1) {
      const page = await http.get(path).expect(200).expect('Content-Type', /html/);
      expect(page.text).toMatch(/<html lang="en-GB">.*<title>.*<main><h1>.*<button type="submit">/s);
      expect(page.headers['set-cookie']).toBeUndefined();
    }
    const token = new URL(path, 'http://x').searchParams.get('token');
    const signedIn = await http.post('/sign-in/once').type('form').send({ token }).expect(303);
    const cookie = String(signedIn.headers['set-cookie']);
    expect(cookie).toMatch(/^session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    const me = await http.get('/api/v1/me').set('Cookie', cookie.split(';')[0]!).expect(200);
    expect(me.body).toMatchObject({ kind: 'person', roles: ['admin'], name: 'Local administrator' });
    await http.post('/sign-in/once').type('form').send({ token }).expect(400);
  });

  it('expires after an hour', async () => {
    const token = new URL(await harness.app.get(OneTimeLink).create(), 'http://x').searchParams.get('token');
    harness.clock.advance(60 * 60_000);
    await http.post('/sign-in/once').type('form').send({ token }).expect(400);
  });

  it('signs in one of two who press the button at the same time', async () => {
    const token = new URL(await harness.app.get(OneTimeLink).create(), 'http://x').searchParams.get('token');
    const press = async () => (await http.post('/sign-in/once').type('form').send({ token })).status;
    expect((await Promise.all([press(), press()])).sort()).toEqual([303, 400]);
  });

  it('shows nothing of a token that cannot be one', async () => {
    const page = await http.get('/sign-in/once?token="><script>').set('Accept', 'text/html').expect(400);
    expect(page.text).not.toContain('<script>');
  });

  it('reads no JSON on a page, which anybody could make costly to read', async () => {
    const token = new URL(await harness.app.get(OneTimeLink).create(), 'http://x').searchParams.get('token');
    await http.post('/sign-in/once').send({ token }).expect(400);
    await http.post('/sign-in/once').type('form').send({ token }).expect(303);
  });

  it('keeps one local administrator, and no secret in the database', async () => {
    const session = (await signIn()).replace('session=', '');
    await signIn();
    const rows = await sql<{ row: string }>`select p::text as row from person p`.execute(harness.database.db);
    expect(rows.rows).toHaveLength(1);
    const sessions = await sql<{ row: string }>`select s::text as row from session s`.execute(harness.database.db);
    expect(sessions.rows.some(({ row }) => row.includes(session))).toBe(false);
  });

  it('starts a session that ends when idle for an hour, after twelve hours, and on sign-out', async () => {
    const minute = 60_000;
    const me = async (cookie: string) => (await http.get('/api/v1/me').set('Cookie', cookie)).status;

    const idle = await signIn();
    harness.clock.advance(59 * minute);
    expect(await me(idle)).toBe(200);
    harness.clock.advance(59 * minute);
    expect(await me(idle)).toBe(200);
    harness.clock.advance(60 * minute);
    expect(await me(idle)).toBe(401);

    const busy = await signIn();
    for (let passed = 0; passed < 12 * 60; passed += 30) {
      expect(await me(busy)).toBe(200);
      harness.clock.advance(30 * minute);
    }
    expect(await me(busy)).toBe(401);

    const left = await signIn();
    const { token } = (await http.get('/probe/form').set('Cookie', left).expect(200)).body as { token: string };
    await http.post('/sign-out').set('Cookie', left).type('form').send({ _csrf: token }).expect(303);
    expect(await me(left)).toBe(401);
  });

  describe('and forms sent with its session', () => {
    let cookie: string;
    let token: string;
    const send = (): request.Test => http.post('/probe/form').set('Cookie', cookie).type('form');

    beforeEach(async () => {
      cookie = await signIn();
      token = ((await http.get('/probe/form').set('Cookie', cookie).expect(200)).body as { token: string }).token;
    });

    it('need the token of that very session', async () => {
      const other = await signIn();
      const foreign = ((await http.get('/probe/form').set('Cookie', other)).body as { token: string }).token;
      await send().send({ _csrf: token, text: 'a' }).expect(201, { sent: 'a' });
      await send().set('X-CSRF-Token', token).expect(201);
      for (const bad of [{}, { _csrf: '' }, { _csrf: foreign }, { _csrf: `${token}x` }])
        await send().send(bad).expect(403);
      await send().type('json').send('null').expect(403);
      const refused = await send().send({ _csrf: 'x' }).expect(403);
      expect(refused.body).toMatchObject({ type: '/problems/cross-site-request' });
    });

    it.each([
      ['Sec-Fetch-Site', 'cross-site'],
      ['Sec-Fetch-Site', 'same-site'],
      ['Sec-Fetch-Site', 'none'],
      ['Origin', 'https://evil.example'],
      ['Origin', 'null'],
    ])('are refused from elsewhere (%s: %s) even with the token', async (header, value) => {
      await send().set(header, value).send({ _csrf: token }).expect(403);
    });

    it('may be uploads when the browser says that they come from here', async () => {
      const upload = () => http.post('/probe/upload').set('Cookie', cookie).attach('file', Buffer.from('a'), 'a.csv');
      await upload().set('Sec-Fetch-Site', 'same-origin').expect(201);
      await upload().set('Sec-Fetch-Site', 'cross-site').expect(403);
      await upload().expect(403);
    });
  });
});

describe('where people sign in through a provider', () => {
  const root = join(import.meta.dirname, '..', '..');
  const sign = { name: 'Testa Sample', groups: ['author', 'not-a-role'] };
  const accounts = {
    testa: { ...sign, email: 'testa.sample1@nhs.net', email_verified: true },
    demo: { name: 'Demo Sample', groups: 'viewer', email: 'testa.sample1@nhs.net', email_verified: false },
    chief: { name: 'Chief Sample', groups: [] },
    both: { name: 'Both Sample', groups: ['author', 'viewer'] },
  };
  let provider: ChildProcess;
  let harness: TestApp;
  let here: string;
  let issuer: string;

  const start = async (settings: Record<string, string>): Promise<void> => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    here = `http://127.0.0.1:${port}`;
    provider = spawn(process.execPath, [join(import.meta.dirname, 'access-oidc-provider.mjs')], {
      cwd: root,
      env: { PATH: process.env['PATH'], REDIRECT_URI: `${here}/sign-in/callback`, ACCOUNTS: JSON.stringify(accounts) },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(provider.stdout!, 'data')) as [Buffer];
    issuer = line.toString().trim();
    harness = await testApp(
      {
        OIDC_ISSUER: issuer,
        OIDC_CLIENT_ID: 'cqrs-comms',
        OIDC_CLIENT_SECRET: 'a-client-secret-of-the-tests',
        PUBLIC_URL: here,
        ...settings,
      },
      { controllers: [PageController] },
    );
    await harness.app.listen(port, '127.0.0.1');
  };
  afterEach(async () => {
    provider.kill();
    await harness[Symbol.asyncDispose]();
  });

  /** Walks the provider's own pages up to the address that it sends the browser back to. */
  const atProvider = async (browser: Browser, login: string, begin: string): Promise<string> => {
    let response = await browser.go(begin);
    for (let step = 0; step < 12; step += 1) {
      if (response.status >= 300 && response.status < 400) {
        const next = locationOf(response, issuer);
        if (next.startsWith(here)) return next;
        response = await browser.go(next);
        continue;
      }
      const page = await response.text();
      const action = new URL(/action="([^"]+)"/.exec(page)![1]!, issuer).href;
      const prompt = /name="prompt" value="([^"]+)"/.exec(page)![1]!;
      response = await browser.go(action, { prompt, ...(prompt === 'login' && { login, password: 'any' }) });
    }
    throw new Error('The provider did not send the browser back');
  };
  const signIn = async (login: string, to = '/probe/form?x=1'): Promise<{ browser: Browser; landed: Response }> => {
    const browser = new Browser();
    const first = await browser.go(`${here}/sign-in?to=${encodeURIComponent(to)}`);
    const back = await atProvider(browser, login, locationOf(first, here));
    return { browser, landed: await browser.go(back) };
  };
  const me = async (browser: Browser): Promise<Record<string, unknown>> =>
    (await browser.go(`${here}/api/v1/me`)).json() as Promise<Record<string, unknown>>;

  it('signs in by code, PKCE, state and nonce, with roles from a claim, and goes back to the page asked for', async () => {
    await start({ OIDC_ROLES_CLAIM: 'groups' });
    const browser = new Browser();
    const asked = await browser.go(`${here}/probe/form?x=1`);
    const begun = await browser.go(locationOf(asked, here));
    const authorize = new URL(locationOf(begun, here));
    expect([...authorize.searchParams.keys()].sort()).toEqual(
      [
        'client_id',
        'code_challenge',
        'code_challenge_method',
        'nonce',
        'redirect_uri',
        'response_type',
        'scope',
        'state',
      ].sort(),
    );
    const landed = await browser.go(await atProvider(browser, 'testa', authorize.href));
    expect([landed.status, landed.headers.get('location')]).toEqual([303, '/probe/form?x=1']);
    expect(await me(browser)).toMatchObject({ kind: 'person', name: 'Testa Sample', roles: ['author'] });
    const [entry] = await harness.app.get(AuditTrail).entries({ limit: 1 });
    expect(entry).toMatchObject({ action: 'person.signed-in', details: { roles: ['author'] } });
    expect(JSON.stringify(entry)).not.toContain('Sample');
    await expect(harness.app.get(OneTimeLink).create()).rejects.toThrow('no sign-in provider');
  });

  it('keeps the address of whoever signs in for as long as the session, where the provider has verified it', async () => {
    await start({ OIDC_ROLES_CLAIM: 'groups' });
    const sessions = async () => {
      const db = harness.app.get<Kysely<object>>(DATABASE);
      const { rows } = await sql<{ address: string | null }>`select address from session order by created_at`.execute(
        db,
      );
      return rows.map(({ address }) => address);
    };
    const { browser } = await signIn('testa');
    await signIn('demo');
    expect(await sessions()).toEqual(['testa.sample1@nhs.net', null]);
    expect(JSON.stringify(await me(browser))).not.toContain('@');
    const { token } = (await (await browser.go(`${here}/probe/form`)).json()) as { token: string };
    await browser.go(`${here}/sign-out`, { _csrf: token });
    expect(await sessions()).toEqual([null]);
  });

  it('lets an administrator give roles, which hold from the next request on', async () => {
    await start({ OIDC_ADMINS: 'chief' });
    const { browser: testa } = await signIn('testa');
    const { browser: chief } = await signIn('chief');
    expect(await me(testa)).toMatchObject({ roles: [] });
    expect((await testa.go(`${here}/probe/form`)).status).toBe(403);

    const { token } = (await (await chief.go(`${here}/probe/form`)).json()) as { token: string };
    const people = (await (await chief.go(`${here}/api/v1/people`)).json()) as {
      items: { id: string; name: string; version: number }[];
    };
    const [first, self] = ['Testa Sample', 'Chief Sample'].map((name) => people.items.find((p) => p.name === name)!);
    const put = async (id: string, version: number, body: object): Promise<number> =>
      (
        await request(here)
          .put(`/api/v1/people/${id}`)
          .set('Cookie', `session=${chief.jar(here).get('session')}`)
          .set({ 'X-CSRF-Token': token, 'If-Match': `"${version}"` })
          .send(body)
      ).status;
    expect(await put(first!.id, first!.version, { roles: ['author'], region: 'Y63' })).toBe(200);
    expect(await put(first!.id, first!.version, { roles: ['admin'], region: null })).toBe(412);
    expect(await put(self!.id, self!.version, { roles: [], region: null })).toBe(403);
    expect(await me(testa)).toMatchObject({ roles: ['author'], region: 'Y63' });
  });

  it('takes role and region from the groups that the configuration names', async () => {
    await start({
      OIDC_ROLES_CLAIM: 'groups',
      OIDC_GROUPS: 'author=operator@Y56, viewer=approver, other=viewer@Y60',
      OIDC_ADMINS: 'chief',
    });
    const { browser: testa } = await signIn('testa');
    expect(await me(testa)).toMatchObject({ roles: ['operator'], region: 'Y56' });
    const { browser: demo } = await signIn('demo');
    expect(await me(demo)).toMatchObject({ roles: ['approver'] });
    expect(await me(demo)).not.toHaveProperty('region');
    const [, entry] = await harness.app.get(AuditTrail).entries({ limit: 2 });
    expect(entry).toMatchObject({ action: 'person.signed-in', details: { roles: ['operator'], region: 'Y56' } });

    const { browser: chief } = await signIn('chief');
    const { token } = (await (await chief.go(`${here}/probe/form`)).json()) as { token: string };
    const people = (await (await chief.go(`${here}/api/v1/people`)).json()) as {
      items: { id: string; name: string; version: number }[];
    };
    const { id, version } = people.items.find(({ name }) => name === 'Testa Sample')!;
    const moved = await request(here)
      .put(`/api/v1/people/${id}`)
      .set('Cookie', `session=${chief.jar(here).get('session')}`)
      .set({ 'X-CSRF-Token': token, 'If-Match': `"${version}"` })
      .send({ roles: ['operator'], region: null });
    expect([moved.status, (moved.body as { type: string }).type]).toEqual([409, '/problems/region-from-provider']);
  });

  it('lets nobody in whose groups name two regions, and says why', async () => {
    await start({ OIDC_ROLES_CLAIM: 'groups', OIDC_GROUPS: 'author=author@Y56, viewer=viewer@Y60' });
    const { landed, browser } = await signIn('both');
    expect(landed.status).toBe(403);
    expect(await landed.text()).toContain('several regions (Y56, Y60)');
    expect(browser.jar(here).has('session')).toBe(false);
  });

  it('makes administrators by a verified address only', async () => {
    await start({ OIDC_ADMINS: 'testa.sample1@nhs.net' });
    expect(await me((await signIn('testa')).browser)).toMatchObject({ roles: ['admin'] });
    expect(await me((await signIn('demo')).browser)).toMatchObject({ roles: [] });
  });

  it('refuses an answer to another attempt, a repeated one, and one that comes late', async () => {
    await start({});
    const browser = new Browser();
    const begun = await browser.go(`${here}/sign-in`);
    const back = await atProvider(browser, 'testa', locationOf(begun, here));

    const stranger = new Browser();
    expect((await stranger.go(back)).status).toBe(400);
    await stranger.go(`${here}/sign-in`);
    expect((await stranger.go(back)).status).toBe(400);

    harness.clock.advance(10 * 60_000);
    expect((await browser.go(back)).status).toBe(400);
    harness.clock.moveTo(START);
    expect((await browser.go(back)).status).toBe(400);
    expect(stranger.jar(here).has('session') || browser.jar(here).has('session')).toBe(false);
  });

  it('goes nowhere else after sign-in, and says when the provider refused or is down', async () => {
    await start({});
    const { landed } = await signIn('testa', 'https://evil.example/');
    expect(landed.headers.get('location')).toBe('/');

    const browser = new Browser();
    const state = new URL(locationOf(await browser.go(`${here}/sign-in`), here)).searchParams.get('state');
    const refused = await browser.go(`${here}/sign-in/callback?error=access_denied&state=${state}&iss=${issuer}`);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('did not let you in');

    const back = await atProvider(browser, 'testa', locationOf(await browser.go(`${here}/sign-in`), here));
    provider.kill();
    await once(provider, 'exit');
    expect((await browser.go(back)).status).toBe(503);
  });
});
