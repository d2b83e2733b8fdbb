import { type Page } from 'playwright-core';
import { AuditTrail, OneTimeLink, People } from '../../src/access/index.js';
import { DirectoryService } from '../../src/directory/index.js';
import { CONFIG, type Config } from '../../src/platform/config/index.js';
import { TemplateCatalogue } from '../../src/rendering/index.js';
import { inBrowser } from '../support/chromium.js';
import { colleague, type Console, faults, follow, openConsole } from './console.support.js';

inBrowser('the settings, imports and sign-in pages', () => {
  let console: Console;
  let page: Page;
  beforeAll(async () => {
    console = await openConsole();
    page = console.page;
  });
  afterAll(async () => {
    await console[Symbol.asyncDispose]();
  });

  const press = (name: string | RegExp) => follow(page, page.getByRole('button', { name }));
  const text = () => page.locator('main').innerText();
  const somebody = (name: string) =>
    console.app.get(People).signedIn({
      ...{ issuer: 'https://sign-in.example.test', subject: name, displayName: name },
      ...{ roles: undefined, region: undefined, isAdmin: false, address: undefined },
    });
  const lastEntry = async () => (await console.app.get(AuditTrail).entries({ limit: 1 }))[0];

  it('gives roles and a region, closes access, and writes down who did it', async () => {
    const { id } = await somebody('Testa Sample');
    await page.goto('/settings/people?find=sample');
    expect(await text()).toContain('None: may do nothing');
    await follow(page, page.getByRole('link', { name: 'Testa Sample' }));
    await page.getByLabel('Author: drafts campaigns').check();
    await page.getByLabel('Region').selectOption('Y62');
    await press('Save the changes');
    await page.getByText('The changes are saved').waitFor();
    expect(await faults(page)).toEqual([]);
    expect(await lastEntry()).toMatchObject({
      action: 'person.changed',
      subject: `person:${id}`,
      details: { roles: ['author'], region: 'Y62', active: true },
    });
    await page.getByLabel('Closed').check();
    await press('Save the changes');
    await page.getByText('The changes are saved').waitFor();
    await expect(somebody('Testa Sample')).rejects.toMatchObject({ code: 'access-closed' });
    await page.goto('/settings/people');
    expect(await text()).toContain('Access closed');
    expect(await faults(page)).toEqual([]);
  });

  it('lets nobody change their own access, nor take away the last administrator', async () => {
    await page.goto('/settings/people');
    await follow(page, page.getByRole('link', { name: 'Local administrator' }));
    expect(await text()).toContain('Nobody changes their own access');
    expect(await page.getByRole('button', { name: 'Save the changes' }).count()).toBe(0);
    const people = console.app.get(People);
    const [admin] = await people.list(colleague('admin'), undefined, 1, 'Local');
    const { id = '', version = 0 } = admin ?? {};
    for (const change of [
      { roles: ['viewer' as const], region: null },
      { roles: ['admin' as const], region: null, active: false },
    ]) {
      await expect(people.change(id, version, change, colleague('admin'))).rejects.toMatchObject({
        code: 'last-administrator',
      });
    }
  });

  it('adds a webhook after checking its address, tries it, changes its secret and removes it', async () => {
    await page.goto('/settings/webhooks');
    await press('Check the address and add it');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Enter a whole address that begins with https://',
      'Select what the program is to be told',
    ]);
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('Program that is told').fill('The CQRS platform');
    await page.getByLabel('A campaign was drafted').check();
    await page.getByLabel('Its address').fill('https://10.1.2.3/hooks');
    await press('Check the address and add it');
    await page.getByText('This address cannot be used').first().waitFor();
    // Public, and nothing of ours: what is sent there fails, and the page says so.
    await page.getByLabel('Its address').fill('https://192.31.196.1/hooks');
    await press('Check the address and add it');
    const secret = await page.locator('[data-copy]').innerText();
    expect(secret).toMatch(/^whsec_/);
    expect(await faults(page)).toEqual([]);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: `Copy ${secret}` }).click();
    await page
      .getByRole('status')
      .filter({ hasText: /^Copied$/ })
      .waitFor({ state: 'attached' });
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(secret);
    await press('Make a new signing secret');
    expect(await page.locator('[data-copy]').innerText()).not.toBe(secret);
    await press('Send a test event');
    await page.getByText('A test event is on its way').waitFor();
    expect(await text()).toContain('webhook.test');
    expect(await faults(page)).toEqual([]);
    await press('Switch it off');
    await page.getByText('The webhook is off').waitFor();
    expect(await text()).toContain('Given up');
    await press('Switch it on');
    await page.getByText('The webhook is on again').waitFor();
    await press('Deliver again event');
    await page.getByText('It will be delivered once more').waitFor();
    await press('Remove it and its log');
    await page.getByText('The webhook is removed').waitFor();
    expect(await text()).toContain('No program is told anything');
  });

  it('says how long data is kept, and what the purge of a day would take out', async () => {
    await page.goto('/settings/retention');
    expect(await text()).toContain('3:15am on Tuesday 8 September 2026 (London time)');
    await page.getByLabel('Day', { exact: true }).fill('31');
    await page.getByLabel('Month').fill('2');
    await page.getByLabel('Year').fill('2028');
    await press('Count');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual(['Enter a real date, like 27 3 2027']);
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('Month').fill('3');
    await press('Count');
    expect(await text()).toContain('This was only counted: nothing is taken out before its time');
    expect(await faults(page)).toEqual([]);
  });

  it('finds entries of the trail by who and what, proves it whole, and keeps regions apart', async () => {
    await page.goto('/settings/audit');
    await page.getByLabel('Who: part of a name').fill('local adm');
    await page.getByLabel('What was done to').selectOption('Webhooks');
    await press('Show');
    const rows = await page.locator('tbody tr').allInnerTexts();
    expect(rows.length).toBeGreaterThan(4);
    expect(rows.every((row) => row.includes('Local administrator') && row.includes('Webhook'))).toBe(true);
    await press('Verify the whole trail');
    await page.getByText('The trail is whole').waitFor();
    expect(await faults(page)).toEqual([]);
    const trail = console.app.get(AuditTrail);
    const local = await trail.entries({ region: 'Y62', limit: 100 });
    expect(local.map(({ action }) => action)).toEqual(expect.arrayContaining(['person.changed', 'person.signed-in']));
    expect(local.some(({ action }) => action.startsWith('webhook'))).toBe(false);
    expect(await trail.entries({ region: 'Y63', limit: 100 })).toEqual([]);
  });

  it('undoes the last import after saying what goes', async () => {
    const directory = console.app.get(DirectoryService);
    const before = await directory.counts();
    expect(before.knownWithoutNhsmail).toBeGreaterThan(0);
    await page.goto('/imports');
    const row = page.getByRole('row', { name: /People without NHSmail/ });
    await follow(page, row.getByRole('link', { name: /^Undo/ }));
    expect(await text()).toContain(`${before.knownWithoutNhsmail}\nwould be removed: it added them`);
    expect(await faults(page)).toEqual([]);
    await press('Undo the import');
    await page.getByText('The import is undone').waitFor();
    expect(await faults(page)).toEqual([]);
    expect(await directory.counts()).toEqual({ ...before, knownWithoutNhsmail: 0 });
  });

  it('shows signing in, signing out and every refusal with the same look, down to 320 pixels', async () => {
    const link = await console.app.get(OneTimeLink).create();
    const visitor = await console.browser.newPage({ baseURL: console.address, viewport: { width: 320, height: 700 } });
    const isSound = async () => {
      expect(await visitor.locator('.nhsuk-header').count()).toBe(1);
      expect(await faults(visitor)).toEqual([]);
      expect(await visitor.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    };
    await visitor.goto('/sign-in');
    expect(await visitor.locator('main').innerText()).toContain('Open the link that the service printed');
    await isSound();
    const environment = jest.replaceProperty(console.app.get<Config>(CONFIG), 'environment', 'production');
    await visitor.goto('/sign-in');
    environment.restore();
    expect(await visitor.locator('main').innerText()).toMatch(/Nobody can sign in yet[^]*OIDC_ISSUER/);
    expect(await visitor.locator('main').innerText()).not.toContain('printed');
    await isSound();
    await visitor.goto(link);
    await isSound();
    await follow(visitor, visitor.getByRole('button', { name: 'Sign in' }));
    await visitor.goto('/nowhere');
    expect(await visitor.locator('h1').innerText()).toBe('Page not found');
    await isSound();
    await visitor.goto(link);
    await follow(visitor, visitor.getByRole('button', { name: 'Sign in' }));
    expect(await visitor.locator('h1').innerText()).toBe('This link does not sign in any more');
    await isSound();
    await visitor.goto('/windows/new');
    const cookies = await visitor.context().cookies();
    await visitor.context().clearCookies();
    await follow(visitor, visitor.getByRole('button', { name: 'Save the window' }));
    expect(await visitor.locator('h1').innerText()).toBe('You are not signed in any more');
    expect(await visitor.locator('main').innerText()).toContain('What you pressed was not done');
    await isSound();
    await visitor.context().addCookies(cookies);
    await visitor.goto('/settings');
    await follow(visitor, visitor.getByRole('button', { name: 'Sign out' }));
    expect(await visitor.locator('h1').innerText()).toBe('You are signed out');
    await isSound();
    await visitor.close();
  });

  it('has no violation on any page of these, nor anything wider than the narrowest screen', async () => {
    const paths = ['/settings', '/settings/keys', '/imports', '/delivery', '/delivery/blocks', '/delivery/returned'];
    for (const path of [
      ...paths,
      '/people',
      '/practices',
      '/practices/Y62',
      '/people?find=an',
      '/inbox',
      '/campaigns/new',
    ]) {
      await page.setViewportSize({ width: 320, height: 900 });
      await page.goto(path);
      for (const width of [320, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        expect([path, width, await faults(page)]).toEqual([path, width, []]);
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect([path, wide <= width]).toEqual([path, true]);
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('renders every email without a violation and within 320 pixels', async () => {
    const catalogue = console.app.get(TemplateCatalogue);
    const reader = await console.browser.newPage({ viewport: { width: 320, height: 700 } });
    for (const name of catalogue.names()) {
      const template = catalogue.get(name);
      await reader.setContent(template.render(template.sample).html);
      const found = (await faults(reader)).filter((fault) => !OF_WHOLE_PAGES.test(fault));
      expect([name, found]).toEqual([name, []]);
      expect([name, await reader.evaluate<number>('document.documentElement.scrollWidth')]).toEqual([name, 320]);
    }
    await reader.close();
  });
});

/** Best practices about the landmarks of a page: an email is shown as an article inside the page of a mail program. */
const OF_WHOLE_PAGES = /^(landmark-one-main|region):/;
