import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Page } from 'playwright-core';
import { ApiKeys, AuditTrail } from '../../src/access/index.js';
import { DeadlinesService, type DeadlinesTables } from '../../src/deadlines/index.js';
import { DirectoryService, ImportUndo } from '../../src/directory/index.js';
import { CampaignService, CampaignTicker, PlanService } from '../../src/campaigns/index.js';
import {
  CaptureInbox,
  Ledger,
  MailStop,
  Reconciler,
  SuppressionDesk,
  SuppressionList,
  unsubscribeToken,
} from '../../src/delivery/index.js';
import { FeedbackService, OptOutService } from '../../src/feedback/index.js';
import { connect, DATABASE_SERVER, type DatabaseServer } from '../../src/platform/database/index.js';
import { Clock, type FixedClock } from '../../src/shared/clock.js';
import { withoutAudit } from '../support/refused-audit.js';
import { inBrowser } from '../support/chromium.js';
import {
  arriveBy,
  colleague,
  type Console,
  eventually,
  FIXTURES,
  follow,
  holdMail,
  openConsole,
  tabTo,
  violations,
} from './console.support.js';

inBrowser('the console', () => {
  let console: Console;
  let page: Page;
  beforeAll(async () => {
    console = await openConsole();
    page = console.page;
  });
  afterAll(async () => {
    await console[Symbol.asyncDispose]();
  });

  const heading = () => page.locator('h1').innerText();
  const press = (name: string | RegExp) => follow(page, page.getByRole('button', { name }));

  it('says on the home page what needs somebody, with the coming cutoff and the practices at risk', async () => {
    await page.goto('/');
    expect(await heading()).toBe('What needs you now');
    const text = await page.locator('main').innerText();
    expect(text).toContain('before midday on Friday 18 September 2026 (London time), in 9 working days');
    expect(text).toMatch(/[1-9]\d*\s*practices with nobody who can declare/);
    expect(text).toContain('The last status reports came at');
    expect(text).not.toContain('No declaration status');
    expect(await violations(page)).toEqual([]);
  });

  it('says that the reports have stayed away by which reminders go', async () => {
    const { connectionString } = console.app.get<DatabaseServer>(DATABASE_SERVER);
    const db = connect<DeadlinesTables>(connectionString, 1);
    const heard = await db.selectFrom('declaration_feed').selectAll().executeTakeFirstOrThrow();
    await db
      .updateTable('declaration_feed')
      .set({ heard_at: new Date('2026-09-03T08:00:00Z') })
      .execute();
    await page.goto('/');
    const since = 'No declaration status has come since 9am on Thursday 3 September 2026 (London time)';
    expect(await page.locator('.app-tasks').innerText()).toContain(since);
    await page.goto(`/windows/${console.windowId}`);
    expect(await page.locator('main').innerText()).toContain('Until the next, reminders go by what they said.');
    expect(await violations(page)).toEqual([]);
    await db.deleteFrom('declaration_feed').execute();
    await page.reload();
    expect(await page.locator('main').innerText()).toContain('No status report has come yet: nobody can be reminded.');
    await page.goto('/');
    expect(await page.locator('.app-tasks').innerText()).toContain('No declaration status has come yet');
    await db.insertInto('declaration_feed').values(heard).execute();
    await db.destroy();
  });

  it('drafts a campaign with the keyboard alone, and says beside each field what is wrong', async () => {
    await page.goto('/campaigns/new');
    const continueWithKeys = async () => {
      await tabTo(page, 'Continue');
      await arriveBy(page, () => page.keyboard.press('Enter'));
    };
    await continueWithKeys();
    await page.getByRole('alert').waitFor();
    expect(await page.title()).toMatch(/^Error: /);
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Select what the campaign says',
      'Enter a name for the campaign',
    ]);
    expect(await violations(page)).toEqual([]);
    await tabTo(page, 'Enter a name for the campaign');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Sign-in change and September cutoff');
    await page.locator('input[name=kind]').first().focus();
    await page.keyboard.press('Space');
    await continueWithKeys();
    expect(await heading()).toContain('Who it is for');
    await tabTo(page, 'Everybody in England whom the message concerns');
    await page.keyboard.press('Space');
    await continueWithKeys();
    expect(await heading()).toContain('When it leaves');
    await tabTo(page, 'September 2026');
    await page.keyboard.press('Space');
    await tabTo(page, 'As soon as it is approved and scheduled');
    await page.keyboard.press('Space');
    await continueWithKeys();
    expect(await heading()).toContain('Check your answers');
    expect(await violations(page)).toEqual([]);
    await tabTo(page, 'Save the draft');
    await arriveBy(page, () => page.keyboard.press('Enter'));
    await page.getByText('The campaign is saved as a draft').waitFor();
    expect(await heading()).toBe('Sign-in change and September cutoff');
  });

  it('plans it, previews it for anybody in it, sends a test to oneself and submits it', async () => {
    await press('Make the plan');
    await page.getByText('The plan is made').waitFor();
    const campaign = page.url().split('?')[0] ?? '';
    expect(await page.locator('main').innerText()).toMatch(/\d+\s*emails will be sent/);
    await follow(page, page.getByRole('link', { name: 'What each group gets, side by side' }));
    expect(await page.locator('iframe').count()).toBeGreaterThan(4);
    expect(await violations(page)).toEqual([]);
    await page.goto(`${campaign}/people?find=A8`);
    await follow(page, page.getByRole('link', { name: /^Preview/ }).first());
    expect(await page.locator('iframe').first().contentFrame().locator('body').innerText()).toContain(
      '18 September 2026',
    );
    const preview = page.url();
    await page.getByLabel('Your email address').fill('nobody');
    await press('Send 1 test email now');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Enter an email address in the correct format, like name@example.com',
    ]);
    await page.getByLabel('Your email address').fill('me@example.com');
    const db = connect(console.environment['DATABASE_URL'] ?? '', 1);
    await withoutAudit(db, () => press('Send 1 test email now'));
    const { rows } = await sql`select from dispatch where purpose like 'test:%'`.execute(db);
    await db.destroy();
    expect(rows).toEqual([]);
    await page.goto(preview);
    await page.getByLabel('Your email address').fill('me@example.com');
    await press('Send 1 test email now');
    await page.getByText('The test email is on its way').waitFor();
    expect(await violations(page)).toEqual([]);
    await eventually(
      async () => (await console.app.get(CaptureInbox).search({ to: 'me@example.com', limit: 1 })).items.length === 1,
    );
    await page.goto(campaign);
    await press('Submit for approval');
    await page.getByText('Somebody else has to approve it before it can be sent').waitFor();
    expect(await page.getByRole('button', { name: /^Approve/ }).count()).toBe(0);
  });

  it('sends what a colleague approved, and the button says to how many people and when', async () => {
    const id = (page.url().split('?')[0] ?? '').split('/').at(-1) ?? '';
    const campaigns = console.app.get(CampaignService);
    const { hash, summary } = await planOf(console, id);
    await campaigns.approve(id, hash, colleague('approver'));
    const letGo = await holdMail(console);
    await page.goto(`/campaigns/${id}`);
    await press(`Send ${summary.recipients} emails to ${summary.people} people now`);
    await page.getByText('Scheduled. It leaves at the time shown below').waitFor();
    // The service's own schedule may be at it at the same moment, and then this round finds nothing to do.
    await console.app.get(CampaignTicker).run();
    await eventually(async () => (await campaigns.get(id)).state === 'sending');
    await page.goto(`/campaigns/${id}`);
    await press('Pause sending');
    await page.getByText('Nothing more leaves until somebody resumes it').waitFor();
    await press(/^Resume sending [1-9][\d,]* emails? now$/);
    await letGo();
    await eventually(async () => {
      await console.app.get(Reconciler).reconcile();
      return console.app.get(Ledger).isFinished({ campaignId: id });
    });
    await page.goto(`/campaigns/${id}`);
    expect(await page.locator('main').innerText()).toContain(
      `${summary.recipients} of ${summary.recipients} messages are done`,
    );
    expect(await violations(page)).toEqual([]);
    await follow(page, page.getByRole('link', { name: 'Progress by region' }));
    expect(await violations(page)).toEqual([]);
    await page.goto(`/campaigns/${id}/messages?state=accepted`);
    expect(await violations(page)).toEqual([]);
    await follow(page, page.locator('tbody a').first());
    expect(await page.frameLocator('iframe').locator('body').innerText()).toContain('18 September 2026');
    expect(await page.locator('main').innerText()).toContain('Sign-in group at the time');
    expect(await violations(page)).toEqual([]);
  });

  it('lets another person approve, or send back with comments that the author sees', async () => {
    const campaigns = console.app.get(CampaignService);
    const author = colleague('author');
    const { id } = await campaigns.create(
      { name: 'Please pass it on', kind: 'cascade-request', windowId: console.windowId },
      author,
    );
    await campaigns.plan(id);
    await campaigns.submit(id, author);
    await page.goto(`/campaigns/${id}`);
    await press('Send back');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual(['Enter what has to change']);
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('What has to change').fill('Name the region');
    await press('Send back');
    await page.getByText('Sent back to its author with your comments').waitFor();
    const sentBack = page.locator('.nhsuk-inset-text', { hasText: 'Sent back by Local administrator' });
    expect(await sentBack.innerText()).toContain('Name the region');
    await campaigns.submit(id, author);
    await page.goto(`/campaigns/${id}`);
    expect(await sentBack.count()).toBe(0);
    expect(await page.locator('main').innerText()).toMatch(
      /Whoever starts it then presses “Send \d+ emails to \d+ people now”/,
    );
    await press(/^Approve \d+ emails to \d+ people$/);
    await page.getByText('It can be scheduled now').waitFor();
  });

  it('shows no button that somebody may not press, and refuses them all the same', async () => {
    const { key } = await console.app
      .get(ApiKeys)
      .create({ name: 'reader', permissions: ['campaign:read'], expiresInDays: 1 }, { ...colleague('admin') });
    const [campaign] = await console.app.get(CampaignService).list({ limit: 1 });
    const headers = { Authorization: `Bearer ${key}`, Accept: 'text/html' };
    const path = `${console.address}/campaigns/${campaign?.id ?? ''}`;
    const html = await (await fetch(path, { headers })).text();
    expect(html).toContain('Please pass it on');
    expect(html).not.toContain('<form method="post" action="/campaigns');
    const refused = await fetch(`${path}/schedule`, { method: 'POST', headers });
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('nhsuk-header');
  });

  it('finds a person, and says why they are in their group and all that they were sent', async () => {
    await page.goto('/people');
    expect(await violations(page)).toEqual([]);
    await page.goto('/people/worklists/mismatched');
    expect(await violations(page)).toEqual([]);
    const name = await page.locator('tbody a[href^="/people/"]').first().innerText();
    await page.goto('/people');
    await page.getByLabel('Name, email address, account or practice').fill(name);
    await press('Find');
    expect(await violations(page)).toEqual([]);
    await follow(page, page.getByRole('link', { name }).first());
    const text = await page.locator('main').innerText();
    expect(text).toContain('Wrong address registered');
    expect(text).toContain('What is known:');
    expect(text).toContain('Sign-in change and cutoff');
    expect(await violations(page)).toEqual([]);
    const csv = await page.request.get('/people/worklists/invalid/export.csv');
    expect(csv.headers()['content-type']).toContain('text/csv');
    expect(csv.headers()['content-disposition']).toBe('attachment; filename="worklist-invalid.csv"');
    expect(await csv.text()).toContain('Account,First name');
  });

  it('finds people and practices however their apostrophes, accents and dots are typed', async () => {
    const db = connect(console.environment['DATABASE_URL'] ?? '', 1);
    await sql`update account set first_name = 'SIÂN', last_name = 'O’Brien-Núñez', email = 'd''arcy@nhs.net'
      where id = (select min(id) from account)`.execute(db);
    const { rows } = await sql<{ id: string; practice: string }>`
      select a.id, m.organisation_code as practice from account a join membership m on m.account_id = a.id
      order by a.id limit 1`.execute(db);
    const { id, practice } = rows[0]!;
    await sql`update organisation set name = 'ST. MARY''S SURGERY' where code = ${practice}`.execute(db);
    const found = async (find: string) => {
      await page.goto(`/people?${new URLSearchParams({ find }).toString()}`);
      return page.locator('main').innerText();
    };
    for (const find of ["sian o'brien", 'Siân O‘Brien', 'Sia\u0302n OBRIEN', 'nunez', 'd’arcy@nhs.net', 'DARCY']) {
      expect(await found(find)).toContain(id);
    }
    expect(await found('no-such@nhs.net')).toContain('Only the addresses that accounts have now are looked through');
    for (const find of ["St Mary's", 'st. mary’s', 'st marys']) expect(await found(find)).toContain(practice);
    await db.destroy();
  });

  it('says of a person what keeps email from them, and lifts it', async () => {
    const optOuts = console.app.get(OptOutService);
    const [campaign] = await console.app.get(CampaignService).list({ states: ['finished', 'sending'], limit: 1 });
    const [message] = await console.app.get(Ledger).messages({ campaignId: campaign!.id, limit: 1 });
    const address = message!.address!;
    await console.app
      .get(SuppressionDesk)
      .add({ address, reason: 'asked-not-to', expiresAt: null }, colleague('operator'));
    await optOuts.unsubscribe(unsubscribeToken(message!.id, console.environment['SECRET']!));
    await page.goto('/people');
    await page.getByLabel('Name, email address, account or practice').fill(address);
    await press('Find');
    await follow(page, page.locator('tbody a[href^="/people/"]').first());
    expect(await page.locator('main').innerText()).toMatch(/Blocked: .*\n?.*the person asked for none/s);
    expect(await violations(page)).toEqual([]);
    await press('Let email reach this address again');
    await page.getByText('The address can be written to again').waitFor();
    expect(await page.locator('main').innerText()).not.toContain('Email to it');
    expect((await optOuts.optedOut([address])).size).toBe(0);
    expect(await console.app.get(SuppressionList).isSuppressed(address)).toBe(false);
  });

  it('says of a practice whether it can be paid, who may declare, and what it was told', async () => {
    await page.goto('/practices?show=at-risk');
    expect(await violations(page)).toEqual([]);
    await follow(page, page.locator('tbody a').first());
    const text = await page.locator('main').innerText();
    expect(text).toContain('Nobody who may declare can sign in after the change');
    expect(text).toContain('Declarations');
    expect(text).toContain('What it was told');
    expect(await violations(page)).toEqual([]);
  });

  it('sets a window and moves its cutoff, with the reminders on a calendar', async () => {
    await page.goto('/windows/new');
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Name').fill('October 2026');
    const give = async (name: string, day: string, month: string) => {
      await page.locator(`#${name}-day`).fill(day);
      await page.locator(`#${name}-month`).fill(month);
      await page.locator(`#${name}-year`).fill('2026');
    };
    await give('cutoff', '30', '2');
    await give('reopening', '21', '10');
    await give('pcse', '26', '10');
    await press('Save the window');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'The cutoff: enter a real date with its year, and a time like 12:00',
    ]);
    await give('cutoff', '16', '10');
    await press('Save the window');
    await page.getByText('The window is saved').waitFor();
    expect(await page.locator('.app-calendar').innerText()).toContain('Cutoff, midday');
    expect(await violations(page)).toEqual([]);
    const move = page.getByRole('button', { name: 'Move the dates' });
    await follow(page, move.or(page.getByRole('link', { name: 'Move the dates' })));
    await page.locator('#cutoff-day').fill('15');
    await press('Continue');
    expect(await page.locator('main').innerText()).toContain('Nobody was told other dates by email');
    await press('Move the dates');
    await page.getByText('The new dates are saved').waitFor();
    expect(await page.locator('main').innerText()).toContain('Before midday on Thursday 15 October 2026 (London time)');
    await page.goto('/windows');
    expect(await violations(page)).toEqual([]);
  });

  it('copies a campaign for another window', async () => {
    const november = { name: 'November 2026', cutoff: '2026-11-20T12:00', reopening: '2026-11-25T08:00' };
    const others = { pcse: '2026-11-30T08:00', signInChange: '2026-11-25T08:00' };
    await console.app.get(DeadlinesService).createWindow({ ...november, ...others }, 'person:test');
    const [campaign] = await console.app.get(CampaignService).list({ states: ['finished', 'sending'], limit: 1 });
    await page.goto(`/campaigns/${campaign?.id ?? ''}`);
    await page.getByText('Copy this campaign for another window').click();
    // October changes nothing about signing in, which is what this campaign tells.
    expect(await page.getByLabel('Window').innerText()).toBe(
      'November 2026, cutoff midday on Friday 20 November 2026 (London time)',
    );
    expect(await violations(page)).toEqual([]);
    await press('Draft the copy');
    await page.getByText('The copy is saved as a draft').waitFor();
    expect(await page.locator('h1').innerText()).toContain('(November 2026)');
  });

  it('checks a file, shows its bad rows, and imports the mended one', async () => {
    const good = await readFile(join(FIXTURES, 'demo-small', 'declarations-2.csv'), 'utf8');
    const bad = good.replace(/\n[^,]+,/, '\nnot a code,');
    await page.goto('/imports');
    expect(await violations(page)).toEqual([]);
    const upload = async (text: string) => {
      await page.getByLabel('Declaration status').check();
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'status.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
      await press('Check the file');
    };
    await upload(bad);
    expect(await page.locator('main').innerText()).toContain('The file cannot be imported');
    expect(await page.locator('tbody').innerText()).toContain('ODS code');
    expect(await violations(page)).toEqual([]);
    await page.goto('/imports');
    await upload(good);
    expect(await violations(page)).toEqual([]);
    await press(/^Import: /);
    await page.getByText('Imported.').waitFor();
    await upload(good);
    await press('Import it all the same');
    await page.getByText('The file held nothing new.').waitFor();
  });

  it('asks again before it takes in a file that gives everybody the name of somebody else', async () => {
    const lines = (await readFile(join(FIXTURES, 'demo-small', 'accounts.csv'), 'utf8')).trim().split('\n');
    const [header, ...rows] = lines.map((line) => line.split(','));
    // Rows of one account have one name: each gets the name of the account that stands twenty accounts below.
    const names = new Map(rows.map(([id, first, last]) => [id, [first, last]]));
    const others = new Map([...names.keys()].map((id, i, ids) => [id, names.get(ids[(i + 20) % ids.length])]));
    const mixed = rows.map(([id, , , ...rest]) => [id, ...(others.get(id) ?? []), ...rest]);
    await page.goto('/imports');
    await page.getByLabel('CQRS accounts').check();
    const file = { name: 'accounts.csv', mimeType: 'text/csv' };
    const buffer = Buffer.from([header, ...mixed].join('\n'));
    await page.locator('input[type=file]').setInputFiles({ ...file, buffer });
    await press('Check the file');
    expect(await violations(page)).toEqual([]);
    await press(/^Import: /);
    expect(await page.locator('.nhsuk-error-summary').innerText()).toContain('If the file is right, say so');
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Import it although so many').check();
    await press(/^Import: /);
    await page.getByText('Imported.').waitFor();
    const [batch] = await console.app.get(DirectoryService).imports(1);
    await console.app.get(ImportUndo).undo(batch!.id, 'system:test');
  });

  it('shows what delivery needs decided, and lifts a block', async () => {
    await console.app.get(SuppressionList).add({
      address: 'testa.sample@example.com',
      reason: 'hard-bounce',
      source: 'report:test',
      expiresAt: null,
    });
    await console.app
      .get(FeedbackService)
      .ingest(await readFile(join(FIXTURES, 'dsn', 'lhost-postfix-10.eml')), { source: 'cli' });
    await page.goto('/delivery');
    expect(await page.locator('main').innerText()).toContain('caught by the service and never leaves it');
    expect(await violations(page)).toEqual([]);
    await page.goto('/delivery/blocks');
    expect(await violations(page)).toEqual([]);
    await press(/^Lift/);
    await page.getByText('The block is lifted').waitFor();
    const [entry] = await console.app.get(AuditTrail).entries({ area: 'suppression', limit: 1 });
    expect(entry).toMatchObject({ details: { lifted: ['report:test'] } });
    expect(JSON.stringify(entry)).not.toContain('@');
    await page.goto('/delivery/returned');
    expect(await violations(page)).toEqual([]);
    await press('It means nothing');
    await page.getByText('Nothing waits for review').waitFor();
    const board = await page.goto('/queues');
    expect(board?.status()).toBe(200);
    await page.getByText('delivery', { exact: false }).first().waitFor();
  });

  it('stops all mail from one page, says so on the others, and lets it go on', async () => {
    await page.goto('/delivery');
    await follow(page, page.getByRole('button', { name: 'Stop all mail' }));
    expect(await violations(page)).toEqual([]);
    await press('Stop all mail now');
    expect(await page.locator('.nhsuk-error-summary').innerText()).toContain('Enter the reason');
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Why it is stopped').fill('The cutoff in the reminder is wrong');
    await press('Stop all mail now');
    await page.getByText('Stopped. It is in the audit trail.').waitFor();
    for (const path of ['/delivery', '/', '/campaigns', '/cascades', '/windows']) {
      await page.goto(path);
      const text = await page.locator('main').innerText();
      expect(text).toContain('All mail is stopped');
      expect(text).toContain('The cutoff in the reminder is wrong');
      expect(await violations(page)).toEqual([]);
    }
    await page.goto('/delivery/stop');
    expect(await page.locator('main').innerText()).toContain('It is stopped already');
    await page.goto('/delivery');
    const mail = console.app.get(MailStop);
    await mail.resume('person:another');
    console.app.get<FixedClock>(Clock).advance(1_000);
    await mail.stop('The link in the notice is wrong', 'person:another');
    await press('Let all mail go on');
    expect(await page.locator('main').innerText()).toContain('All mail was stopped again');
    expect(await mail.standing()).toMatchObject({ reason: 'The link in the notice is wrong' });
    expect(await violations(page)).toEqual([]);
    await page.getByRole('link', { name: 'Go to Delivery' }).click();
    await press('Let all mail go on');
    await page.getByText('Mail goes on.').waitFor();
    await page.goto('/');
    expect(await page.locator('main').innerText()).not.toContain('All mail is stopped');
    const entries = await console.app.get(AuditTrail).entries({ area: 'delivery', limit: 2 });
    expect(entries.map(({ action }) => action)).toEqual(['delivery.resumed', 'delivery.stopped']);
  });

  it('makes a key once, revokes it, and verifies the audit trail', async () => {
    await page.goto('/settings');
    expect(await violations(page)).toEqual([]);
    await page.goto('/settings/people');
    expect(await violations(page)).toEqual([]);
    await page.goto('/settings/keys');
    await press('Create the key');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Enter the name of the program that holds the key',
      'Select what the key may do',
    ]);
    await page.getByLabel('Program that will hold it').fill('The status feed');
    await page.getByLabel('Report who has declared and approved').check();
    await press('Create the key');
    expect(await page.locator('.app-plain-text').innerText()).toMatch(/^cqrs_/);
    expect(await violations(page)).toEqual([]);
    await press('Revoke the key of The status feed');
    await page.getByText('The key is revoked').waitFor();
    await page.goto('/settings/audit');
    await press('Verify the whole trail');
    await page.getByText('The trail is whole').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it('works without scripts and fits 320 pixels', async () => {
    const context = await console.browser.newContext({
      baseURL: console.address,
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
      storageState: await page.context().storageState(),
    });
    const plain = await context.newPage();
    const [campaign] = await console.app.get(CampaignService).list({ states: ['finished', 'sending'], limit: 1 });
    for (const path of [
      '/',
      '/campaigns',
      `/campaigns/${campaign?.id ?? ''}`,
      '/people?find=an',
      '/practices',
      '/windows',
      '/imports',
      '/delivery',
      '/inbox',
      '/settings/audit',
      '/campaigns/new',
    ]) {
      await plain.goto(path);
      expect(await plain.locator('h1').count()).toBe(1);
      const box = await plain.locator('main').boundingBox();
      expect({ path, fits: (box?.x ?? 0) + (box?.width ?? 999) <= 320 }).toEqual({ path, fits: true });
    }
    await plain.goto('/campaigns/new');
    await plain.getByLabel('Reminders before the cutoff').check();
    await plain.getByLabel('Name of the campaign').fill('Reminders');
    await follow(plain, plain.getByRole('button', { name: 'Continue' }));
    expect(await plain.locator('h1').innerText()).toContain('Who it is for');
    await plain.getByLabel('Some regions, practices or commissioners').check();
    await plain.getByLabel('Practices or commissioners', { exact: true }).fill('ZZ991 A84002\nZZ992');
    await follow(plain, plain.getByRole('button', { name: 'Continue' }));
    expect(await plain.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'No imported file names an organisation ZZ991, ZZ992.',
    ]);
    await context.close();
  });
});

async function planOf(console: Console, id: string) {
  const plan = await console.app.get(PlanService).latest(await console.app.get(CampaignService).get(id));
  if (!plan) throw new Error('no plan');
  return plan;
}
