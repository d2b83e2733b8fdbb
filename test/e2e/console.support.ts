import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { sql } from 'kysely';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { OneTimeLink, permissionsOf, type Principal, type AccessRole } from '../../src/access/index.js';
import { DirectoryPicture } from '../../src/segments/index.js';
import { DeadlinesService, DeclarationFeed } from '../../src/deadlines/index.js';
import { ImportService } from '../../src/directory/index.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { connect } from '../../src/platform/database/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { createWebApplication } from '../../src/start.js';
import { CHROMIUM } from '../support/chromium.js';
import { testDatabase } from '../support/database.js';

export const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
/** A Monday, eleven days before the cutoff. */
const START = new Date('2026-09-07T08:00:00Z');

export interface Console extends AsyncDisposable {
  readonly app: NestExpressApplication;
  readonly address: string;
  readonly browser: Browser;
  /** Signed in as the local administrator. */
  readonly page: Page;
  readonly windowId: string;
  /** The settings of the application: a process with the same is another worker of it. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The real application on a database of its own with the people of the small demo, and a browser that is signed in.
 * `settings`: environment variables besides the usual ones.
 */
export async function openConsole(settings: Readonly<Record<string, string>> = {}): Promise<Console> {
  const database = await testDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'console-'));
  const environment = {
    NODE_ENV: 'test',
    SECRET: 'a-secret-of-the-tests-and-of-nothing-else',
    DATABASE_URL: database.connectionString,
    DATA_DIR: dataDir,
    RATE_LIMIT_PER_MINUTE: '100000',
    // Only so that there is a rate for `holdMail` to work on.
    MAIL_RATE_PER_MINUTE: '1000000',
    LOG_LEVEL: 'silent',
    ...settings,
  };
  const { app, stop } = await createWebApplication({
    config: loadConfig(environment),
    logger: {
      log: () => undefined,
      warn: () => undefined,
      error: (fault: unknown) => process.stderr.write(`${JSON.stringify(fault)}\n`),
    },
    clock: new FixedClock(START),
  });
  await app.listen(0, '127.0.0.1');
  const windowId = await fill(app);
  await app.get(DirectoryPicture).renewed();
  const address = await app.getUrl();
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const page = await browser.newPage({ baseURL: address, viewport: { width: 1280, height: 900 } });
  await signIn(app, page);
  return {
    app,
    address,
    browser,
    page,
    windowId,
    environment,
    async [Symbol.asyncDispose]() {
      await browser.close();
      await stop();
      await database[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** As the local administrator; again after the clock was moved by more than a session lasts. */
export async function signIn(app: NestExpressApplication, page: Page): Promise<void> {
  await page.goto(await app.get(OneTimeLink).create());
  await follow(page, page.getByRole('button', { name: 'Sign in' }));
}

/** From now on mail waits as for its rate, so that a campaign can be looked at in the middle; the result lets it go. */
export async function holdMail({ environment }: Console): Promise<() => Promise<void>> {
  const nextSlot = async (inHours: number) => {
    const db = connect(environment['DATABASE_URL'] ?? '', 1);
    await sql`update pace set next_slot_at = clock_timestamp() + ${inHours} * interval '1 hour'`.execute(db);
    await db.destroy();
  };
  await nextSlot(24);
  return () => nextSlot(0);
}

/** Somebody of the team who is not in front of the browser. */
export function colleague(role: AccessRole): Principal {
  return {
    id: `person:a-${role}`,
    kind: 'person',
    name: `The ${role}`,
    roles: [role],
    permissions: permissionsOf([role]),
  };
}

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

let source: Promise<string> | undefined;
const axe = (): Promise<string> =>
  (source ??= readFile(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8'));

/** What axe-core finds on the page by the rules of WCAG 2.2 AA, as `rule: target`. Emails in frames have tests of their own. */
export async function violations(page: Page, rules: readonly string[] = WCAG): Promise<string[]> {
  // Half a megabyte, which a page that is looked at again has already.
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(await axe());
  return page.evaluate(async (runOnly) => {
    interface Axe {
      run(context: unknown, options: unknown): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }>;
    }
    const { axe } = globalThis as unknown as { axe: Axe };
    // Nothing is gathered of what is right: that is a tenth of its time.
    const found = await axe.run({ exclude: ['iframe'] }, { runOnly, resultTypes: ['violations'] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  }, rules);
}

/** As `violations`, with axe-core's best practices beyond WCAG. */
export const faults = (page: Page): Promise<string[]> => violations(page, [...WCAG, 'best-practice']);

/**
 * Moves the focus with the keyboard alone, forwards or backwards, and sees to it that whoever looks can tell where it is
 * at each step: drawn, on the screen, and not under something else.
 */
export async function tabTo(page: Page, name: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 150; presses++) {
    await page.keyboard.press(key);
    const { names, hidden } = await page.evaluate<{ names: string; hidden: string }>(FOCUS);
    if (hidden) throw new Error(`On ${page.url()} the focus is on "${names}", and ${hidden}`);
    if (names.includes(name)) return;
  }
  throw new Error(`Nothing named "${name}" can be reached with the ${key} key`);
}

/** Runs in the page: what the focused element is called, and why nobody could see that it is focused. */
const FOCUS = `(() => {
  const element = document.activeElement;
  const labels = [...(element.labels ?? [])];
  // A table is called by its caption, not by all that stands in it.
  const own = element.matches('a, button, summary, input, select, textarea') ? element.textContent : element.ariaLabel;
  const names = [own, ...labels.map((label) => label.textContent)].join(' ').replace(/\\s+/g, ' ').trim();
  if (element === document.body) return { names: 'the page itself', hidden: '' };
  // The box of the design system's radio buttons and checkboxes is drawn by their label.
  const drawn = [element, ...labels].flatMap((each) => [null, '::before'].map((part) => getComputedStyle(each, part)));
  const isDrawn = drawn.some((style) => style.outlineStyle !== 'none' || style.boxShadow !== 'none');
  const box = element.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height, 40) / 2];
  const over = document.elementFromPoint(x, y);
  const isOver = over !== null && (element.contains(over) || over.contains(element) || labels.some((label) => label.contains(over)));
  const hidden = !isDrawn ? 'nothing shows it' : isOver ? '' : 'it is off the screen or covered';
  return { names, hidden };
})()`;

async function fill(app: NestExpressApplication): Promise<string> {
  const imports = app.get(ImportService);
  const people = join(FIXTURES, 'demo-small');
  const request = { actor: 'system:test' };
  await imports.importOrganisations([join(people, 'ods')], request);
  await imports.importAccounts(join(people, 'accounts.csv'), request);
  await imports.importNhsmail(join(people, 'nhsmail.csv'), request);
  await imports.importNoNhsmail(join(people, 'no-nhsmail.csv'), request);
  await app.get(DeclarationFeed).importDeclarations(join(people, 'declarations-1.csv'), request);
  const window = await app.get(DeadlinesService).createWindow(
    {
      name: 'September 2026',
      cutoff: '2026-09-18T12:00',
      reopening: '2026-09-23T08:00',
      pcse: '2026-09-28T08:00',
      signInChange: '2026-09-23T08:00',
    },
    'system:test',
  );
  return window.id;
}

/** Clicks on what leads to another page, and waits until that page is there: a click alone returns before it. */
export async function follow(page: Page, target: Locator): Promise<void> {
  await arriveBy(page, () => target.click());
}

/** The same for whatever else leads to another page, such as a key. */
export async function arriveBy(page: Page, act: () => Promise<void>): Promise<void> {
  const arrived = page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame());
  await act();
  await arrived;
  await page.waitForLoadState();
}

/** What the service does by itself, in its own time: looked for ten times a second at most. */
export async function eventually(holds: () => Promise<boolean>, looks = 600): Promise<void> {
  for (let tries = 0; tries < looks; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('It did not come true in time');
}
