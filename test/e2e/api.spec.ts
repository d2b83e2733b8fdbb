import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { type Response } from 'supertest';
import { z } from 'zod';
import { DEFAULT_REMINDER_POLICY } from '../../src/deadlines/index.js';
import { describeApi } from '../../src/openapi.js';
import { SegmentsService } from '../../src/segments/index.js';
import { withoutAudit } from '../support/refused-audit.js';
import { ApiApp, type Caller, FIXTURES, MONDAY } from './api.support.js';

let api: ApiApp;
let author: Caller;
let second: Caller;
let regional: Caller;
let onlooker: Caller;
let windows = 0;

beforeAll(async () => {
  api = await ApiApp.start();
  await api.importDirectory();
  author = await api.caller();
  second = await api.caller();
  regional = await api.caller(undefined, 'Y63');
  onlooker = await api.caller(['campaign:read', 'directory:read', 'template:read']);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- says at each call what the body is
const body = <T = Record<string, unknown>>(response: Response): T => response.body as T;
const aWindow = async (more: object = {}): Promise<string> => {
  const times = {
    name: `September 2026 (${(windows += 1)})`,
    cutoff: '2026-09-18T12:00',
    reopening: '2026-09-23T08:00',
    pcse: '2026-09-28T08:00',
    signInChange: '2026-09-23T08:00',
  };
  const response = await author('post', '/declaration-windows')
    .send({ ...times, ...more })
    .expect(201);
  return body<{ id: string }>(response).id;
};
const content = async (more: object = {}) => ({
  name: 'Sign-in change',
  kind: 'sign-in-notice',
  windowId: await aWindow(),
  audience: { regions: ['Y63'] },
  ...more,
});
const aCampaign = async (more: object = {}, by: Caller = author): Promise<string> =>
  body<{ id: string }>(
    await by('post', '/campaigns')
      .send(await content(more))
      .expect(201),
  ).id;
const anApproved = async (): Promise<string> => {
  const id = await aCampaign();
  const { hash } = body<{ hash: string }>(await author('post', `/campaigns/${id}/plan`).expect(200));
  await author('post', `/campaigns/${id}/submit`).expect(200);
  await second('post', `/campaigns/${id}/approve`).send({ hash }).expect(200);
  return id;
};

describe('openapi.json', () => {
  it('is what the code describes; `node scripts/write-openapi.mjs` writes it anew', async () => {
    const committed = readFileSync(join(import.meta.dirname, '..', '..', 'openapi.json'), 'utf8');
    expect(JSON.parse(committed)).toEqual(JSON.parse(await describeApi()));
  });

  it('says of each operation that takes an Idempotency-Key what a key is, and that a bad or a used one is refused', async () => {
    interface Parameter {
      name: string;
      schema: unknown;
    }
    const { paths } = JSON.parse(await describeApi()) as {
      paths: Record<string, Record<string, { parameters?: Parameter[]; responses: Record<string, unknown> }>>;
    };
    const keyed = Object.values(paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ parameters = [], responses }) => {
        const key = parameters.find(({ name }) => name === 'Idempotency-Key');
        return key ? [{ key, responses }] : [];
      }),
    );
    expect(keyed.length).toBeGreaterThan(20);
    for (const { key, responses } of keyed) {
      expect(key.schema).toMatchObject({ pattern: '^[!-~]+$', minLength: 1, maxLength: 255 });
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '409']));
    }
  });

  it('has no pattern that only some languages can read', async () => {
    expect(await describeApi()).not.toMatch(/"pattern": ".*\\\\p\{/);
  });

  it('is served to everybody', async () => {
    const response = await author('get', '/openapi.json').unset('Authorization').expect(200);
    expect(body(response)).toMatchObject({ openapi: '3.1.0' });
  });

  it('says for each operation what it does, what it answers and which problems it has', async () => {
    const { paths } = JSON.parse(await describeApi()) as {
      paths: Record<
        string,
        Record<
          string,
          { summary?: string; parameters?: { name: string }[]; responses: Record<string, { content?: object }> }
        >
      >;
    };
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { responses, summary = '', parameters = [] }] of Object.entries(operations)) {
        expect([path, method, summary]).toEqual([path, method, expect.stringMatching(/^[A-Z].{5,}/)]);
        // A preview is the one POST that acts on nothing.
        const acts = method === 'post' && path !== '/api/v1/templates/{name}/preview';
        expect([path, parameters.some(({ name }) => name === 'Idempotency-Key')]).toEqual([path, acts]);
        const problems = Object.entries(responses).filter(([status]) => Number(status) >= 400);
        const answers = Object.keys(responses).filter((status) => Number(status) < 400);
        expect([path, method, answers.length]).toEqual([path, method, 1]);
        expect(problems.map(([status]) => status)).toEqual(expect.arrayContaining(['401', '403', '429', '503']));
        // Such as 405 and 431, which any address may answer.
        for (const [, { content: types = {} }] of [...problems, ['default', responses['default']!] as const])
          expect(Object.keys(types)).toEqual(['application/problem+json']);
      }
    }
  });
});

describe('the schemas of the description', () => {
  it('fit their own examples', () => {
    const faults: unknown[] = [];
    let examples = 0;
    for (const [id, schema] of z.globalRegistry._idmap) {
      const given = z.globalRegistry.get(schema)?.examples;
      for (const example of Array.isArray(given) ? (given as unknown[]) : []) {
        const { error } = z.safeParse(schema, example);
        if (error) faults.push([id, error.issues]);
        examples += 1;
      }
    }
    expect(faults).toEqual([]);
    expect(examples).toBeGreaterThan(40);
  });

  it('have one for each JSON body that any operation takes or gives', async () => {
    interface Body {
      readonly content?: Record<string, { schema: { $ref?: string }; example?: unknown; examples?: object }>;
    }
    const { paths, components } = JSON.parse(await describeApi()) as {
      paths: Record<string, Record<string, { requestBody?: Body; responses: Record<string, Body> }>>;
      components: { schemas: Record<string, object> };
    };
    const bare: string[] = [];
    let bodies = 0;
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { requestBody = {}, responses }] of Object.entries(operations)) {
        for (const [part, { content = {} }] of Object.entries({ request: requestBody, ...responses })) {
          for (const [type, { schema, example, examples }] of Object.entries(content)) {
            if (!/json$/.test(type)) continue;
            bodies += 1;
            // Those of named schemas are checked above; one that stands beside a schema would be checked by nothing.
            expect([path, method, part, example, examples]).toEqual([path, method, part, undefined, undefined]);
            const name = schema.$ref?.split('/').at(-1) ?? '';
            if (!Object.keys(components.schemas[name] ?? {}).some((key) => /^examples?$/.test(key)))
              bare.push(`${method} ${path} ${part} ${name}`);
          }
        }
      }
    }
    expect(bare).toEqual([]);
    expect(bodies).toBeGreaterThan(500);
  });

  it('say what is refused: a flag that is no flag, a code that is none, a blank name, an empty file', async () => {
    const { paths, components } = JSON.parse(await describeApi()) as {
      paths: Record<string, Record<string, { parameters?: { name: string; schema: { enum?: string[] } }[] }>>;
      components: { schemas: Record<string, { pattern: string; properties: Record<string, { pattern: string }> }> };
    };
    const flags = Object.values(paths).flatMap((operations) =>
      Object.values(operations).flatMap(({ parameters = [] }) =>
        parameters.filter(({ name }) => ['dryRun', 'allowShrink', 'atRisk', 'active', 'open'].includes(name)),
      ),
    );
    expect(flags.length).toBeGreaterThan(5);
    for (const { schema } of flags) expect(schema.enum).toEqual(['true', 'false']);
    const { OdsCode: code, Declaration: declaration } = components.schemas;
    const fits = (text: string) => new RegExp(code!.pattern).test(text);
    expect(['A81001', ' y63 ', '', 'A 1', 'A8100100000'].map(fits)).toEqual([true, true, false, false, false]);
    const { pattern: line, ...service } = declaration!.properties['service']!;
    expect(service).toEqual({ type: 'string', minLength: 1 });
    const isLine = (text: string) => new RegExp(line).test(text);
    expect(['QOF', 'two\nlines', 'a\u0000b', '\u0085', ' \t'].map(isLine)).toEqual([true, true, false, false, false]);
    const { NewApiKey, NewDrill, CampaignInput, CampaignSendBack, Instant } = components.schemas;
    const blanks = [NewApiKey, NewDrill, CampaignInput].map((schema) => schema!.properties['name']!);
    for (const { pattern } of [...blanks, CampaignSendBack!.properties['comment']!])
      expect(['a b', ' \n'].map((text) => new RegExp(pattern).test(text))).toEqual([true, false]);
    const isInstant = (text: string) => new RegExp(Instant!.pattern).test(text);
    const offsets = ['Z', '.5z', '+01:00', '-14:59', '+15:00', '+24:00', '+0100', ''];
    expect(offsets.map((offset) => isInstant(`2026-09-14T08:00:00${offset}`))).toEqual([
      ...[true, true, true, true],
      ...[false, false, false, false],
    ]);
    expect(JSON.stringify(paths['/api/v1/imports/{kind}'])).toContain('"format":"binary","minLength":1');
  });
});

/** The ids of a whole list, read page by page; `then` is done with the last of each page before the next is asked for. */
async function pagesOf(path: string, limit: number, then?: (last: string) => Promise<void>): Promise<string[]> {
  const ids: string[] = [];
  let next: string | undefined;
  do {
    const cursor = next === undefined ? '' : `&cursor=${next}`;
    const page = body<{ items: { id: string }[]; next?: string }>(
      await author('get', `${path}?limit=${limit}${cursor}`).expect(200),
    );
    ids.push(...page.items.map(({ id }) => id));
    const last = ids.at(-1);
    if (last !== undefined) await then?.(last);
    next = page.next;
  } while (next !== undefined && ids.length < 1_000);
  return ids;
}

describe('a campaign over the API', () => {
  it('goes from window to finished: created, planned, submitted, approved by another, scheduled, sent', async () => {
    const id = await anApproved();
    await author('post', `/campaigns/${id}/schedule`).expect(200);
    await api.settle(id);
    const progress = await author('get', `/campaigns/${id}/progress`).expect(200);
    expect(body(progress)).toMatchObject({ state: 'finished', steps: [{ id: 'launch', state: 'dispatched' }] });
    const { planned, terminal } = body<{ messages: { planned: number; terminal: number } }>(progress).messages;
    expect(planned).toBeGreaterThan(20);
    expect(terminal).toBe(planned);

    const page = await author('get', `/campaigns/${id}/messages?limit=2&state=accepted`).expect(200);
    const [message] = body<{ items: { id: string; organisationCodes: string[] }[] }>(page).items;
    await author('get', `/messages/${message!.id}`).expect(200);
    const told = await author('get', `/told/${message!.organisationCodes[0]!}`).expect(200);
    expect(body<{ items: { id: string }[] }>(told).items.map((item) => item.id)).toContain(message!.id);
  });

  it('pages through messages that may have arrived, and goes on where it was although they were decided about', async () => {
    const id = await anApproved();
    await author('post', `/campaigns/${id}/schedule`).expect(200);
    await api.settle(id);
    const { db } = api.database;
    await sql`update delivery set state = 'unknown', accepted_at = null where message_id in (
      select id from message where campaign_id = ${id} order by id limit 7)`.execute(db);
    const all = await pagesOf('/messages/unknown', 200);
    expect(all).toHaveLength(7);
    const decide = async (last: string) => {
      await author('post', `/messages/${last}/decision`).send({ outcome: 'accepted' }).expect(200);
    };
    expect(await pagesOf('/messages/unknown', 3, decide)).toEqual(all);
    expect(await pagesOf('/messages/unknown', 200)).toHaveLength(4);
  });

  it('lists what an organisation was told page by page', async () => {
    const { rows } = await sql<{ code: string }>`
      select code from message, unnest(organisation_codes) code group by code order by count(*) desc limit 1`.execute(
      api.database.db,
    );
    const path = `/told/${rows[0]!.code}`;
    const all = await pagesOf(path, 200);
    expect(all.length).toBeGreaterThan(2);
    expect(await pagesOf(path, 2)).toEqual(all);
  });

  it('is not approved by its author, nor for another plan than the newest', async () => {
    const id = await aCampaign();
    const { hash } = body<{ hash: string }>(await author('post', `/campaigns/${id}/plan`).expect(200));
    await author('post', `/campaigns/${id}/submit`).expect(200);
    const own = await author('post', `/campaigns/${id}/approve`).send({ hash }).expect(403);
    expect(own.body).toMatchObject({ type: '/problems/own-campaign' });
    const other = await second('post', `/campaigns/${id}/approve`)
      .send({ hash: 'a'.repeat(64) })
      .expect(409);
    expect(other.body).toMatchObject({ type: '/problems/plan-changed' });
  });

  it('loses its approval and its waiting steps when it is edited, and can be scheduled afresh', async () => {
    const id = await anApproved();
    await author('post', `/campaigns/${id}/schedule`).expect(200);
    const read = await author('get', `/campaigns/${id}`).expect(200);
    const { windowId } = body<{ windowId: string }>(read);
    const change = { name: 'Another name', kind: 'sign-in-notice', windowId, audience: { regions: ['Y63'] } };
    await author('put', `/campaigns/${id}`).send(change).expect(428);
    await author('put', `/campaigns/${id}`).set('If-Match', '"1"').send(change).expect(412);
    // RFC 9110, 13.2.1: what is wrong with the request itself comes before the precondition.
    for (const etag of ['"1"', 'W/"1"', '*', '!6e']) {
      await author('put', `/campaigns/${id}`).set('If-Match', etag).send(change).expect(412);
      await author('put', `/campaigns/${id}`).set('If-Match', etag).send({ name: '' }).expect(400);
    }
    const edited = await author('put', `/campaigns/${id}`).set('If-Match', read.headers['etag']!).send(change);
    expect(edited.body).toMatchObject({ state: 'draft', name: 'Another name', approval: null });
    expect(body(await author('get', `/campaigns/${id}/progress`))).toMatchObject({ steps: [] });

    const { hash } = body<{ hash: string }>(await author('post', `/campaigns/${id}/plan`).expect(200));
    await author('post', `/campaigns/${id}/submit`).expect(200);
    await second('post', `/campaigns/${id}/approve`).send({ hash }).expect(200);
    await author('post', `/campaigns/${id}/schedule`).expect(200);
    await api.settle(id);
    expect(body(await author('get', `/campaigns/${id}`))).toMatchObject({ state: 'finished' });
    const late = await author('get', `/campaigns/${id}`);
    const refused = await author('put', `/campaigns/${id}`).set('If-Match', late.headers['etag']!).send(change);
    expect(refused).toMatchObject({ status: 409, body: { type: '/problems/wrong-state' } });
  });

  it('is cloned for another window with its launch as many working days before the cutoff', async () => {
    const id = await aCampaign({ launchAt: '2026-09-14T09:00:00+01:00' });
    const october = await aWindow({
      cutoff: '2026-11-20T12:00',
      reopening: '2026-11-25T08:00',
      pcse: '2026-11-30T08:00',
    });
    const clone = await author('post', `/campaigns/${id}/clone`).send({ windowId: october }).expect(201);
    expect(clone.body).toMatchObject({
      state: 'draft',
      windowId: october,
      // Four working days before Friday 20 November, at 9 in the morning, which is GMT by then.
      launchAt: '2026-11-16T09:00:00.000Z',
      audience: { regions: ['Y63'] },
    });
  });

  it('is followed by one for whoever it did not reach, once it is over', async () => {
    const id = await aCampaign();
    const early = await author('post', `/campaigns/${id}/remainder`);
    expect(early).toMatchObject({ status: 409, body: { type: '/problems/wrong-state' } });
    await author('post', `/campaigns/${id}/cancel`).send({ reason: 'The wrong month' }).expect(200);
    const remainder = await author('post', `/campaigns/${id}/remainder`).expect(201);
    expect(remainder.body).toMatchObject({ state: 'draft', remainderOf: id, launchAt: null });
    expect(remainder.headers['location']).toBe(`/api/v1/campaigns/${body<{ id: string }>(remainder).id}`);
    const another = await author('post', `/campaigns/${id}/remainder`);
    expect(another).toMatchObject({ status: 409, body: { type: '/problems/has-remainder' } });
  });

  it('is made once when its Idempotency-Key comes twice, and refused for another body', async () => {
    const wanted = await content();
    const send = (more: object = {}) =>
      author('post', '/campaigns')
        .set('Idempotency-Key', 'one')
        .send({ ...wanted, ...more });
    const [first, again] = [await send().expect(201), await send().expect(201)];
    expect(again.body).toEqual(first.body);
    await send({ name: 'Another' }).expect(409);
  });

  it('is listed in pages that neither repeat nor leave out', async () => {
    const windowId = await aWindow();
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.push(await aCampaign({ windowId }));
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = await author('get', `/campaigns?limit=2&windowId=${windowId}${cursor}`).expect(200);
      const { items, next } = body<{ items: { id: string }[]; next?: string }>(page);
      seen.push(...items.map(({ id }) => id));
      if (next === undefined) break;
      cursor = `&cursor=${next}`;
    }
    expect(seen).toEqual(made.reverse());
  });
});

describe('an address that answers another method only', () => {
  it.each([
    ['get', '/cascades/drills', 'POST'],
    ['delete', '/cascades/drills', 'POST'],
    ['put', '/messages/unknown', 'GET'],
  ] as const)('answers %s %s with 405, also where it could be an id', async (method, path, allow) => {
    const response = await author(method, path).expect(405);
    expect(response.headers['allow']).toBe(allow);
    expect(body(response)).toMatchObject({ type: '/problems/method-not-allowed' });
  });

  it('is no excuse for an id that is none', async () => {
    await author('get', '/cascades/exercises').expect(400);
  });
});

describe('somebody of one region', () => {
  it('sees and drafts campaigns of that region only', async () => {
    const own = await aCampaign({ audience: { commissioners: ['03L'] } });
    const national = await aCampaign({ audience: {} });
    await regional('get', `/campaigns/${own}`).expect(200);
    await regional('get', `/campaigns/${national}`).expect(404);
    await regional('post', `/campaigns/${national}/cancel`).send({ reason: 'no' }).expect(404);
    const { items } = body<{ items: { region: string }[] }>(await regional('get', '/campaigns').expect(200));
    expect(new Set(items.map(({ region }) => region))).toEqual(new Set(['Y63']));
    await aCampaign({}, regional);
    const beyond = await regional('post', '/campaigns').send(await content({ audience: { regions: ['Y63', 'Y60'] } }));
    expect(beyond).toMatchObject({ status: 403, body: { type: '/problems/other-region' } });
  });

  it('sees organisations, accounts, segments, readiness and blockers of that region only', async () => {
    const elsewhere = await author('get', '/organisations?region=Y60&kind=practice&limit=1').expect(200);
    const [other] = body<{ items: { code: string }[] }>(elsewhere).items;
    await regional('get', `/organisations/${other!.code}`).expect(404);
    await regional('get', `/told/${other!.code}`).expect(404);
    await regional('get', '/organisations?region=Y60').expect(403);
    const all = body<{ items: object[] }>(await author('get', '/segments/accounts?limit=200')).items.length;
    const mine = body<{ items: { accountId: string }[] }>(await regional('get', '/segments/accounts?limit=200')).items;
    expect(mine.length).toBeGreaterThan(0);
    expect(mine.length).toBeLessThan(all);
    await regional('get', `/accounts/${mine[0]!.accountId}`).expect(200);
    for (const path of ['/readiness?limit=200', `/declaration-windows/${await aWindow()}/blockers?limit=200`]) {
      const rows = body<{ items: { organisation?: string; organisationCode?: string }[] }>(await regional('get', path));
      expect(rows.items.length).toBeGreaterThan(0);
      for (const row of rows.items)
        await regional('get', `/organisations/${row.organisation ?? row.organisationCode!}`).expect(200);
    }
  });

  it('sees the part of a cascade that lies in that region, and of other cascades nothing', async () => {
    const drill = async (name: string, regions: string[]) =>
      body<{ id: string }>(await author('post', '/cascades/drills').send({ name, regions }).expect(201)).id;
    const both = await drill('Both', ['Y63', 'Y60']);
    const elsewhere = await drill('Elsewhere', ['Y60']);
    const nowhere = await author('post', '/cascades/drills')
      .send({ name: 'Nowhere', regions: ['ZZ9'] })
      .expect(400);
    expect(body(nowhere)).toMatchObject({ type: '/problems/no-such-region' });
    const { items } = body<{ items: { id: string }[] }>(await regional('get', '/cascades?limit=200').expect(200));
    expect(items.map(({ id }) => id)).toContain(both);
    expect(items.map(({ id }) => id)).not.toContain(elsewhere);
    for (const path of ['', '/coverage', '/coverage.csv', '/coverage.xlsx', '/practices'])
      await regional('get', `/cascades/${elsewhere}${path}`).expect(404);

    type Rows = { items: { level?: string; regionCode: string; code: string }[] };
    const national = body<Rows>(await author('get', `/cascades/${both}/coverage`).expect(200)).items;
    const own = body<Rows>(await regional('get', `/cascades/${both}/coverage`).expect(200)).items;
    expect(own).toEqual(national.filter(({ regionCode }) => regionCode === 'Y63'));
    expect(own.length).toBeGreaterThan(1);
    const { text } = await regional('get', `/cascades/${both}/coverage.csv`).expect(200);
    expect(text).toContain('Y63');
    expect(text).not.toContain('Y60');
    await regional('get', `/cascades/${both}/coverage.xlsx`)
      .expect(200)
      .expect('content-type', /spreadsheetml/);
    const practices = body<Rows>(await regional('get', `/cascades/${both}/practices?limit=200`).expect(200)).items;
    expect(new Set(practices.map(({ regionCode }) => regionCode))).toEqual(new Set(['Y63']));
    await regional('get', `/cascades/${both}/practices?region=Y60`).expect(403);

    const others = body<Rows>(await author('get', `/cascades/${both}/practices?region=Y60&limit=1`).expect(200)).items;
    const other = others[0]!.code;
    for (const path of ['', '/people.xlsx', '/proof.zip'])
      await regional('get', `/cascades/${both}/organisations/${other}${path}`).expect(403);
    await regional('get', `/tellings/${other}`).expect(403);
    await regional('get', `/cascades/${both}/organisations/${practices[0]!.code}`).expect(200);
    await regional('get', `/tellings/${practices[0]!.code}`).expect(200);
  });

  it.each([
    ['post', '/declarations', { declarations: [] }],
    ['get', '/suppressions', undefined],
    ['get', '/webhooks', undefined],
    ['get', '/feedback-reports', undefined],
    ['post', '/mail/stop', { reason: 'no' }],
    ['post', '/mail/resume', undefined],
  ] as const)('does not %s %s, which is for the whole country', async (method, path, sent) => {
    const response = await regional(method, path).send(sent);
    expect([400, 403]).toContain(response.status);
  });
});

describe('addresses', () => {
  it('are shown to nobody without message:read', async () => {
    const id = await aCampaign();
    await author('post', `/campaigns/${id}/plan`).expect(200);
    const paths = [
      `/campaigns/${id}/plan/recipients?limit=200`,
      `/campaigns/${id}/plan/exclusions?limit=200`,
      '/segments/accounts?limit=200',
      '/accounts/U100001',
    ];
    for (const path of paths) {
      expect((await onlooker('get', path).expect(200)).text).not.toContain('@');
    }
    expect((await author('get', paths[0]!).expect(200)).text).toContain('@');
    for (const path of [`/campaigns/${id}/messages`, '/messages/unknown', '/told/A84007', '/suppressions'])
      await onlooker('get', path).expect(403);
  });
});

describe('files over the API', () => {
  const accounts = readFileSync(join(FIXTURES, 'accounts.csv'));
  const send = (path: string, file: Buffer | string, type = 'text/csv') =>
    author('post', path)
      .set('Content-Type', type)
      .send(file as unknown as string);

  it('say in a dry run what would change, and change nothing', async () => {
    const lines = accounts.toString('utf8').split('\n');
    const fewer = lines.filter((line) => !line.startsWith('U100001,')).join('\n');
    const report = await send('/imports/accounts?dryRun=true', fewer).expect(200);
    expect(report.body).toMatchObject({ applied: false, dryRun: true, gone: 1, added: 0 });
    const same = await send('/imports/accounts', accounts).expect(200);
    expect(same.body).toMatchObject({ applied: true, gone: 0, added: 0, changed: 0 });
  });

  it('are refused whole, each bad row named', async () => {
    const [header = ''] = accounts.toString('utf8').split('\n');
    const report = await send('/imports/accounts', `${header}\nonly,three,cells\n`).expect(200);
    expect(report.body).toMatchObject({ applied: false, faultCount: 1, faults: [{ file: 'upload.csv', row: 2 }] });
  });

  it.each([
    ['that are empty', '/imports/accounts', '', 'text/csv', 400],
    ['that are another table', '/imports/accounts', 'a,b\n1,2\n', 'text/csv', 400],
    ['that only look like a workbook', '/imports/accounts', 'PK\u0003\u0004 none', 'application/octet-stream', 400],
    ['of an unknown kind', '/imports/nothing', 'a,b\n', 'text/csv', 400],
    ['that are JSON', '/imports/accounts', '{}', 'application/json', 415],
    ['that are too large', '/feedback-reports', 'x'.repeat(11 * 1_048_576), 'message/rfc822', 413],
  ])('%s are refused with a problem document', async (_, path, file, type, status) => {
    const response = await send(path, file, type);
    expect([response.status, response.type]).toEqual([status, 'application/problem+json']);
  });

  it('are read as they are, and refused when they come compressed', async () => {
    const packed = gzipSync('Subject: hello\r\n\r\nI am away.\r\n');
    const response = await send('/feedback-reports', packed, 'message/rfc822').set('Content-Encoding', 'gzip');
    expect([response.status, response.type]).toEqual([415, 'application/problem+json']);
  });
});

describe('all mail', () => {
  it('is stopped and goes on again, however often it is asked for', async () => {
    expect((await author('get', '/mail').expect(200)).body).toEqual({ stopped: null });
    const first = await author('post', '/mail/stop').send({ reason: 'The date is wrong' }).expect(200);
    expect(first.body).toMatchObject({ stopped: { reason: 'The date is wrong' } });
    const again = await author('post', '/mail/stop').send({ reason: 'Somebody else saw it too' }).expect(200);
    expect(again.body).toEqual(first.body);
    await onlooker('post', '/mail/resume').expect(403);
    await author('post', '/mail/stop').send({ reason: 'two\nlines' }).expect(400);
    for (let time = 0; time < 2; time += 1)
      expect((await author('post', '/mail/resume').expect(200)).body).toEqual({ stopped: null });
  });
});

describe('suppressions', () => {
  it('are added, listed and lifted, and leave no address in the audit trail', async () => {
    const address = 'testa.sample9@nhs.net';
    await author('post', '/suppressions').send({ address, reason: 'asked-not-to' }).expect(204);
    const [first] = body<{ items: object[] }>(await author('get', '/suppressions?limit=1').expect(200)).items;
    expect(first).toMatchObject({ address, reason: 'asked-not-to', expiresAt: null, liftedAt: null });
    const lifted = await author('post', '/suppressions/lift').send({ address: 'Testa.Sample9@NHS.net' }).expect(200);
    expect(lifted.body).toEqual({ lifted: true });
    const trail = await author('get', '/audit?limit=5').expect(200);
    expect(trail.text).toContain('suppression.lifted');
    expect(trail.text).not.toContain('sample9');
  });

  it('are neither added nor lifted without an entry in the audit trail', async () => {
    const active = async (address: string) =>
      body<{ items: { address: string }[] }>(await author('get', '/suppressions?limit=200').expect(200)).items.some(
        (each) => each.address === address,
      );
    const [added, lifted] = ['testa.sample10@nhs.net', 'testa.sample11@nhs.net'];
    await author('post', '/suppressions').send({ address: lifted, reason: 'asked-not-to' }).expect(204);
    await withoutAudit(api.database.db, async () => {
      await author('post', '/suppressions').send({ address: added, reason: 'asked-not-to' }).expect(500);
      await author('post', '/suppressions/lift').send({ address: lifted }).expect(500);
    });
    expect(await active(added)).toBe(false);
    expect(await active(lifted)).toBe(true);
  });
});

describe('a cutoff over the API', () => {
  it('moves only over the version that was read, and keeps its history', async () => {
    const id = await aWindow();
    const times = {
      cutoff: '2026-09-22T12:00',
      reopening: '2026-09-25T08:00',
      pcse: '2026-09-30T08:00',
      signInChange: null,
      reason: 'Outage moved',
    };
    const move = (etag: string) => author('put', `/declaration-windows/${id}/times`).set('If-Match', etag).send(times);
    await move('"9"').expect(412);
    const moved = await move('"1"').expect(200);
    expect(moved.headers['etag']).toBe('"2"');
    await move('"1"').expect(412);
    expect((await move('"2"').expect(409)).body).toMatchObject({ type: '/problems/window-unchanged' });
    const history = await author('get', `/declaration-windows/${id}/history`).expect(200);
    expect(history.body).toMatchObject({
      changes: [{ version: 2, before: { cutoff: '2026-09-18T12:00' }, after: { cutoff: '2026-09-22T12:00' } }],
    });
  });

  it('moves only once nothing with the old dates leaves any more, nor by the old reminders', async () => {
    const changes: [string, object][] = [
      [
        'times',
        { cutoff: '2026-09-22T12:00', reopening: '2026-09-25T08:00', pcse: '2026-09-30T08:00', signInChange: null },
      ],
      ['reminder-policy', { ...DEFAULT_REMINDER_POLICY, steps: DEFAULT_REMINDER_POLICY.steps.slice(0, -1) }],
    ];
    for (const [what, change] of changes) {
      const windowId = await aWindow();
      const id = await aCampaign({ kind: 'payment-reminder', windowId, audience: {} });
      const { hash } = body<{ hash: string }>(await author('post', `/campaigns/${id}/plan`).expect(200));
      await author('post', `/campaigns/${id}/submit`).expect(200);
      await second('post', `/campaigns/${id}/approve`).send({ hash }).expect(200);
      await second('post', `/campaigns/${id}/schedule`).expect(200);
      await author('put', `/declaration-windows/${windowId}/${what}`).set('If-Match', '"1"').send(change).expect(200);
      expect((await author('get', `/campaigns/${id}`).expect(200)).body).toMatchObject({
        state: 'draft',
        approval: null,
      });
    }
  });

  it.each([
    ['cutoff', '2026-02-30T12:00', /no such day/],
    ['cutoff', '2026-09-18T12:00Z', /without an offset/],
    ['cutoff', '0020-09-18T12:00', /year from 2000/],
    ['reopening', '2026-09-01T08:00', /after the cutoff/],
    ['surprise', 'x', /no such field/],
  ])('is refused with the field named when %s is %s', async (field, value, message) => {
    const window = { cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' };
    const response = await author('post', '/declaration-windows').send({ name: 'Bad', ...window, [field]: value });
    expect(response.status).toBe(400);
    const { errors } = body<{ errors: { field: string; message: string }[] }>(response);
    expect(errors).toContainEqual({ in: 'body', field, message: expect.stringMatching(message) as string });
  });
});

describe('who is in which group, and who can still be paid', () => {
  it('is told with the time at which it was worked out, and an import since then is waited for', async () => {
    const segments = async () =>
      body<{ segments: Record<string, number>; asOf: string; stale: boolean }>(
        await author('get', '/segments').expect(200),
      );
    const before = await segments();
    expect(before).toMatchObject({ asOf: MONDAY.toISOString(), stale: false });
    expect(before.segments).toEqual(await api.app.get(SegmentsService).counts());
    const accounts = readFileSync(join(FIXTURES, 'accounts.csv'), 'utf8');
    const one = 'CQLATE1,Testa,Sample,nobody,active,,A81001,View';
    await author('post', '/imports/accounts').set('Content-Type', 'text/csv').send(`${accounts}${one}\n`).expect(200);
    const after = await segments();
    expect(after.segments['invalid']).toBe(before.segments['invalid']! + 1);
    expect(after.stale).toBe(false);
  });

  it('pages readiness, those at risk first, and each once', async () => {
    type Rows = { items: { organisation: string; atRisk: boolean }[]; next?: string; asOf: string; stale: boolean };
    const rows: Rows['items'] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page: Rows = body<Rows>(
        await author('get', `/readiness?kind=commissioner&limit=5${cursor && `&cursor=${cursor}`}`).expect(200),
      );
      expect(page).toMatchObject({ asOf: MONDAY.toISOString(), stale: false });
      rows.push(...page.items);
      cursor = page.next;
    }
    expect(rows.length).toBeGreaterThan(10);
    expect(new Set(rows.map(({ organisation }) => organisation)).size).toBe(rows.length);
    const risks = rows.map(({ atRisk }) => atRisk);
    expect(risks).toEqual([...risks].sort((a, b) => Number(b) - Number(a)));
  });
});
