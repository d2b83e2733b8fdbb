import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import { type Page } from 'playwright-core';
import { type CampaignInput, CampaignService, CampaignTicker, Webhooks } from '../../src/campaigns/index.js';
import { CascadeFreezer } from '../../src/cascades/index.js';
import { CaptureInbox, Ledger, Reconciler } from '../../src/delivery/index.js';
import { DATABASE_SERVER, type DatabaseServer } from '../../src/platform/database/index.js';
import { type ConsolePage, pagesOf, pathsOf } from '../bench/console.pages.mjs';
import { inBrowser } from '../support/chromium.js';
import { colleague, type Console, eventually, faults, FIXTURES, follow, openConsole } from './console.support.js';

inBrowser('every page of the console', () => {
  let console: Console;
  let page: Page;
  let pool: Pool;
  let pages: ConsolePage[];
  const broken: string[] = [];
  beforeAll(async () => {
    console = await openConsole();
    page = console.page;
    pool = new Pool({ connectionString: console.app.get<DatabaseServer>(DATABASE_SERVER).connectionString, max: 2 });
    pages = await pagesOf({ pool, nation: await settle() });
    page.on('pageerror', ({ message }) => broken.push(`${page.url()}: ${message}`));
    page.on('console', (line) => line.type() === 'error' && broken.push(`${page.url()}: ${line.text()}`));
  }, 240_000);
  afterAll(async () => {
    await pool.end();
    await console[Symbol.asyncDispose]();
  });

  /** Something of each kind that a page is about. */
  async function settle() {
    const campaigns = console.app.get(CampaignService);
    const author = colleague('author');
    const draft = async (content: Pick<CampaignInput, 'name' | 'kind' | 'audience'>) => {
      const { id } = await campaigns.create({ ...content, windowId: console.windowId }, author);
      const { hash } = await campaigns.plan(id);
      await campaigns.submit(id, author);
      return { id, hash };
    };
    const notice = { kind: 'sign-in-notice' as const, audience: { regions: ['Y62'] } };
    const finished = await draft({ ...notice, name: 'The one that is finished' });
    await campaigns.approve(finished.id, finished.hash, colleague('approver'));
    await campaigns.schedule(finished.id, colleague('operator'));
    await eventually(async () => {
      // As the schedule of this application does, and never beside it.
      await console.app.get(CampaignTicker).tick();
      await console.app.get(Reconciler).reconcile();
      return console.app.get(Ledger).isFinished({ campaignId: finished.id });
    });
    const waiting = await draft({ ...notice, name: 'The one that waits' });
    const cascade = await draft({ name: 'Please cascade', kind: 'cascade-request' });
    await campaigns.approve(cascade.id, cascade.hash, colleague('approver'));
    await console.app.get(CascadeFreezer).freeze(cascade.id);
    await console.app.get(CascadeFreezer).drill({ name: 'Rehearsal' }, colleague('admin'));
    await console.app
      .get(Webhooks)
      .register(
        { url: 'https://192.31.196.1/hooks', description: 'Feed', events: ['campaign.state-changed'] },
        colleague('admin'),
      );
    await page.goto('/imports');
    await page.getByLabel('Declaration status').check();
    await page.locator('input[type=file]').setInputFiles({
      name: 'status.csv',
      mimeType: 'text/csv',
      buffer: await readFile(join(FIXTURES, 'demo-small', 'declarations-2.csv')),
    });
    await follow(page, page.getByRole('button', { name: 'Check the file' }));
    return {
      waiting,
      sending: finished.id,
      finished: finished.id,
      windows: [console.windowId],
      captured: (await console.app.get(CaptureInbox).search({ limit: 10 })).items.map(({ id }) => id),
      upload: new URL(page.url()).pathname.split('/').at(-1) ?? '',
    };
  }

  it('is in the list of pages that is swept here, timed by the bench and compared with the routes', () => {
    const routes = pathsOf(console.app);
    expect(routes.length).toBeGreaterThan(40);
    expect([...new Set(pages.map(({ route }) => route))].sort()).toEqual([...routes].sort());
  });

  it('has no violation of WCAG 2.2 AA, one heading, a title of its own, and nothing wider than 320 pixels', async () => {
    const titles = new Map<string, string>();
    for (const { name, route, path } of pages) {
      await page.setViewportSize({ width: 320, height: 800 });
      const answer = await page.goto(path(0));
      expect([name, answer?.status()]).toEqual([name, 200]);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect([name, wide <= 320]).toEqual([name, true]);
      expect([name, await page.evaluate<string[]>(TABLES_THAT_SCROLL)]).toEqual([name, []]);
      await page.setViewportSize({ width: 1280, height: 900 });
      expect([name, await faults(page)]).toEqual([name, []]);
      expect([name, await page.evaluate<string[]>(WRONG_STOPS)]).toEqual([name, []]);
      expect([name, await page.locator('h1').count()]).toEqual([name, 1]);
      expect([name, await page.evaluate<string[]>(TIMES_WITHOUT_ZONE)]).toEqual([name, []]);
      titles.set(route, await page.title());
    }
    expect(new Set(titles.values()).size).toBeGreaterThan(titles.size - 4);
    expect(broken).toEqual([]);
  }, 300_000);

  it('prints a table as one, with its headings, on a sheet of A4', async () => {
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize(A4);
    for (const path of ['/practices?show=all', '/people/worklists/mismatched']) {
      await page.goto(path);
      expect(await page.evaluate<string[]>(LAID_OUT_AS)).toEqual(['table', 'table-row', 'table-cell', 'none']);
      expect((await page.locator('main thead').first().boundingBox())?.height).toBeGreaterThan(10);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(A4.width);
    }
    await page.emulateMedia({ media: null });
  });
});

/** What a browser has between margins of a centimetre, in pixels. */
const A4 = { width: 718, height: 1_046 };

/** Runs in the page: how its first table, a row of it, a cell and the heading in that cell are laid out. */
const LAID_OUT_AS = `['', ' tbody tr', ' tbody td', ' tbody td .nhsuk-table__heading'].map(
  (part) => getComputedStyle(document.querySelector('main .nhsuk-table--responsive' + part)).display,
)`;

/** Runs in the page: tables that can be read only by scrolling sideways. */
const TABLES_THAT_SCROLL = `[...document.querySelectorAll('.app-table-wrap')]
  .filter((frame) => frame.scrollWidth > frame.clientWidth)
  .map((frame) => frame.getAttribute('aria-label'))`;

/** Runs in the page: tables that fit and are a stop of the keyboard, and those that scroll and are none. */
const WRONG_STOPS = `[...document.querySelectorAll('.app-table-wrap')]
  .filter((frame) => (frame.scrollWidth > frame.clientWidth + 1) !== (frame.tabIndex === 0))
  .map((frame) => frame.getAttribute('aria-label'))`;

/** Runs in the page: blocks that show a time of day, and no zone to whoever looks. */
const TIMES_WITHOUT_ZONE = `[...document.querySelectorAll('main table, main p, main dd')].flatMap((block) => {
  const seen = block.cloneNode(true);
  seen.querySelectorAll('.nhsuk-u-visually-hidden').forEach((hidden) => hidden.remove());
  const text = seen.textContent;
  const before = block.closest('.app-table-wrap')?.previousElementSibling?.textContent ?? '';
  const isInTable = block.tagName !== 'TABLE' && block.closest('table') !== null;
  const tells = /\\d(am|pm)\\b/.test(text);
  return tells && !isInTable && !(text + before).includes('London time') ? [text.trim().slice(0, 80)] : [];
})`;
