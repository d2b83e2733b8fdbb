import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { chromium } from 'playwright-core';
import request from 'supertest';
import yauzl from 'yauzl';
import { ApiKeys } from '../../src/access/index.js';
import { CampaignService } from '../../src/campaigns/index.js';
import {
  CascadeFreezer,
  CascadeService,
  DrillService,
  ProofService,
  WorklistService,
} from '../../src/cascades/index.js';
import { type CascadeTables } from '../../src/cascades/cascade.tables.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import { ImportService } from '../../src/directory/index.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { type OdsCode } from '../../src/shared/ods-code.js';
import { createWebApplication } from '../../src/start.js';
import { colleague } from '../support/app.js';
import { CHROMIUM, inBrowser } from '../support/chromium.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'demo-small');
const MONDAY = new Date('2026-09-07T08:00:00Z');

let database: TestDatabase<CascadeTables>;
let app: NestExpressApplication;
let stop: () => Promise<void>;
let dataDir: string;
let clock: FixedClock;
let cascades: CascadeService;
let windowId: string;
let id: string;
let commissioner: string;
let practices: string[];

beforeAll(async () => {
  database = await testDatabase();
  clock = new FixedClock(MONDAY);
  dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-cascade-'));
  const config = loadConfig({
    NODE_ENV: 'test',
    SECRET: 'a secret of the tests, forty characters!',
    DATA_DIR: dataDir,
    ROLES: 'web',
    DATABASE_URL: database.connectionString,
    RATE_LIMIT_PER_MINUTE: '1000000',
  });
  const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
  const running = await createWebApplication({ config, logger, clock });
  app = running.app;
  stop = () => running.stop();
  await app.listen(0, '127.0.0.1');
  const imports = app.get(ImportService);
  const actor = { actor: 'system:test' };
  await imports.importOrganisations([join(FIXTURES, 'ods')], actor);
  await imports.importAccounts(join(FIXTURES, 'accounts.csv'), actor);
  await imports.importNhsmail(join(FIXTURES, 'nhsmail.csv'), actor);
  await imports.importNoNhsmail(join(FIXTURES, 'no-nhsmail.csv'), actor);
  cascades = app.get(CascadeService);
  const window = await app.get(DeadlinesService).createWindow(
    {
      name: 'September',
      cutoff: '2026-09-18T12:00',
      reopening: '2026-09-23T08:00',
      pcse: '2026-09-28T08:00',
      signInChange: '2026-09-23T08:00',
    },
    'system:test',
  );
  windowId = window.id;
});
afterAll(async () => {
  await stop();
  await database[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  clock.moveTo(MONDAY);
  const campaigns = app.get(CampaignService);
  const author = colleague('author');
  const campaign = { name: 'Please pass this on', kind: 'cascade-request' as const, windowId };
  ({ id } = await campaigns.create(campaign, author));
  const { hash } = await campaigns.plan(id);
  await campaigns.submit(id, author);
  await campaigns.approve(id, hash, colleague('approver'));
  await app.get(CascadeFreezer).freeze(id);
  const nodes = await database.db
    .selectFrom('cascade_organisation')
    .select('code')
    .where('cascade_id', '=', id)
    .where('kind', '=', 'commissioner')
    .orderBy('code')
    .execute();
  for (const { code } of nodes) {
    practices = (await cascades.below(id, { code, kind: 'commissioner' })).map((practice) => practice.code);
    commissioner = code;
    if (practices.length >= 3) break;
  }
});

const http = () => request(app.getHttpServer());
const link = async (purpose: 'answer' | 'confirm' | 'pack', code = commissioner, until?: Date) =>
  (await cascades.link(id, code, purpose, until)).path;
const post = (path: string, form: Record<string, string>) => http().post(path).type('form').send(form);
/** Everything that an answer could have changed. */
const everything = async (): Promise<string> => {
  const { db } = database;
  const [organisations, steps] = await Promise.all([
    db.selectFrom('cascade_organisation').selectAll().where('cascade_id', '=', id).orderBy('code').execute(),
    db.selectFrom('cascade_step').selectAll().where('cascade_id', '=', id).orderBy('id').execute(),
  ]);
  return JSON.stringify({ organisations, steps });
};

describe('the links of a cascade', () => {
  it('show a page and change nothing, however often a scanner opens them', async () => {
    const paths = await Promise.all(
      [commissioner, ...practices].flatMap((code) => [link('answer', code), link('pack', code)]),
    );
    const before = await everything();
    for (let i = 0; i < 500; i += 1) {
      const path = paths[i % paths.length]!;
      const response = await (i % 2 ? http().head(path) : http().get(path));
      expect(response.status).toBe(200);
    }
    expect(await everything()).toBe(before);
  });

  it('hold no name and no address of a person', async () => {
    const people = await app.get(WorklistService).people(id, commissioner);
    expect(people.length).toBeGreaterThan(0);
    const pages = [await link('answer'), await link('pack'), `${await link('pack')}/worklist.csv`];
    for (const path of pages) {
      const { text } = await http().get(path).expect(200);
      for (const { lastName, registeredAddress, accountId } of people) {
        for (const word of [lastName, registeredAddress, accountId]) if (word) expect(text).not.toContain(word);
      }
    }
  });

  it('let an organisation answer without sign-in, once', async () => {
    const path = await link('answer');
    const first = await post(path, { answer: 'acknowledge' }).expect(200);
    expect(first.text).toContain('Thank you');
    const before = await everything();
    const second = await post(path, { answer: 'acknowledge' }).expect(200);
    expect(second.text).toContain('We have this already');
    expect(await everything()).toBe(before);
  });

  it('let a practice confirm by the link that its commissioner forwarded', async () => {
    await post(await link('answer'), { answer: 'confirm', practice: practices[1]! }).expect(200);
    expect((await cascades.organisation(id, practices[1]!)).coverage).toBe('confirmed');
    const [step] = await cascades.steps(id, practices[1]!);
    expect(step).toMatchObject({ action: 'confirm', actor: `link:${commissioner}` });
  });

  it('say in plain words what to do when they are unknown, altered, expired, revoked or for something else', async () => {
    const good = await link('answer');
    const expired = await link('answer', commissioner, new Date(MONDAY.getTime() + 3_600_000));
    const pack = await link('pack');
    await cascades.revokeLinks(id, practices[0]!, 'person:test');
    const cases: [string, number, string][] = [
      ['/cascade/nonsense', 404, 'is not one of our links'],
      [good.replace(commissioner, practices[1]!), 404, 'is not one of our links'],
      [`${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`, 404, 'is not one of our links'],
      [expired, 410, 'has expired'],
    ];
    clock.advance(2 * 3_600_000);
    const before = await everything();
    for (const [path, status, words] of cases) {
      expect((await http().get(path).expect(status)).text).toContain(words);
      expect((await post(path, { answer: 'acknowledge' }).expect(status)).text).toContain('Nothing has been changed');
    }
    expect((await post(pack, { answer: 'acknowledge' }).expect(404)).text).toContain('opens something else');
    expect(await everything()).toBe(before);
  });

  it('stop working when they are revoked, and a new one works', async () => {
    const old = await link('answer');
    await cascades.revokeLinks(id, commissioner, 'person:test');
    expect((await post(old, { answer: 'acknowledge' }).expect(410)).text).toContain('was withdrawn');
    await post(await link('answer'), { answer: 'acknowledge' }).expect(200);
  });

  it('say what was asked and by when, and not what colleagues call it', async () => {
    const dates =
      /before midday on Friday 18 September 2026 \(London time\)\. Signing in to CQRS changes from Wednesday 23 September 2026\./;
    for (const [code, asked] of [
      ['Y63', 'pass our message on to your commissioners'],
      [commissioner, 'pass our message on to your practices'],
      [practices[0]!, 'Our message says what your practice has to do'],
    ] as const) {
      const { text } = await http()
        .get(await link('answer', code))
        .expect(200);
      expect(text).toContain(asked);
      expect(text).toMatch(dates);
      expect(text).not.toContain('Please pass this on');
    }
  });

  it('say to how many it was passed on, and choose no practice for whoever does not', async () => {
    const path = await link('answer');
    const { text } = await http().get(path).expect(200);
    expect(text).toContain('required><option value="">Choose your practice</option>');
    const before = await everything();
    expect((await post(path, { answer: 'confirm', practice: '' }).expect(400)).text).toContain('Choose your practice');
    expect(await everything()).toBe(before);
    const noted = async (form: Record<string, string>) =>
      /that (you have passed it on .*)\.</.exec((await post(path, form).expect(200)).text)?.[1];
    const all = practices.length;
    expect(await noted({ answer: 'pass-on', below: practices[0]! })).toBe(
      `you have passed it on to 1 of your ${all} practices`,
    );
    expect(await noted({ answer: 'pass-on' })).toBe(`you have passed it on to ${all} of your ${all} practices`);
  });

  it('refuse a form without an answer, another practice, and a refusal without a reason, and change nothing', async () => {
    const path = await link('answer');
    const before = await everything();
    for (const form of [{}, { answer: 'x' }, { answer: 'confirm', practice: 'ZZZ99' }, { answer: 'decline' }]) {
      expect((await post(path, form as Record<string, string>).expect(400)).text).toContain('Nothing has been changed');
    }
    expect(await everything()).toBe(before);
  });

  it('give counts to anybody with the link, and names only to somebody who has signed in', async () => {
    const path = await link('pack', commissioner, new Date(MONDAY.getTime() + 3_600_000));
    await http()
      .get(`${path}/worklist.xlsx`)
      .expect(200)
      .expect('Content-Type', /spreadsheetml/);
    await http().get(`${path}/people.csv`).expect(401);
    const region = (await cascades.organisation(id, commissioner)).region_code ?? '';
    for (const [of, status] of [
      [undefined, 200],
      [region, 200],
      [region === 'Y56' ? 'Y58' : 'Y56', 403],
    ] as const) {
      const wanted = { name: 'test', permissions: ['directory:read' as const], expiresInDays: 1 };
      const { key } = await app
        .get(ApiKeys)
        .create({ ...wanted, ...(of && { region: of as OdsCode }) }, colleague('admin'));
      for (const file of ['people.csv', 'people.xlsx'])
        await http().get(`${path}/${file}`).set('Authorization', `Bearer ${key}`).expect(status);
    }
    clock.advance(2 * 3_600_000);
    await http().get(`${path}/worklist.csv`).expect(410);
  });
});

inBrowser('a real browser', () => {
  it('takes an acknowledgement and a list of practices from a real browser', async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const page = await browser.newPage({ baseURL: await app.getUrl() });
      await page.goto(await link('answer'));
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain(commissioner);
      await page.getByLabel('We have passed it on').check();
      await page.getByLabel(`(${practices[0]!})`).check();
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    } finally {
      await browser.close();
    }
    expect((await cascades.organisation(id, commissioner)).state).toBe('passed-on');
    expect((await cascades.organisation(id, practices[0]!)).coverage).toBe('passed-on');
    expect((await cascades.organisation(id, practices[1]!)).coverage).not.toBe('passed-on');
  });
});

describe('the worklist', () => {
  it('is a link away from the page that the email opens, for a week at a time', async () => {
    const answer = await link('answer');
    const worklistOf = (html: string) => /href="(\/cascade\/pack\.[^"]+)"/.exec(html)?.[1] ?? '';
    const first = worklistOf((await http().get(answer).expect(200)).text);
    const { text } = await http().get(first).expect(200);
    expect(text).toContain(`Worklist of `);
    expect(text).toContain(
      'Need a new account:</strong> Request a new CQRS account under the person’s own NHSmail address',
    );
    expect(text).not.toContain('Mismatched');
    expect(text).toContain(practices[0]!);
    clock.advance(7 * 24 * 3_600_000);
    expect((await http().get(first).expect(410)).text).toContain('This link has expired');
    await http()
      .get(worklistOf((await http().get(answer)).text))
      .expect(200);
    expect((await http().get(await link('answer', practices[0]))).text).not.toContain('/cascade/pack.');
  });
});

describe('the link of a drill', () => {
  it('shows one button, which records an answer once; opening the page records nothing', async () => {
    const scope = { regions: [], practices: true, contacts: 1 };
    id = await app.get(DrillService).start('Rehearsal', scope, colleague('operator'));
    for (const [code, state] of [
      [commissioner, 'acknowledged'],
      [practices[0]!, 'confirmed'],
    ] as const) {
      const path = await link('answer', code);
      const before = await everything();
      const { text } = await http().get(path).expect(200);
      expect(text).toContain('Nothing has to be done but press this button');
      expect(text.match(/<button/g)).toHaveLength(1);
      expect(text).not.toContain('pass');
      expect(await everything()).toBe(before);
      const [, answer = ''] = /name="answer" value="([a-z-]+)"/.exec(text) ?? [];
      expect((await post(path, { answer })).text).toContain('the drill has arrived');
      expect((await cascades.organisation(id, code)).state).toBe(state);
      expect((await post(path, { answer })).text).toContain('We have this already');
    }
  });
});

async function unpack(pack: Buffer, folder: string): Promise<void> {
  const archive = await yauzl.fromBufferPromise(pack);
  for await (const entry of archive.eachEntry())
    await writeFile(join(folder, entry.fileName), await archive.openReadStreamPromise(entry));
}

describe('a proof pack', () => {
  it('is whole as it was issued, and not once a byte of it is another', async () => {
    const proofs = app.get(ProofService);
    await cascades.answer({ cascadeId: id, organisation: practices[0]!, answer: 'confirm', actor: 'link:x' });
    const rehearsal = { regions: [], practices: true, contacts: 1 };
    await app.get(DrillService).start('Rehearsal', rehearsal, colleague('operator'));
    const pack = await proofs.pack(id, practices[0]!, 'person:test');
    expect(await proofs.verify(pack)).toEqual({ ok: true, faults: [] });
    const folder = await mkdtemp(join(tmpdir(), 'cqrs-comms-proof-'));
    await unpack(pack, folder);
    const check = () => promisify(execFile)('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder });
    expect((await check()).stdout.trim().split('\n').sort()).toEqual([
      'messages.csv: OK',
      'proof.html: OK',
      'proof.json: OK',
      'steps.csv: OK',
    ]);
    const page = await readFile(join(folder, 'proof.html'), 'utf8');
    expect(page).toContain(`(${practices[0]!}) was told`);
    expect(page).toContain('Confirmed: “we know”</td><td>Whoever holds the link of x</td>');
    expect(page).not.toContain('@nhs');
    // A rehearsal told it nothing.
    expect(page).not.toContain('cascade-drill');
    await writeFile(join(folder, 'proof.html'), page.replace('Confirmed', 'Declined'));
    await expect(check()).rejects.toThrow(/proof\.html: FAILED|did NOT match/);
    await rm(folder, { recursive: true });
    await expect(proofs.verify(pack.subarray(0, 200))).rejects.toMatchObject({ code: 'not-a-proof' });
    const altered = Buffer.from(pack);
    const at = altered.indexOf('proof.json');
    altered.write('prooF.json', at);
    altered.write('prooF.json', altered.lastIndexOf('proof.json'));
    expect(await proofs.verify(altered)).toEqual({
      ok: false,
      faults: ['proof.json is missing', 'prooF.json was added'],
    });
  });
});
