import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RawBuilder, sql } from 'kysely';
import { type Page } from 'playwright-core';
import { type CampaignKind, CampaignService, CampaignTicker } from '../../src/campaigns/index.js';
import { Ledger, MailStop, Reconciler } from '../../src/delivery/index.js';
import { ImportService } from '../../src/directory/index.js';
import { connect } from '../../src/platform/database/index.js';
import { Clock, type FixedClock } from '../../src/shared/clock.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { inBrowser } from '../support/chromium.js';
import { colleague, type Console, eventually, faults, FIXTURES, openConsole, signIn } from './console.support.js';

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

  const inDatabase = async (statement: RawBuilder<unknown>) => {
    const db = connect(console.environment['DATABASE_URL'] ?? '', 1);
    await statement.execute(db).finally(() => db.destroy());
  };
  const scheduled = async (name: string, kind: CampaignKind = 'sign-in-notice') => {
    const campaigns = console.app.get(CampaignService);
    const content = { name, kind, windowId: console.windowId };
    const { id } = await campaigns.create(content, colleague('author'));
    const { hash } = await campaigns.plan(id);
    await campaigns.submit(id, colleague('author'));
    await campaigns.approve(id, hash, colleague('approver'));
    await campaigns.schedule(id, colleague('operator'));
    return id;
  };

  it('says on the home page and on its own what does not leave as its approval has lapsed', async () => {
    const id = await scheduled('The altered one');
    await inDatabase(sql`update campaign set approved_hash = 'of another template' where id = ${id}`);
    await console.app.get(CampaignTicker).run();
    await page.goto('/');
    expect(await text()).not.toContain('The altered one is a draft');
    await page.getByRole('link', { name: 'The altered one does not leave: its approval lapsed' }).click();
    expect(await text()).toContain('Its approval lapsed');
    expect(await text()).toContain('what was approved has been altered since');
    await console.app.get(CampaignService).plan(id);
    await console.app.get(CampaignService).submit(id, colleague('author'));
    await page.reload();
    expect(await text()).not.toContain('Its approval lapsed');
    await page.goto('/');
    expect(await text()).not.toContain('its approval lapsed');
  });

  it('says on the home page what does not leave as its template has changed', async () => {
    // Until its messages are of another version: else some might be with the relay already.
    await console.app.get(MailStop).stop('an upgrade', colleague('operator').id);
    const id = await scheduled('The one from before the upgrade');
    await console.app.get(CampaignTicker).run();
    await inDatabase(sql`update message set template_version = 'another' where campaign_id = ${id}`);
    await console.app.get(MailStop).resume(colleague('operator').id);
    const deferred = async () => (await console.app.get(Ledger).progress({ campaignId: id })).states.deferred;
    await eventually(async () => {
      await console.app.get(Reconciler).reconcile();
      return (await deferred()) > 0;
    });
    await page.goto('/');
    const name = /^The one from before the upgrade: [\d,]+ messages do not leave, as the template has changed/;
    await page.getByRole('link', { name }).click();
    await page.waitForURL(/state=deferred/);
    expect(await text()).toContain('Will be tried again');
    await console.app.get(CampaignService).cancel(id, 'the template has changed', colleague('operator'));
    await page.goto('/');
    expect(await text()).not.toContain('The one from before the upgrade:');
  });

  it('says on the home page whom it did not tell as the directory says something else of them since', async () => {
    await console.app.get(MailStop).stop('an import', colleague('operator').id);
    const id = await scheduled('The one from before the import');
    await console.app.get(CampaignTicker).run();
    const extract = await readFile(join(FIXTURES, 'demo-small', 'nhsmail.csv'), 'utf8');
    const file = join(console.environment['DATA_DIR']!, 'nhsmail.csv');
    await writeFile(file, extract.replace(/^xanthe\.sketchthwaite@.*\n/m, ''));
    await console.app.get(ImportService).importNhsmail(file, { actor: 'system:test' });
    await console.app.get(CampaignTicker).run();
    await page.goto('/');
    const name = 'The one from before the import: 1 email was not sent, as the directory says something else of these';
    await page.getByRole('link', { name }).click();
    await page.waitForURL(/state=cancelled/);
    await page.getByRole('link', { name: 'xanthe.sketchthwaite@nhs.net' }).click();
    expect(await text()).toContain('The directory has said something else about this person since');
    await page.goto(`/campaigns/${id}`);
    expect(await text()).toContain('Not sent to people of whom the directory says something else since the approval');
    expect(await faults(page)).toEqual([]);
    await console.app.get(CampaignService).cancel(id, 'the test is over', colleague('operator'));
    await console.app.get(MailStop).resume(colleague('operator').id);
    await page.goto('/');
    expect(await text()).not.toContain('The one from before the import:');
  });

  it('says on the home page who came after the reminders were approved, and offers one for their organisations', async () => {
    const id = await scheduled('The reminders', 'payment-reminder');
    const clock = console.app.get<FixedClock>(Clock);
    const [first, second, third] = await console.app.get(CampaignService).steps(id);
    clock.moveTo(first!.due_at);
    await console.app.get(CampaignTicker).run();
    const [reminded] = (await console.app.get(Ledger).messages({ campaignId: id, limit: 500 })).filter(
      ({ template }) => template === 'payment-reminder-practice',
    );
    const practice = reminded!.organisationCodes[0]!;
    const accounts = await readFile(join(FIXTURES, 'demo-small', 'accounts.csv'), 'utf8');
    const file = join(console.environment['DATA_DIR']!, 'accounts.csv');
    const newcomer = `U999999,Newa,Comer,newa.comer@nhs.net,active,,${practice},Declaration Management`;
    await writeFile(file, `${accounts.trimEnd()}\n${newcomer}\n`);
    await console.app.get(ImportService).importAccounts(file, { actor: 'system:test' });
    clock.moveTo(second!.due_at);
    await console.app.get(CampaignTicker).run();
    await signIn(console.app, page);
    await page.goto(`/campaigns/${id}`);
    expect(await text()).toContain('none to 1 person who came after the approval');
    await page.goto('/');
    await page.getByRole('link', { name: 'The reminders: 1 person who may act came after its approval' }).click();
    await page.getByLabel('Name of the campaign').fill('The reminders, for newcomers');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL(/step=/);
    expect(await text()).toContain(practice);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('saved as a draft').waitFor();
    await page.goto('/');
    expect(await text()).not.toContain('came after its approval');
    // Nor when the first ones leave without them again.
    clock.moveTo(third!.due_at);
    await console.app.get(CampaignTicker).run();
    await signIn(console.app, page);
    await page.goto('/');
    expect(await text()).not.toContain('came after its approval');
  });
});
