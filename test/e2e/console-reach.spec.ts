import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { type Kysely, sql } from 'kysely';
import request from 'supertest';
import { ApiKeys, type Permission, type Principal, ROLE_PERMISSIONS } from '../../src/access/index.js';
import { CampaignService } from '../../src/campaigns/index.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { DirectoryService } from '../../src/directory/index.js';
import { DirectoryPicture, DirectoryPictureRepository } from '../../src/segments/index.js';
import { type OdsCode } from '../../src/shared/ods-code.js';
import { ALL, ApiApp, FIXTURES } from './api.support.js';
import { eventually } from './console.support.js';

type Organisation = Awaited<ReturnType<DirectoryService['organisation']>>;

const HERE = 'Y56' as OdsCode;
const ADMIN: Principal = { id: 'person:setup', kind: 'person', name: 'Set-up', roles: ['admin'], permissions: ALL };
const FORM = { cutoff: '18 9 2026', reopening: '28 9 2026', pcse: '1 10 2026' };

/** A key goes the same way as a session, and needs no page to take a token from. */
describe('the pages keep to what somebody may do', () => {
  let service: ApiApp;
  let here: Organisation;
  let elsewhere: Organisation;
  const accountOf = async ({ code }: Organisation) =>
    (await service.app.get(DirectoryService).accountIds({ organisation: code, region: undefined }, '', 1))[0] ?? '';

  beforeAll(async () => {
    service = await ApiApp.start({ roles: 'web' });
    await service.importDirectory();
    await service.app.get(DirectoryPicture).renewed();
    const directory = service.app.get(DirectoryService);
    const withPeople = async (wanted: (region: string) => boolean): Promise<Organisation> => {
      const practices = await directory.organisations({ kind: 'practice' }, '', 1_000);
      for (const each of practices) {
        if (each.status !== 'active' || each.regionCode === null || !wanted(each.regionCode)) continue;
        if ((await accountOf(each)) !== '') return each;
      }
      throw new Error('the sample has nobody there');
    };
    here = await withPeople((region) => region === HERE);
    elsewhere = await withPeople((region) => region !== HERE);
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
  });

  const aWindow = async (): Promise<string> => {
    const dates = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' };
    const input = { name: randomUUID(), ...dates, signInChange: '2026-09-23T08:00' };
    return (await service.app.get(DeadlinesService).createWindow(input, ADMIN.id)).id;
  };

  async function visitor(region: OdsCode | null = HERE, permissions: readonly Permission[] = ALL) {
    const wanted = { name: 'test', permissions: [...permissions], expiresInDays: 1, ...(region && { region }) };
    const { key } = await service.app.get(ApiKeys).create(wanted, ADMIN);
    const http = request.agent(service.app.getHttpServer()).set('Authorization', `Bearer ${key}`);
    const get = (path: string) => http.get(path).set('Accept', 'text/html');
    const post = (path: string, fields: object = {}) => http.post(path).type('form').send(fields);
    return { get, post, http };
  }

  it('show the people and practices of a region to whoever is confined to it', async () => {
    const { get } = await visitor();
    expect((await get(`/people/${await accountOf(here)}`)).status).toBe(200);
    expect((await get(`/people?find=${here.code}`)).text).toContain(await accountOf(here));
    expect((await get(`/practices/${here.code}`)).status).toBe(200);
    expect((await get(`/practices/${HERE}`)).status).toBe(200);
    expect((await get('/practices?show=all')).text).toContain(`/practices/${here.code}"`);
  });

  it('show nobody and no practice of another region', async () => {
    const { get } = await visitor();
    expect((await (await visitor(null)).get(`/practices?show=all&region=${elsewhere.regionCode}`)).text).toContain(
      `/practices/${elsewhere.code}"`,
    );
    const stranger = await accountOf(elsewhere);
    expect((await get(`/people/${stranger}`)).status).toBe(404);
    for (const find of [stranger, elsewhere.code, elsewhere.name]) {
      const found = await get('/people').query({ find });
      expect(found.status).toBe(200);
      expect(found.text).not.toContain(`href="/people/${stranger}"`);
      expect(found.text).not.toContain(`href="/practices/${elsewhere.code}"`);
    }
    expect((await get(`/practices/${elsewhere.code}`)).status).toBe(404);
    expect((await get(`/practices/${elsewhere.regionCode}`)).status).toBe(404);
    for (const region of ['', `&region=${elsewhere.regionCode}`])
      expect((await get(`/practices?show=all${region}`)).text).not.toContain(`/practices/${elsewhere.code}"`);
  });

  it('list on worklists, and in their files, the people of that region', async () => {
    const [local, national] = [await visitor(), await visitor(null)];
    const pages = [await local.get('/people/worklists/mismatched'), await national.get('/people/worklists/mismatched')];
    const files = [
      await local.get('/people/worklists/mismatched/export.csv'),
      await national.get('/people/worklists/mismatched/export.csv'),
    ];
    const [mine = [], all = []] = files.map(({ text }) => text.match(/^U\d+/gm) ?? []);
    const directory = service.app.get(DirectoryService);
    const ofRegion = new Set(await directory.accountIds({ organisation: undefined, region: HERE }, '', 1_000));
    expect(mine).toEqual(all.filter((id) => ofRegion.has(id)));
    expect(mine.length).toBeGreaterThan(0);
    expect(mine.length).toBeLessThan(all.length);
    const listed = pages.map(({ text }) => new Set(text.match(/\/people\/U\d+/g)).size);
    expect(listed).toEqual([Math.min(50, mine.length), Math.min(50, all.length)]);
    expect((await local.get('/people/worklists/leavers')).status).toBe(200);
  });

  it('let nobody change what holds for the whole country, or see what is kept for it', async () => {
    const { get, post, http } = await visitor();
    const times = Object.entries(FORM).flatMap(([name, date]) => {
      const [day, month, year] = date.split(' ');
      return Object.entries({ day, month, year, time: '12:00' }).map(([part, value]) => [`${name}-${part}`, value]);
    });
    const fields = {
      ...(Object.fromEntries(times) as Record<string, string>),
      name: 'The wrong round',
      version: '1',
      reason: 'None',
    };
    const deadlines = service.app.get(DeadlinesService);
    expect((await post('/windows', fields)).status).toBe(403);
    expect(await deadlines.windows()).toEqual([]);
    const national = await visitor(null);
    expect((await national.post('/windows', fields)).status).toBe(303);
    const [window] = await deadlines.windows();
    const id = window?.id ?? '';
    const moved = { ...fields, 'cutoff-day': '17' };
    const reminders = { version: '1', button: 'save', 'number-0': '1', 'unit-0': 'working-days', 'time-0': '09:00' };
    const refused = await Promise.all([
      get('/windows/new'),
      get(`/windows/${id}/move`),
      post(`/windows/${id}/move/check`, moved),
      post(`/windows/${id}/move`, moved),
      get(`/windows/${id}/reminders`),
      post(`/windows/${id}/reminders`, reminders),
      http.post('/imports').field('kind', 'accounts').attach('file', Buffer.from('id\n1\n'), 'accounts.csv'),
      get('/imports/checks/00000000-0000-4000-8000-000000000000'),
      post('/imports/checks/00000000-0000-4000-8000-000000000000/apply'),
      get('/imports/1/undo'),
      get('/delivery/blocks'),
      post('/delivery/blocks/lift', { address: 'testa@nhs.net' }),
      get('/delivery/returned'),
      post(`/delivery/returned/${id}`, { decision: 'dismiss' }),
      get('/queues'),
      get('/inbox'),
      get('/inbox/1'),
      get('/inbox/1/html'),
      get('/settings/webhooks'),
      get(`/settings/webhooks/${id}`),
    ]);
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
    expect(await deadlines.window(id)).toMatchObject({ version: 1, name: 'The wrong round' });
    for (const path of ['/', '/windows', `/windows/${id}`, '/imports', '/delivery']) {
      const { text, status } = await get(path);
      expect(status).toBe(200);
      expect(text).not.toMatch(
        /href="\/(?:windows\/new|windows\/[^"]*\/(?:move|reminders)|imports\/\d|delivery\/blocks|queues|inbox)/,
      );
      expect(text).not.toContain('action="/imports"');
    }
  });

  it('leave what keeps mail from a person of another region as it is', async () => {
    const { post } = await visitor();
    const lifted = await post(`/people/${await accountOf(elsewhere)}/lift`);
    expect([lifted.status, lifted.text]).toEqual([404, expect.stringContaining('account-unknown')]);
  });

  it('take declaration status from nobody who may not report it, and show no way to', async () => {
    const author = await visitor(null, ROLE_PERMISSIONS.author);
    const upload = ({ http }: typeof author) =>
      http
        .post('/imports')
        .set('Accept', 'text/html')
        .field('kind', 'declarations')
        .attach('file', join(FIXTURES, 'declarations-2.csv'));
    expect((await upload(author)).status).toBe(403);
    expect((await author.get('/imports')).text).not.toContain('value="declarations"');
    const operator = await visitor(null, ROLE_PERMISSIONS.operator);
    expect((await operator.get('/imports')).text).toContain('value="declarations"');
    const checked = await upload(operator);
    expect(checked.status).toBe(303);
    const check = checked.headers['location'] ?? '';
    expect((await author.post(`${check}/apply`)).status).toBe(403);
    expect((await operator.post(`${check}/apply`)).status).toBe(303);
  });

  it('leave no uploaded file behind, whatever became of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cqrs-uploads-left-'));
    const { TMPDIR = '' } = process.env;
    process.env['TMPDIR'] = folder;
    try {
      const { http } = await visitor(null);
      const upload = () =>
        http.post('/imports').set('Accept', 'text/html').attach('file', join(FIXTURES, 'accounts.csv'));
      for (const [sent, status] of [
        [upload(), 422],
        [upload().field('kind', 'accounts\0'), 400],
        [upload().field('kind', 'nhsmail'), 422],
        [upload().field('kind', 'accounts'), 303],
        [upload().field('kind', 'accounts').attach('file', join(FIXTURES, 'accounts.csv')), 400],
      ] as const) {
        expect((await sent).status).toBe(status);
        await eventually(async () => (await readdir(folder)).length === 0);
      }
    } finally {
      if (TMPDIR === '') delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
      await rm(folder, { recursive: true });
    }
  });

  it('name nobody of another region, wherever something can be read', async () => {
    const windowId = await aWindow();
    const campaigns = service.app.get(CampaignService);
    const { id: campaign } = await campaigns.create({ name: 'All', kind: 'sign-in-notice', windowId }, ADMIN);
    await campaigns.plan(campaign);
    const db = service.database.db as unknown as Kysely<unknown>;
    const { rows } = await sql<{ id: string; email: string }>`
      select id, lower(email) as email from account where email like '%@%' and not exists (
        select from membership join organisation on code = organisation_code
        where account_id = account.id and ${HERE} in (code, region_code))`.execute(db);
    expect(rows.length).toBeGreaterThan(200);
    const [someone] = rows;
    const known: Readonly<Record<string, readonly string[]>> = {
      id: [campaign, windowId, someone!.id, elsewhere.code, '1'],
      code: [elsewhere.code, elsewhere.commissionerCode ?? ''],
      accountId: [someone!.id],
    };
    const paths = routesOf(service.app).flatMap((route) => {
      const names = route.match(/:\w+/g) ?? [];
      const values = names.length === 0 ? [''] : (known[names[0]!.slice(1)] ?? known['id']!);
      return values.map((value) => names.reduce((path, name) => path.replace(name, value), route));
    });
    expect(paths).toEqual(
      expect.arrayContaining(['/', '/people', '/api/v1/segments/accounts', `/people/${someone!.id}`]),
    );
    const { get } = await visitor();
    const told: string[] = [];
    for (const path of paths) {
      const { text } = await get(path);
      const named = rows.filter(({ email }) => text.toLowerCase().includes(email));
      if (named.length > 0) told.push(`${path}: ${named.length}`);
    }
    expect(told).toEqual([]);
  });

  it('show no address to whoever may not see one, as the API does not', async () => {
    const who = await accountOf(here);
    const { email } = await service.app.get(DirectoryService).account(who);
    const [seeing, other] = [
      await visitor(HERE, ['directory:read', 'message:read']),
      await visitor(HERE, ['directory:read']),
    ];
    for (const path of [`/people/${who}`, `/people?find=${here.code}`]) {
      expect((await seeing.get(path)).text).toContain(email);
      expect((await other.get(path)).text).not.toContain(email);
    }
    for (const list of ['mismatched', 'unknown', 'invalid', 'leavers']) {
      const [shown, hidden] = [seeing, other].map(({ get }) => get(`/people/worklists/${list}/export.csv`));
      expect((await shown!).text.match(/@/g)?.length ?? 0).toBeGreaterThan(list === 'mismatched' ? 0 : -1);
      expect((await hidden!).text).not.toContain('@');
      expect((await other.get(`/people/worklists/${list}`)).text).not.toMatch(/[\w.]@[\w.]/);
    }
  });

  it('count what is of that region', async () => {
    const windowId = await aWindow();
    const deadlines = service.app.get(DeadlinesService);
    const [own, all] = [await deadlines.waiting(windowId, HERE), await deadlines.waiting(windowId)];
    expect(own.practices).toBeGreaterThan(0);
    expect(own.practices).toBeLessThan(all.practices);
    const picture = service.app.get(DirectoryPictureRepository);
    const [local, national] = [await visitor(), await visitor(null)];
    for (const [{ get }, waiting, region] of [
      [local, own, HERE],
      [national, all, undefined],
    ] as const) {
      const risk = await picture.risk(region);
      expect(risk.practices).toBeGreaterThan(0);
      const home = plain((await get('/')).text);
      const practices = (count: number, more = ''): unknown =>
        expect.stringMatching(new RegExp(`\\b${count} practices?${more}`));
      expect(home).toEqual(practices(waiting.practices, ' to declare'));
      expect(home).toEqual(practices(risk.atRisk, ' with nobody who can declare'));
      expect(home).toEqual(practices(risk.practices, ' in all'));
      expect(plain((await get(`/windows/${windowId}`)).text)).toEqual(practices(waiting.practices));
    }
  });
});

/** What stands on a page, without its marks. */
const plain = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

/** Every address that something can be read at, with its parameters. */
function routesOf(app: NestExpressApplication): string[] {
  const { router } = app.getHttpAdapter().getInstance() as {
    router: { stack: { route?: { path: string; methods: Readonly<Record<string, boolean>> } }[] };
  };
  return router.stack.flatMap(({ route }) => (route?.methods['get'] ? [route.path] : []));
}
