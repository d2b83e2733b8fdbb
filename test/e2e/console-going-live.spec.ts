import { type Page } from 'playwright-core';
import { CampaignService, CampaignTicker } from '../../src/campaigns/index.js';
import { Ledger, Reconciler } from '../../src/delivery/index.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { inBrowser } from '../support/chromium.js';
import { colleague, type Console, eventually, faults, openConsole } from './console.support.js';

inBrowser('the first campaign by a real relay', () => {
  let console: Console;
  let page: Page;
  let sink: SmtpSink;
  let id: string;

  beforeAll(async () => {
    sink = await SmtpSink.start();
    sink.answer(() => ({ rcpt: 554, text: '5.7.1 Relay access denied' }));
    console = await openConsole({ SMTP_URL: sink.url, TRIAL_MODE: 'on', TRIAL_ALLOW: '@nhs.net' });
    page = console.page;
    const campaigns = console.app.get(CampaignService);
    const content = { name: 'The round', kind: 'sign-in-notice' as const, windowId: console.windowId };
    ({ id } = await campaigns.create(content, colleague('author')));
    await campaigns.plan(id);
  }, 240_000);
  afterAll(async () => {
    await console[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
  });

  const progress = () => console.app.get(Ledger).progress({ campaignId: id });
  const text = () => page.locator('main').innerText();

  it('says that trial mode is on wherever mail is planned and sent', async () => {
    for (const path of ['/', '/campaigns', `/campaigns/${id}`, '/delivery']) {
      await page.goto(path);
      expect(await text()).toContain('Trial mode is on');
    }
    expect(await text()).toContain('@nhs.net');
    expect(await faults(page)).toEqual([]);
    await page.goto('/practices');
    expect(await text()).not.toContain('Trial mode');
  });

  it('says on the home page that most of it failed, and calls no address blocked that trial mode held back', async () => {
    const campaigns = console.app.get(CampaignService);
    const { hash } = await campaigns.plan(id);
    await campaigns.submit(id, colleague('author'));
    await campaigns.approve(id, hash, colleague('approver'));
    await campaigns.schedule(id, colleague('operator'));
    await eventually(async () => {
      await console.app.get(CampaignTicker).run();
      await console.app.get(Reconciler).reconcile();
      const { planned, terminal } = await progress();
      return planned > 0 && terminal === planned;
    });
    const { states, planned } = await progress();
    expect(states.failed).toBeGreaterThan(planned / 2);
    expect(states.suppressed).toBeGreaterThan(0);
    await page.goto('/');
    await page.getByRole('link', { name: `The round: ${states.failed} of ${planned} messages failed` }).click();
    await page.waitForURL(/state=failed/);
    await console.app.get(CampaignTicker).run();
    await campaigns.remainder(id, colleague('author'));
    await page.goto('/');
    expect(await text()).not.toContain('messages failed');
    await page.goto(`/campaigns/${id}`);
    expect(await text()).toMatch(new RegExp(`Not sent\\s+${states.suppressed}`));
    expect(await text()).not.toContain('Address blocked');
  });

  it('says on the home page what waits for somebody who releases it', async () => {
    const campaigns = console.app.get(CampaignService);
    const content = { name: 'The guidance', kind: 'guidance-follow-up' as const, windowId: console.windowId };
    const { id: held } = await campaigns.create(content, colleague('author'));
    const { hash } = await campaigns.plan(held);
    await campaigns.submit(held, colleague('author'));
    await campaigns.approve(held, hash, colleague('approver'));
    await campaigns.schedule(held, colleague('operator'));
    await page.goto('/');
    await page.getByRole('link', { name: 'The guidance is held back until somebody releases it' }).click();
    await page.getByRole('button', { name: /^Release/ }).click();
    await page.getByText('Released.', { exact: true }).waitFor();
    await page.goto('/');
    expect(await text()).not.toContain('The guidance is held back');
  });
});
