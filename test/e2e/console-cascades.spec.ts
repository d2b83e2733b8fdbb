import { type Page } from 'playwright-core';
import { CampaignService, CampaignTicker, PlanService } from '../../src/campaigns/index.js';
import { CascadeReports, CascadeService, CascadeTicker } from '../../src/cascades/index.js';
import { Ledger, Reconciler } from '../../src/delivery/index.js';
import { type FixedClock, Clock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { inBrowser } from '../support/chromium.js';
import { colleague, type Console, faults, follow, openConsole, signIn, tabTo } from './console.support.js';

/** The text of a row as it is seen, a tab between two cells. */
const asCells = (row: string) => row.replace(/\s*\t\s*/g, '\t');

inBrowser('cascades, corrections and simulations in the console', () => {
  let console: Console;
  let page: Page;
  let cascadeId: string;
  let drillId: string;
  beforeAll(async () => {
    console = await openConsole();
    page = console.page;
    page.setDefaultTimeout(10_000);
  });
  afterAll(async () => {
    await console[Symbol.asyncDispose]();
  });

  const at = (time: string) => {
    console.app.get<FixedClock>(Clock).moveTo(LondonTime.parse(time).toInstant());
  };
  const main = () => page.locator('main').innerText();
  const press = (name: string | RegExp) => follow(page, page.getByRole('button', { name }).first());
  /** Approved by a colleague, sent, and every message at its end. */
  const send = async (id: string) => {
    const campaigns = console.app.get(CampaignService);
    const plan = await console.app.get(PlanService).latest(await console.app.get(CampaignService).get(id));
    await campaigns.approve(id, plan?.hash ?? '', colleague('approver'));
    await campaigns.schedule(id, colleague('operator'));
    await settle(id);
  };
  const settle = async (id: string) => {
    for (let tries = 0; tries < 300; tries++) {
      await console.app.get(CampaignTicker).run();
      await console.app.get(Reconciler).reconcile();
      if (await console.app.get(Ledger).isFinished({ campaignId: id })) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('The campaign was not sent in time');
  };

  const approvedReminders = async () => {
    const campaigns = console.app.get(CampaignService);
    const { windowId } = console;
    const author = colleague('author');
    const { id } = await campaigns.create(
      { name: 'Reminders to be noticed', kind: 'payment-reminder', windowId },
      author,
    );
    const { hash } = await campaigns.plan(id);
    await campaigns.submit(id, author);
    await page.goto(`/campaigns/${id}`);
    const review = await main();
    expect(review).toMatch(/You agree to exactly this plan: reminders to up to (\d+) people\. .*the first at 9am on/);
    expect(review).toMatch(/Approve reminders to up to \d+ people/);
    expect(review).not.toContain('emails will be sent');
    expect(review).not.toContain('What they are asked to do');
    expect(await faults(page)).toEqual([]);
    await campaigns.approve(id, hash, colleague('approver'));
    await page.goto(`/windows/${windowId}`);
    expect(await main()).toContain('No reminder leaves by itself');
    expect(await main()).toMatch(/yet; this one has been begun: Reminders to be noticed Approved/);
    expect(await main()).not.toContain('Start the reminders');
    expect(await faults(page)).toEqual([]);
    await campaigns.schedule(id, colleague('operator'));
    await page.reload();
    expect(await main()).not.toContain('No reminder leaves by itself');
    return id;
  };

  /** Where the links lead that a region and a commissioner get. */
  const linked = async () => {
    const cascades = console.app.get(CascadeService);
    const [practice] = await console.app.get(CascadeReports).practices(cascadeId, { limit: 1 });
    const organisation = practice?.commissionerCode ?? '';
    const links = await Promise.all([
      cascades.link(cascadeId, 'Y63', 'answer'),
      cascades.link(cascadeId, organisation, 'answer'),
      cascades.link(cascadeId, organisation, 'pack'),
    ]);
    return links.map(({ path }) => path);
  };

  it('says that there is no cascade yet, and how one comes to be', async () => {
    await page.goto('/cascades');
    expect(await main()).toContain('There is no cascade yet');
    expect(await faults(page)).toEqual([]);
  });

  it('starts one from a window with the keyboard alone, and says who gets what before anything is saved', async () => {
    await page.goto(`/windows/${console.windowId}`);
    await tabTo(page, 'Start a cascade with these dates');
    await page.keyboard.press('Enter');
    await page.getByLabel('Name of the campaign').waitFor();
    await tabTo(page, 'Name of the campaign');
    await page.keyboard.type('Please pass it on');
    const go = async (heading: string) => {
      await tabTo(page, 'Continue');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: heading }).waitFor();
    };
    await go('Who it is for');
    await tabTo(page, 'Everybody in England whom the message concerns');
    await page.keyboard.press('Space');
    await go('When it leaves');
    await tabTo(page, 'As soon as it is approved and scheduled');
    await page.keyboard.press('Space');
    await go('Who gets what');
    const text = await main();
    expect(text).toMatch(/7 regions\s+An overview of the commissioners there/);
    expect(text).toMatch(/12 commissioners\s+The list of their practices/);
    expect(text).toMatch(/80 practices\s+Nothing from us/);
    expect(text).toContain('within 20 working hours');
    expect(await faults(page)).toEqual([]);
    await tabTo(page, 'Save the draft');
    await page.keyboard.press('Enter');
    await page.getByText('saved as a draft').waitFor();
    cascadeId = (page.url().split('?')[0] ?? '').split('/').at(-1) ?? '';
    await press('Make the plan');
    await press('Submit for approval');
    await page.getByText('Somebody else has to approve it').first().waitFor();
    expect(await main()).toContain('You then find it under Cascades');
    await send(cascadeId);
    await console.app.get(CascadeTicker).run();
    await page.reload();
    await follow(page, page.getByRole('link', { name: 'How far the cascade has come' }));
    expect(await page.locator('h1').innerText()).toBe('Please pass it on');
    expect(await main()).toContain('Answers are wanted by 9am on Wednesday 9 September 2026 (London time)');
    expect(await faults(page)).toEqual([]);
  });

  it('counts each practice once in the heat table, which says in numbers what its shades show', async () => {
    const cascades = console.app.get(CascadeService);
    const rows = await console.app.get(CascadeReports).coverage(cascadeId);
    const [first] = rows.filter(({ level, practices }) => level === 'commissioner' && practices > 2);
    const code = first?.commissionerCode ?? '';
    await cascades.answer({ cascadeId, organisation: code, answer: 'pass-on', actor: `link:${code}` });
    const [practice] = await cascades.below(cascadeId, { code, kind: 'commissioner' });
    at('2026-09-09T09:00');
    await console.app.get(CascadeTicker).run();
    at('2026-09-10T10:00');
    await signIn(console.app, page);
    await cascades.answer({ cascadeId, organisation: practice?.code ?? '', answer: 'confirm', actor: `link:${code}` });
    await page.goto(`/cascades/${cascadeId}`);
    const sum = await page.locator('.app-heat__total').innerText();
    const passedOn = (first?.practices ?? 0) - 1;
    expect(sum).toContain('1 of 80');
    expect(sum).toContain(`${passedOn} of 80`);
    expect(sum).toContain(`${79 - passedOn} of 80`);
    await page.getByText('Show the numbers as a table').click();
    const curve = page.getByRole('group', { name: 'Practices that the message has reached, by London day' });
    expect((await curve.locator('tbody tr').allInnerTexts()).map(asCells)).toEqual([
      `7 Sept\t${first?.practices ?? 0}\t0`,
      `8 Sept\t${first?.practices ?? 0}\t0`,
      `9 Sept\t${first?.practices ?? 0}\t0`,
      `10 Sept\t${first?.practices ?? 0}\t1`,
    ]);
    expect(await faults(page)).toEqual([]);
    const csv = await (await page.request.get(`/cascades/${cascadeId}/coverage.csv`)).text();
    expect(csv).toContain('England');
    const book = await page.request.get(`/cascades/${cascadeId}/coverage.xlsx`);
    expect((await book.body()).subarray(0, 2).toString()).toBe('PK');
  });

  it('drills down from the country to the steps of one practice', async () => {
    await follow(page, page.locator('.app-heat tbody a').first());
    expect(await page.locator('.nhsuk-caption-l').innerText()).toMatch(/^Region /);
    expect(await faults(page)).toEqual([]);
    await page.goto(`/cascades/${cascadeId}/practices?coverage=confirmed`);
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await faults(page)).toEqual([]);
    await follow(page, page.locator('tbody a').first());
    expect(await main()).toContain('Confirmed: “we know”');
    expect(await faults(page)).toEqual([]);
    await follow(page, page.locator('.nhsuk-breadcrumb__list-item a').last());
    expect(await page.locator('.nhsuk-caption-l').innerText()).toMatch(/^Commissioner /);
    await page.getByLabel('Practices that count as').selectOption('silent');
    await press('Show');
    expect(await main()).toContain('None of its practices counts as that');
    expect(await faults(page)).toEqual([]);
    const proof = page.getByRole('link', { name: /^Proof pack/ });
    const pack = await page.request.get((await proof.getAttribute('href')) ?? '');
    expect(pack.headers()['content-type']).toBe('application/zip');
    await page.goto(`/cascades/${cascadeId}/find?text=surgery`);
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(1);
    expect(await faults(page)).toEqual([]);
  });

  it('nudges one silent organisation and then all others, each at most once a day', async () => {
    await page.goto(`/cascades/${cascadeId}/silent`);
    expect(await faults(page)).toEqual([]);
    // Of these alone: the service's own schedule may take silence further meanwhile.
    const nudged = async () => {
      const dispatches = await console.app.get(Ledger).dispatches(cascadeId);
      const nudges = dispatches.filter(({ purpose }) => purpose.startsWith('nudge:'));
      return nudges.reduce((sum, { planned }) => sum + planned, 0);
    };
    await press(/^Nudge: 2 emails to NHS/);
    await page.getByText('Nudged. Whoever answers').waitFor();
    expect(await nudged()).toBe(2);
    const all = page.getByRole('button', { name: /^Nudge \d+ silent organisations/ });
    const [, emails = ''] = /: (\d+) emails to \d+ people$/.exec(await all.innerText()) ?? [];
    await follow(page, all);
    await page.getByText('Nudged. Whoever answers').waitFor();
    expect(await nudged()).toBe(2 + Number(emails));
    expect(await page.getByRole('button', { name: /^Nudge/ }).count()).toBe(0);
    expect(await main()).toContain('Nudged today');
    expect(await faults(page)).toEqual([]);
    await settle(cascadeId);
  });

  it('writes down what a commissioner said by telephone, and asks why when it declines', async () => {
    await page.goto(`/cascades/${cascadeId}/silent`);
    await follow(page, page.locator('tbody a').first());
    const name = await page.locator('h1').innerText();
    await page.getByText('Write down what they told you').click();
    await page.getByRole('radio', { name: 'It is not theirs' }).check();
    await press('Write it down');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Enter why it is not theirs, so that it can go elsewhere',
    ]);
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('They have it').check();
    await press('Write it down');
    await page.getByText('Their answer is written down').waitFor();
    expect(await main()).toContain('Acknowledged: “we have it”');
    expect(await main()).toContain('Local administrator');
    await page.goto(`/cascades/${cascadeId}/silent`);
    expect(await page.locator('tbody').innerText()).not.toContain(name.split('\n').at(-1) ?? '?');
  });

  it('tells the home page who is silent past the time, and the practice what it was told, with proof', async () => {
    await page.goto('/');
    const task = page.getByRole('link', {
      name: /^Please pass it on: \d+ regions and commissioners have not answered/,
    });
    expect(await task.count()).toBe(1);
    expect(await faults(page)).toEqual([]);
    await page.goto(`/cascades/${cascadeId}/practices?coverage=confirmed`);
    const path = (await page.locator('tbody a').first().getAttribute('href')) ?? '';
    await page.goto(`/practices/${path.split('/').at(-1) ?? ''}`);
    expect(await main()).toContain('Passed on by NHS');
    expect(await main()).toContain('Confirmed: “we know”');
    expect(await faults(page)).toEqual([]);
    const proof = page.getByRole('link', { name: 'Download the proof pack (ZIP) of Please pass it on' });
    const pack = await page.request.get((await proof.getAttribute('href')) ?? '');
    expect((await pack.body()).subarray(0, 2).toString()).toBe('PK');
  });

  it('changes the reminders of a window, and shows when they would leave before they are saved', async () => {
    await page.goto(`/windows/${console.windowId}/reminders`);
    expect(await faults(page)).toEqual([]);
    await page.locator('#number-1').fill('many');
    await press('Show when they leave');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Reminder 2: enter working days from 1 to 60',
    ]);
    expect(await faults(page)).toEqual([]);
    await page.locator('#number-1').fill('4');
    await press('Add another reminder');
    await page.locator('#number-6').fill('3');
    await press('Show when they leave');
    expect(await main()).toContain('9am on Monday 14 September 2026 (London time)');
    expect(await main()).toContain('9am on Tuesday 15 September 2026 (London time)');
    expect(await faults(page)).toEqual([]);
    await press('Save the reminders');
    await page.getByText('The reminders are saved').waitFor();
    expect(await main()).toContain('3 working days before');
  });

  it('says before a cutoff moves who was told the old one, and leads to the correction with both dates', async () => {
    const reminders = await approvedReminders();
    await page.goto(`/windows/${console.windowId}/move`);
    await press('Continue');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual(['Change at least one of the dates']);
    await page.locator('#cutoff-day').fill('17');
    await press('Continue');
    const text = await main();
    const [, told = ''] = /(\d+) people were told other dates by email/.exec(text) ?? [];
    expect(Number(told)).toBeGreaterThan(50);
    expect(text).toMatch(/\d+ cascade steps carried the old dates: 19 regions and commissioners were asked/);
    expect(await faults(page)).toEqual([]);
    await press(`Move the dates and draft a correction to ${told} people`);
    await page.getByText('This is the correction to everybody who was told the old ones').waitFor();
    const old = page.getByRole('group', { name: `What ${told} people were told, and what is right` });
    expect(asCells(await old.locator('tbody tr').first().innerText())).toBe(
      'Cutoff\tmidday on Friday 18 September 2026 (London time)\tmidday on Thursday 17 September 2026 (London time)',
    );
    expect(await faults(page)).toEqual([]);
    await page.goto('/');
    expect(await main()).toContain('Correction: September 2026, version 3 waits to be planned and submitted');
    // Its author is somebody else, and nobody decided that it should not leave.
    const lapsed = page.locator('.app-tasks li', { hasText: 'Reminders to be noticed' });
    expect(await lapsed.innerText()).toBe(
      'Now Reminders to be noticed does not leave: its approval lapsed. Check its plan and submit it again',
    );
    await follow(page, lapsed.getByRole('link'));
    expect(await page.locator('.nhsuk-inset-text').innerText()).toMatch(
      /Its approval lapsed at .*, and nothing of it leaves any more\. Why: the window has changed\./,
    );
    expect(await faults(page)).toEqual([]);
    const campaigns = console.app.get(CampaignService);
    await campaigns.plan(reminders);
    await campaigns.submit(reminders, colleague('author'));
    await page.reload();
    expect(await page.locator('.nhsuk-inset-text').count()).toBe(0);
    await campaigns.cancel(reminders, 'It has been noticed', colleague('operator'));
  });

  it('plays a window through in the background, and shows what would happen when', async () => {
    await page.goto(`/windows/${console.windowId}/simulation`);
    expect(await main()).toContain('This window has not been simulated yet');
    await press('Start the simulation');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Select what people and the mail server do',
    ]);
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('Most act on the first reminder').check();
    await press('Start the simulation');
    await page.getByText(/^Running for \d+ seconds?/).waitFor();
    expect(await faults(page)).toEqual([]);
    const result = page.getByRole('link', { name: 'Show the result' });
    await result.waitFor({ timeout: 240_000 });
    await follow(page, result);
    expect(await main()).toContain('Result: most act on the first reminder');
    await page.getByText('Show the numbers as a table').click();
    const table = page.getByRole('group', { name: 'What happens when, from now' });
    expect(await table.locator('tbody tr').count()).toBeGreaterThan(3);
    expect(await page.locator('.app-chart__disc').count()).toBeGreaterThan(3);
    expect(await faults(page)).toEqual([]);
  }, 300_000);

  it('plays the request of a window through with scripted answers, and shows who would be told when', async () => {
    await page.goto('/cascades');
    await follow(page, page.getByRole('link', { name: 'Simulate the request for September 2026' }));
    expect(await main()).toContain('The request of this window has not been simulated yet');
    await press('Start the simulation');
    expect(await page.locator('.nhsuk-error-summary a').allInnerTexts()).toEqual([
      'Select how commissioners and practices behave',
    ]);
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('Many only acknowledge').check();
    await press('Start the simulation');
    await page.getByText(/^Running for \d+ seconds?/).waitFor();
    const result = page.getByRole('link', { name: 'Show the result' });
    await result.waitFor({ timeout: 240_000 });
    await follow(page, result);
    expect(await main()).toContain('Result: many only acknowledge');
    const days = page.getByRole('table', { name: 'What happens on which day' }).locator('tbody tr');
    const numbers = (await days.allInnerTexts()).map((row) => row.split('\t').slice(1).map(Number));
    const sums = [0, 1, 2, 3, 4, 5].map((i) => numbers.reduce((sum, row) => sum + (row[i] ?? 0), 0));
    const [acknowledged = 0, passedOn = 0, , takenFurther = 0, told = 0, confirmed = 0] = sums;
    expect(Math.min(acknowledged, passedOn, takenFurther, confirmed)).toBeGreaterThan(0);
    const figures = (await page.locator('.app-figure__number').allInnerTexts()).map(Number);
    // Who was told is who has confirmed and who was passed the message without confirming.
    expect(figures.slice(0, 2)).toEqual([confirmed, told - confirmed]);
    expect(await page.locator('.app-chart__line--0').count()).toBeGreaterThan(0);
    expect(await faults(page)).toEqual([]);
  }, 300_000);

  it('starts a rehearsal whose button says how many it writes to, and shows its score', async () => {
    at('2026-09-14T09:00');
    await signIn(console.app, page);
    await page.goto('/cascades');
    await page.getByText('Start a rehearsal').click();
    await press('Continue');
    expect(await page.locator('.nhsuk-error-summary').innerText()).toContain('Enter a name for the rehearsal');
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('Name of the rehearsal').fill('Rehearsal in September');
    await page.getByLabel('The whole of England').check();
    await page.getByLabel('Regions and commissioners', { exact: true }).check();
    await page.getByLabel('How many people at each organisation').fill('1');
    await page.getByLabel('Now, or when').check();
    await press('Continue');
    expect(await main()).toMatch(/Writes to\s+7 regions, 12 commissioners, no practice/);
    expect(await main()).toMatch(/Leaves\s+9am on Monday 14 September 2026/);
    expect(await faults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Change how many people' }).click();
    expect(await page.getByLabel('Name of the rehearsal').inputValue()).toBe('Rehearsal in September');
    await press('Continue');
    await press('Start the rehearsal: 19 emails to ');
    await page.getByText('The rehearsal is planned').waitFor();
    drillId = (page.url().split('?')[0] ?? '').split('/').at(-1) ?? '';
    await settle(drillId);
    await console.app.get(CascadeTicker).run();
    const cascades = console.app.get(CascadeService);
    at('2026-09-14T11:30');
    await signIn(console.app, page);
    await cascades.answer({ cascadeId: drillId, organisation: 'Y63', answer: 'acknowledge', actor: 'link:Y63' });
    await page.goto(`/cascades/${drillId}`);
    const scored = page.getByRole('table', { name: 'How soon the button was pressed' });
    expect(await scored.locator('tbody tr').first().innerText()).toMatch(
      /^Regions\s+7\s+1\s+2\.5 hours\s+2\.5 hours\s+6$/,
    );
    expect(await main()).not.toContain('Ready to be paid');
    expect(await faults(page)).toEqual([]);
  });

  it('has pages behind the links of commissioners and regions that everybody can read', async () => {
    for (const path of await linked()) {
      await page.goto(path);
      expect([path, await faults(page)]).toEqual([path, []]);
      // No program’s time: what it calls 08:30:00.000Z is half past nine in a London September.
      expect([path, (await main()).match(/Made \d{4}-\d\d-\d\dT/)]).toEqual([path, null]);
    }
  });

  it('fits every width, and works without scripts', async () => {
    const paths = [
      ...(await linked()),
      '/cascades',
      '/cascades/drills/new',
      `/cascades/${drillId}`,
      `/cascades/${cascadeId}`,
      `/cascades/${cascadeId}/silent`,
      `/cascades/${cascadeId}/practices`,
      `/windows/${console.windowId}/reminders`,
      `/windows/${console.windowId}/simulation`,
      `/cascades/simulations/${console.windowId}`,
    ];
    for (const width of [320, 1920]) {
      const context = await console.browser.newContext({
        baseURL: console.address,
        javaScriptEnabled: false,
        viewport: { width, height: 700 },
        storageState: await page.context().storageState(),
      });
      const plain = await context.newPage();
      for (const path of paths) {
        await plain.goto(path);
        await plain.locator('h1').waitFor();
        await plain.mouse.wheel(500, 0);
        const box = await plain.locator('main').boundingBox();
        expect({ path, width, fits: (box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 9999) <= width }).toEqual({
          path,
          width,
          fits: true,
        });
      }
      await context.close();
    }
  });

  it('offers, once a cutoff has passed, to tell whoever missed it when the next chance is', async () => {
    at('2026-09-17T12:30');
    await signIn(console.app, page);
    const missed = page.locator('.app-tasks li', { hasText: 'its cutoff has passed' });
    await page.goto('/');
    expect(await missed.innerText()).toMatch(/^Now September 2026: its cutoff has passed, and payments still wait/);
    await follow(page, missed.getByRole('link'));
    expect(await page.getByLabel('Cutoff missed: the next chance').isChecked()).toBe(true);
    const { windowId } = console;
    await page.goto(`/windows/${windowId}`);
    expect(await main()).toContain('Tell whoever missed the cutoff when the next chance is');
    expect(await main()).not.toContain('No reminder leaves by itself');
    const draft = { name: 'The next chance', kind: 'after-cutoff' as const, windowId };
    await console.app.get(CampaignService).create(draft, colleague('author'));
    await page.goto('/');
    expect(await missed.count()).toBe(0);
  });
});
