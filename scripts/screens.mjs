// Takes a screenshot of every page with the data of the small demo into docs/screens. Needs a build and the demo's
// folder: `npm run screens` makes the one, `npm run demo -- --small` the other. Works on a copy, which it removes.
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withPalette } from './palette-png.mjs';

const root = join(import.meta.dirname, '..');
const demo = join(root, 'var', 'demo-small');
const copy = join(root, 'var', 'screens');
const out = join(root, 'docs', 'screens');
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const DESKTOP = 1280;
const PHONE = 375;

if (!existsSync(executablePath)) stop(`there is no Chromium at ${executablePath}; set CHROMIUM_PATH`);
if (!existsSync(join(demo, 'postgres'))) stop('there is no demo data: run npm run demo -- --small first');
await import('reflect-metadata');
const { loadConfig } = await import('../dist/platform/config/index.js');
const { createWebApplication } = await import('../dist/start.js');
const { CampaignService } = await import('../dist/campaigns/index.js');
const { SuppressionList } = await import('../dist/delivery/index.js');
const { FeedbackService } = await import('../dist/feedback/index.js');
const { OneTimeLink, permissionsOf } = await import('../dist/access/index.js');
const { DeadlinesService } = await import('../dist/deadlines/index.js');
const { Simulations } = await import('../dist/console/simulation.service.js');
const { SimulationRepository } = await import('../dist/console/simulation.repository.js');
const { chromium } = await import('playwright-core');

await rm(copy, { recursive: true, force: true });
await cp(demo, copy, { recursive: true });
await mkdir(out, { recursive: true });
// Two days before the demo's cutoff, so that something is coming.
const config = loadConfig({ DATA_DIR: copy, PORT: '0', ROLES: 'web', CLOCK: '2026-09-16T09:30:00+01:00' });
const { app, stop: stopService } = await createWebApplication({ config, logger: false });
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  await app.listen(0, '127.0.0.1');
  const waiting = await prepare();
  const address = await app.getUrl();
  const page = await browser.newPage({ viewport: { width: DESKTOP, height: 800 } });
  const link = await app.get(OneTimeLink).create();
  await page.goto(new URL(link, address).href);
  await shot(page, 'sign-in');
  await page.getByRole('button', { name: 'Sign in' }).click();
  for (const [name, path, phone] of await pagesOf(page, address, waiting)) {
    await page.setViewportSize({ width: DESKTOP, height: 800 });
    if (typeof path === 'function') await path();
    else await page.goto(new URL(path, address).href, { waitUntil: 'load' });
    await shot(page, name);
    if (!phone) continue;
    await page.setViewportSize({ width: PHONE, height: 700 });
    await shot(page, `${name}-phone`);
  }
} finally {
  await browser.close();
  await stopService();
  await rm(copy, { recursive: true, force: true });
}

/** What the demo leaves finished, waiting: a campaign to approve, a draft of nobody's, a block, a report to review. */
async function prepare() {
  const campaigns = app.get(CampaignService);
  const [window] = await app.get(DeadlinesService).windows();
  const author = {
    id: 'person:demo-author',
    kind: 'person',
    name: 'The author of the demo',
    roles: ['author'],
    permissions: permissionsOf(['author']),
  };
  const { id } = await campaigns.create(
    {
      name: 'After the September cutoff',
      kind: 'after-cutoff',
      windowId: window.id,
      launchAt: '2026-09-21T09:00:00+01:00',
    },
    author,
  );
  await campaigns.plan(id);
  await campaigns.submit(id, author);
  const runs = app.get(SimulationRepository);
  for (const [subject, scenario] of [
    ['window', 'most-act'],
    ['cascade', 'most-pass-on'],
  ]) {
    await app.get(Simulations).start(window, subject, scenario, author);
    while ((await runs.standing(window.id, subject)).latest.state === 'running') await delay(500);
  }
  await app.get(SuppressionList).add({
    address: 'testa.sample1@nhs.net',
    reason: 'hard-bounce',
    source: 'report:example',
    expiresAt: null,
  });
  const report = await readFile(join(root, 'test', 'fixtures', 'dsn', 'lhost-postfix-10.eml'));
  await app.get(FeedbackService).ingest(report, { source: 'cli' });
  return id;
}

/** Every page: name of the picture, address, and whether a phone's width is of interest. */
async function pagesOf(page, address, waiting) {
  const first = async (path, selector) => {
    await page.goto(new URL(path, address).href);
    return page.locator(selector).first().getAttribute('href');
  };
  const windowPath = await first('/windows', 'tbody a');
  const sent = await first('/campaigns?state=finished', 'tbody a');
  const message = await first(`${sent}/messages`, 'tbody a');
  const account = await first('/people/worklists/mismatched', 'tbody a[href^="/people/"]');
  const preview = await first(`/campaigns/${waiting}/people`, 'tbody a[href*="/preview"]');
  const practice = await first('/practices?show=at-risk', 'tbody a');
  const captured = await first('/inbox', 'tbody a');
  const cascade = await first('/cascades', 'tbody a');
  const region = await first(cascade, '.app-heat tbody a');
  const commissioner = await first(region, '.app-heat tbody a');
  const told = await first(`${cascade}/practices?coverage=confirmed`, 'tbody a');
  const correction = await first('/', 'main a:has-text("Correction: ")');
  const answers = new URLSearchParams({
    name: 'Sign-in change, North West',
    kind: 'sign-in-notice',
    deskName: 'CQRS service desk',
    everybody: 'yes',
    reach: 'registered',
    windowId: windowPath.split('/').at(-1),
    launch: 'now',
  }).toString();
  const request = answers.replace('kind=sign-in-notice', 'kind=cascade-request');
  const moved = async () => {
    await page.goto(new URL(`${windowPath}/move`, address).href);
    await page.locator('#cutoff-day').fill('22');
    await page.getByRole('button', { name: 'Continue' }).click();
  };
  return [
    ['home', '/', true],
    ['campaigns', '/campaigns', false],
    ['campaign', sent, true],
    ['campaign-approve', `/campaigns/${waiting}`, false],
    ['campaign-new-what', '/campaigns/new', true],
    ['campaign-new-who', `/campaigns/new?step=who&${answers}`, false],
    ['campaign-new-when', `/campaigns/new?step=when&${answers}`, false],
    ['campaign-new-check', `/campaigns/new?step=check&${answers}`, false],
    ['campaign-new-cascade', `/campaigns/new?step=check&${request}`, false],
    ['campaign-correction', correction, false],
    ['campaign-groups', `${sent}/segments`, false],
    ['campaign-people', `${sent}/people`, false],
    ['campaign-preview', preview, false],
    ['campaign-regions', `${sent}/regions`, false],
    ['campaign-messages', `${sent}/messages`, false],
    ['message', message, false],
    ['cascades', '/cascades', false],
    ['cascade', cascade, true],
    ['cascade-silent', `${cascade}/silent`, false],
    ['cascade-region', region, false],
    ['cascade-commissioner', commissioner, false],
    ['cascade-practice', told, false],
    ['cascade-simulation', `/cascades/simulations/${windowPath.split('/').at(-1)}`, true],
    ['cascade-practices', `${cascade}/practices?coverage=silent`, false],
    ['people', '/people', false],
    ['people-found', '/people?find=an', false],
    ['account', account, true],
    ['worklist', '/people/worklists/mismatched', false],
    ['practices', '/practices?show=at-risk', true],
    ['practice', practice, false],
    ['windows', '/windows', false],
    ['window', windowPath, true],
    ['window-new', '/windows/new', false],
    ['window-check', moved, false],
    ['window-reminders', `${windowPath}/reminders`, false],
    ['window-simulation', `${windowPath}/simulation`, true],
    ['imports', '/imports', false],
    ['delivery', '/delivery', false],
    ['unknown', '/delivery/unknown', false],
    ['blocks', '/delivery/blocks', false],
    ['returned', '/delivery/returned', false],
    ['inbox', '/inbox', false],
    ['inbox-message', captured, false],
    ['settings', '/settings', false],
    ['settings-people', '/settings/people', false],
    ['settings-keys', '/settings/keys', false],
    ['settings-audit', '/settings/audit?verify=yes', false],
    ['queues', '/queues', false],
    ['not-found', '/campaigns/00000000-0000-7000-8000-000000000000', false],
  ];
}

/** The whole page, but no more than anybody looks at. */
async function shot(page, name) {
  const { height } = await page.evaluate(() => ({ height: document.documentElement.scrollHeight }));
  const { width } = page.viewportSize();
  const shown = Math.min(height, width === PHONE ? 1400 : 1100);
  await page.setViewportSize({ width, height: shown });
  // Frames and the queue board paint a moment after the page is there.
  await page.waitForLoadState('networkidle');
  await writeFile(join(out, `${name}.png`), withPalette(await page.screenshot()));
}

function stop(reason) {
  console.error(`NO SCREENSHOTS: ${reason}`);
  process.exit(1);
}
