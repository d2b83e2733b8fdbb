import { type Page } from 'playwright-core';
import { CampaignService, CampaignTicker, PlanService } from '../../src/campaigns/index.js';
import { Ledger, Reconciler } from '../../src/delivery/index.js';
import { inBrowser } from '../support/chromium.js';
import { arriveBy, colleague, type Console, eventually, holdMail, openConsole, tabTo } from './console.support.js';

inBrowser.each([
  ['with scripts', true],
  ['without scripts', false],
])('a campaign from draft to sent with the keyboard alone, %s', (mode, javaScriptEnabled) => {
  let console: Console;
  let page: Page;
  let path = '';
  beforeAll(async () => {
    console = await openConsole();
    const context = await console.browser.newContext({
      baseURL: console.address,
      javaScriptEnabled,
      viewport: { width: 1280, height: 900 },
      storageState: await console.page.context().storageState(),
    });
    page = await context.newPage();
  });
  afterAll(async () => {
    await console[Symbol.asyncDispose]();
  });

  const heading = () => page.locator('h1').innerText();
  const main = () => page.locator('main').innerText();
  /** A link or a button. */
  const press = async (name: string, key: 'Tab' | 'Shift+Tab' = 'Tab') => {
    await tabTo(page, name, key);
    await arriveBy(page, () => page.keyboard.press('Enter'));
  };
  /** A radio button: the first of its group has the focus after Tab, arrows would go on. */
  const choose = async (name: string) => {
    await tabTo(page, name);
    await page.keyboard.press('Space');
  };
  const id = () => path.split('/').at(-1) ?? '';

  it('skips to what the page is about', async () => {
    await page.goto('/campaigns');
    await tabTo(page, 'Skip to main content');
    await page.keyboard.press('Enter');
    await press('Start a campaign');
    expect(await heading()).toContain('What the campaign says');
  });

  it('is told what is missing, and led to the field', async () => {
    await press('Continue');
    expect(await page.title()).toMatch(/^Error: /);
    await tabTo(page, 'Enter a name for the campaign');
    await page.keyboard.press('Enter');
    await page.keyboard.type(`The September round, ${mode}`);
    // Backwards a group of radio buttons is entered at its last one; arrows go round.
    await tabTo(page, 'Correction of dates', 'Shift+Tab');
    await page.keyboard.press('ArrowDown');
    await press('Continue');
    await choose('Everybody in England whom the message concerns');
    await press('Continue');
    await choose('September 2026');
    await choose('As soon as it is approved and scheduled');
    await press('Continue');
    expect(await heading()).toContain('Check your answers');
    await press('Save the draft');
    expect(await main()).toContain('The campaign is saved as a draft');
    path = new URL(page.url()).pathname;
  });

  it('plans it, reads what somebody gets, sends a test and submits it', async () => {
    await press('Make the plan');
    expect(await main()).toMatch(/\d+\s*emails will be sent/);
    await press('Find a person in the plan');
    await press('Preview the email to');
    expect(await page.locator('iframe').first().contentFrame().locator('body').innerText()).toContain(
      '18 September 2026',
    );
    await tabTo(page, 'Your email address');
    await page.keyboard.type('me@example.com');
    await press('Send 1 test email now');
    expect(await main()).toContain('The test email is on its way');
    await page.goto(path);
    await press('Submit for approval');
    expect(await main()).toContain('Somebody else has to approve it before it can be sent');
  });

  it('sends what a colleague approved, pauses it, resumes it and sees it finish', async () => {
    const campaigns = console.app.get(CampaignService);
    const plan = await console.app.get(PlanService).latest(await console.app.get(CampaignService).get(id()));
    await campaigns.approve(id(), plan?.hash ?? '', colleague('approver'));
    const letGo = await holdMail(console);
    await page.goto(path);
    await press('Send ');
    expect(await main()).toContain('Scheduled');
    await eventually(async () => {
      await console.app.get(CampaignTicker).run();
      return (await campaigns.get(id())).state === 'sending';
    });
    // The page shows the buttons of a campaign that is scheduled; its live part, or its link, leads to those of now.
    const toThePauseButton = javaScriptEnabled ? 'Show the button that pauses it' : 'Show the latest numbers';
    await page.getByRole('link', { name: toThePauseButton }).waitFor();
    await press(toThePauseButton);
    await press('Pause sending');
    expect(await main()).toContain('Nothing more leaves until somebody resumes it');
    if (javaScriptEnabled) {
      await page.route('**/live?*', (route) => route.abort());
      await page.goto(path);
    }
    await press('Resume sending');
    if (javaScriptEnabled) {
      // Numbers that no longer come are not taken for those of now.
      await page.getByText('The connection is interrupted, so these numbers may be old').waitFor();
      await page.unroute('**/live?*');
      await press('Show the latest numbers');
      // Whoever stands on a link among them is left there, however often they come.
      await page.locator('[data-live] tbody a').first().focus();
      const isHeld = () => page.evaluate<boolean>(`document.activeElement.matches('[data-live] tbody a')`);
      await page.evaluate(COUNT_LIVE_PARTS);
      await eventually(async () => (await page.evaluate<number>('globalThis.liveParts')) > 2);
      expect(await isHeld()).toBe(true);
    }
    await letGo();
    await eventually(async () => {
      await console.app.get(Reconciler).reconcile();
      return console.app.get(Ledger).isFinished({ campaignId: id() });
    }, 900);
    if (javaScriptEnabled) {
      // Screen readers hear it once, and not each second before.
      await page.getByRole('status').filter({ hasText: 'all of' }).waitFor({ state: 'attached' });
      // The link has gone with its row, and the focus is on the table that it stood in.
      expect(await page.evaluate<boolean>(`document.activeElement.matches('[data-live] .app-table-wrap')`)).toBe(true);
      // The last message is done somewhat before the campaign is.
      await console.app.get(CampaignTicker).run();
      await page.getByRole('link', { name: 'Show the whole page as it stands now' }).waitFor();
      await press('Show the whole page as it stands now');
    } else {
      await page.goto(path);
    }
    const sent = plan?.summary.recipients ?? 0;
    expect(await main()).toContain(`${sent} of ${sent} messages are done`);
    // An import may bring people whom it has not told.
    if (javaScriptEnabled) expect(await main()).toContain('Draft the same for whoever came since');
  });

  it('sends a colleague’s campaign back with words, and approves it afterwards', async () => {
    const campaigns = console.app.get(CampaignService);
    const author = colleague('author');
    const draft = { name: 'Please pass it on', kind: 'cascade-request' as const, windowId: console.windowId };
    const { id: other } = await campaigns.create(draft, author);
    await campaigns.plan(other);
    await campaigns.submit(other, author);
    await page.goto('/');
    await press('Please pass it on waits for your approval');
    await press('Send back');
    expect(await page.title()).toMatch(/^Error: /);
    await tabTo(page, 'Enter what has to change');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Name the region');
    await press('Send back');
    expect(await main()).toContain('Name the region');
    await campaigns.submit(other, author);
    await page.goto(`/campaigns/${other}`);
    await press('Approve ');
    expect(await main()).toContain('It can be scheduled now');
    await tabTo(page, 'Cancel this campaign');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Why it is cancelled');
    await page.keyboard.type('It was only to try the keys');
    await press('Cancel the campaign');
    expect(await main()).toContain('What had left has left; nothing more will');
  });
});

/** Runs in the page: counts what comes for its live part, over a stream of its own. */
const COUNT_LIVE_PARTS = `{
  globalThis.liveParts = 0;
  const source = new EventSource(document.querySelector('[data-live]').dataset.live);
  source.addEventListener('part', () => (globalThis.liveParts += 1));
  source.addEventListener('end', () => source.close());
}`;
