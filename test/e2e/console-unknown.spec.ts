import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { type Page } from 'playwright-core';
import { AuditTrail } from '../../src/access/index.js';
import { CampaignService, CampaignTicker } from '../../src/campaigns/index.js';
import { MessagesController } from '../../src/console/messages.controller.js';
import { Ledger, MessageDesk, Reconciler } from '../../src/delivery/index.js';
import { DATABASE } from '../../src/platform/database/index.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { inBrowser } from '../support/chromium.js';
import { colleague, type Console, eventually, faults, follow, openConsole } from './console.support.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js');

inBrowser('messages that may or may not have arrived', () => {
  let console: Console;
  let page: Page;
  let sink: SmtpSink;
  let id: string;
  let recipients: number;
  const workers: ChildProcess[] = [];

  beforeAll(async () => {
    sink = await SmtpSink.start();
    console = await openConsole({
      ...{ ROLES: 'web,scheduler', SMTP_URL: sink.url, MAIL_RATE_PER_MINUTE: '60000' },
      ...{ TRIAL_MODE: 'off', TRIAL_OFF_APPROVED_BY: 'The tests', CLOCK: '2026-09-07T09:00:00+01:00' },
    });
    page = console.page;
    const campaigns = console.app.get(CampaignService);
    const content = { name: 'The round', kind: 'sign-in-notice' as const, windowId: console.windowId };
    ({ id } = await campaigns.create(content, colleague('author')));
    const plan = await campaigns.plan(id);
    recipients = plan.summary.recipients;
    await campaigns.submit(id, colleague('author'));
    await campaigns.approve(id, plan.hash, colleague('approver'));
    await campaigns.schedule(id, colleague('operator'));
    // A real worker, killed while a mail server that is slow to answer has messages of it in hand.
    sink.takeTime(1_000);
    const worker = work();
    await eventually(async () => {
      await console.app.get(CampaignTicker).run();
      await console.app.get(Reconciler).reconcile();
      return sink.messages.length > 10;
    });
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    // As if the time of its lease had passed.
    const db = console.app.get<Kysely<object>>(DATABASE);
    await sql`update slice set lease_until = clock_timestamp() - interval '1 second' where leased_by is not null`.execute(
      db,
    );
    await eventually(async () => {
      await console.app.get(Reconciler).reconcile();
      return (await states()).unknown > 4;
    });
    sink.takeTime(0);
  }, 240_000);
  afterAll(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    await console[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
  });

  function work(): ChildProcess {
    const env = { ...process.env, ...console.environment, ROLES: 'worker', PORT: '0', LOG_LEVEL: 'warn' };
    const worker = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    workers.push(worker);
    return worker;
  }
  const states = async () => (await console.app.get(Ledger).progress({ campaignId: id })).states;
  const text = () => page.locator('main').innerText();
  const press = (name: string | RegExp) => follow(page, page.getByRole('button', { name }));
  const decide = async (outcome: string, which: 'all' | number) => {
    await page.goto('/delivery/unknown');
    await page.getByLabel(outcome).check();
    await page.getByRole('radio', { name: which === 'all' ? /^All / : 'Those that I select in the list' }).check();
    for (let n = 0; which !== 'all' && n < which; n += 1) await page.getByRole('checkbox').nth(n).check();
    await press('Continue');
  };

  it('says who approved that mail goes out for real, and since when', async () => {
    await page.goto('/delivery');
    expect(await text()).toContain('Trial mode is off: email reaches everybody that a campaign plans for.');
    expect(await text()).toMatch(/off since 9am on Monday 7 September 2026 .*, approved by The tests\./);
    expect(await faults(page)).toEqual([]);
    const ready = (await (await page.request.get('/health/ready')).json()) as { details: Record<string, object> };
    expect(ready.details['transport']).toMatchObject({ mail: 'real' });
    expect(JSON.stringify(ready)).not.toContain('The tests');
    await page.goto('/settings/audit?area=delivery');
    expect(await text()).toContain('Started with trial mode off');
  });

  it('wait for a person, on the home page and under Delivery', async () => {
    const { unknown } = await states();
    await page.goto('/');
    await follow(page, page.getByRole('link', { name: `${unknown} messages may or may not have arrived` }));
    expect(await text()).toContain(`${unknown} messages were being handed over when the connection broke`);
    expect(await text()).toContain('The sending program stopped in the middle of it');
    expect(await faults(page)).toEqual([]);
    await press('Continue');
    expect(await page.title()).toMatch(/^Error: /);
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Select what became of them',
      'Select which messages you decide about',
    ]);
    await decide('They arrived', 0);
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Select at least one message in the list',
    ]);
    expect(await page.getByLabel('They arrived').isChecked()).toBe(true);
    expect(await faults(page)).toEqual([]);
    expect((await states()).unknown).toBe(unknown);
  });

  it('count as sent or as failed, as somebody says, who is then in the audit trail', async () => {
    const before = await states();
    await decide('They arrived', 2);
    expect(await text()).toContain('2 messages to 2 people');
    expect(await faults(page)).toEqual([]);
    await press('Count 2 emails as sent');
    await page.getByText('Decided. It is in the audit trail').waitFor();
    await decide('They did not arrive', 1);
    await press('Count 1 email as failed');
    const after = await states();
    expect(after).toMatchObject({ unknown: before.unknown - 3, failed: before.failed + 1 });
    expect(after.accepted).toBe(before.accepted + 2);

    const [entry] = await console.app.get(AuditTrail).entries({ limit: 1 });
    expect(entry).toMatchObject({ action: 'message.decided', details: { outcome: 'failed' } });
    await page.goto('/settings/audit?area=message');
    expect((await text()).match(/Local administrator\s+Decided about a message/g)).toHaveLength(3);
    await page.goto(`/campaigns/${id}/messages?state=failed`);
    await follow(page, page.locator('tbody a').first());
    expect(await text()).toContain('Decided by Local administrator');
    expect(await text()).toContain('Failed');
    await follow(page, page.locator('dd a[href^="/people/"]').first());
    expect(await text()).toContain('Failed');
  });

  it('are shown to somebody confined to a region as far as they are of it, and decided by nobody else', async () => {
    const desk = console.app.get(MessageDesk);
    const all = await desk.unknowns(colleague('operator'));
    const regions = ['Y56', 'Y58', 'Y59', 'Y60', 'Y61', 'Y62', 'Y63'];
    const seen = await Promise.all(
      regions.map((region) => desk.unknowns({ ...colleague('operator'), region: region as never })),
    );
    expect(new Set(seen.flat().map((message) => message.id)).size).toBe(all.length);
    const [here] = seen.filter((messages) => messages.length > 0 && messages.length < all.length);
    const stranger = all.find((message) => !here?.some((each) => each.id === message.id));
    const region = regions[seen.indexOf(here ?? [])];
    const confined = { ...colleague('operator'), region: region as never };
    await expect(desk.decide(stranger?.id ?? '', 'accepted', confined)).rejects.toMatchObject({
      code: 'no-such-message',
    });
    const pages = console.app.get(MessagesController);
    expect(await pages.show(here?.[0]?.id ?? '', { principal: confined, csrf: '' })).toContain(
      'Nobody knows whether it arrived',
    );
    await expect(pages.show(stranger?.id ?? '', { principal: confined, csrf: '' })).rejects.toMatchObject({
      code: 'no-such-message',
    });
  });

  it('leave once more when somebody says so, and the campaign finishes', async () => {
    const { unknown } = await states();
    await decide('Send them again', 'all');
    expect(await text()).toContain('Whoever has the message already gets it twice');
    expect(await faults(page)).toEqual([]);
    await press(new RegExp(`^Send ${unknown} emails again to ${unknown} people now$`));
    await page.getByText('There are none').waitFor();
    expect(await faults(page)).toEqual([]);
    expect((await states()).unknown).toBe(0);
    work();
    await eventually(async () => {
      await console.app.get(Reconciler).reconcile();
      await console.app.get(CampaignTicker).run();
      return (await console.app.get(CampaignService).get(id)).state === 'finished';
    });
    await page.goto(`/campaigns/${id}`);
    expect(await text()).toContain(`${recipients} of ${recipients} messages are done`);
    // Twice at the most, and only what was sent again.
    expect(Math.max(...sink.copies().values())).toBe(2);
    expect([...sink.copies().values()].filter((copies) => copies === 2).length).toBeLessThanOrEqual(unknown);
    // By the clock of these tests the minute in which they left still runs.
    await page.goto('/delivery');
    expect(await text()).not.toContain('Nothing was sent in the last hour');
    expect(await text()).toMatch(/[1-9]\d*\s+sent in the last hour/);
  });

  it('are followed by a campaign for whoever did not get theirs, and nobody else', async () => {
    await page.goto(`/campaigns/${id}`);
    expect(await faults(page)).toEqual([]);
    await press('Draft the same for whoever this did not reach (1 email)');
    await page.getByText('for whoever the first one did not reach is saved as a draft').waitFor();
    expect(await text()).toContain('Whoever has had the message of The round, or may have had it');
    await press('Make the plan');
    await page.getByText('The plan is made').waitFor();
    expect(await text()).toMatch(/1\s+email will be sent/);
    expect(await text()).toMatch(new RegExp(`Has had this message already\\s+${recipients - 1}`));
    expect(await faults(page)).toEqual([]);
    await follow(page, page.getByRole('link', { name: 'The round', exact: true }));
    expect(await text()).toContain('The round (not reached)');
    // One at a time.
    expect(await page.getByRole('button', { name: /did not reach/ }).count()).toBe(0);
    expect(await faults(page)).toEqual([]);
  });

  it('are apart from tests, which go to nobody but whoever asks for one where mail is real', async () => {
    await page.goto(`/campaigns/${id}/people`);
    await follow(page, page.getByRole('link', { name: /^Preview/ }).first());
    expect(await text()).toContain('your sign-in provider has not told us your address');
    expect(await page.getByRole('button', { name: /test/ }).count()).toBe(0);

    const own = 'testa.sample900@example.test';
    await sql`update session set address = ${own}`.execute(console.app.get<Kysely<object>>(DATABASE));
    await page.reload();
    expect(await text()).toContain(`the test goes to you, at ${own}, and to nobody else`);
    expect(await faults(page)).toEqual([]);
    await press('Send 1 test email now');
    await page.getByText('The test email is on its way').waitFor();
    await eventually(async () => {
      await console.app.get(Reconciler).reconcile();
      return sink.messages.some(({ to }) => to === own);
    });
  });
});
