import { type Page } from 'playwright-core';
import { CampaignService, CampaignTicker, PlanService } from '../../src/campaigns/index.js';
import { CascadeReports, CascadeService, CascadeTicker } from '../../src/cascades/index.js';
import { Ledger, Reconciler } from '../../src/delivery/index.js';
import { type FixedClock, Clock } from '../../src/shared/clock.js';
import { LondonTime } from '../../src/shared/london-time.js';
import { colleague, type Console, faults, hasChromium, openConsole, signIn, tabTo } from './console.support.js';

const inBrowser = hasChromium ? describe : describe.skip;

inBrowser('cascades and corrections in the console', () => {
  let console: Console;
  let page: Page;
  let cascadeId: string;
  beforeAll(async () => {
    console = await openConsole();
    page = console.page;
    page.setDefaultTimeout(10_000);
  }, 120_000);
  afterAll(async () => {
    await console[Symbol.asyncDispose]();
  });

  const at = (time: string) => {
    console.app.get<FixedClock>(Clock).moveTo(LondonTime.parse(time).toInstant());
  };
  const main = () => page.locator('main').innerText();
  const press = (name: string | RegExp) => page.getByRole('button', { name }).first().click();
  /** Approved by a colleague, sent, and every message at its end. */
  const send = async (id: string) => {
    const campaigns = console.app.get(CampaignService);
    const plan = await console.app.get(PlanService).latest(id);
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
    await page.getByRole('link', { name: 'How far the cascade has come' }).click();
    expect(await page.locator('h1').innerText()).toBe('Please pass it on');
    expect(await main()).toContain('Answers are wanted by 9am on Wednesday 9 September 2026 (London time)');
    expect(await faults(page)).toEqual([]);
  }, 60_000);

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
    const curve = page.getByRole('region', { name: 'Practices that the message has reached, by London day' });
    expect(await curve.locator('tbody tr').allInnerTexts()).toEqual([
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
  }, 60_000);

  it('drills down from the country to the steps of one practice', async () => {
    await page.locator('.app-heat tbody a').first().click();
    expect(await page.locator('.nhsuk-caption-l').innerText()).toMatch(/^Region /);
    expect(await faults(page)).toEqual([]);
    await page.goto(`/cascades/${cascadeId}/practices?coverage=confirmed`);
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await faults(page)).toEqual([]);
    await page.locator('tbody a').first().click();
    expect(await main()).toContain('Confirmed: “we know”');
    expect(await faults(page)).toEqual([]);
    await page.locator('.nhsuk-breadcrumb__list-item a').last().click();
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
    const before = (await console.app.get(Ledger).progress({ campaignId: cascadeId })).planned;
    await press(/^Nudge: 2 e-mails to NHS/);
    await page.getByText('Nudged. Whoever answers').waitFor();
    expect((await console.app.get(Ledger).progress({ campaignId: cascadeId })).planned).toBe(before + 2);
    const all = page.getByRole('button', { name: /^Nudge \d+ silent organisations/ });
    const [, emails = ''] = /: (\d+) e-mails to \d+ people$/.exec(await all.innerText()) ?? [];
    await all.click();
    await page.getByText('Nudged. Whoever answers').waitFor();
    expect((await console.app.get(Ledger).progress({ campaignId: cascadeId })).planned).toBe(
      before + 2 + Number(emails),
    );
    expect(await page.getByRole('button', { name: /^Nudge/ }).count()).toBe(0);
    expect(await main()).toContain('Nudged today');
    expect(await faults(page)).toEqual([]);
    await settle(cascadeId);
  }, 60_000);

  it('writes down what a commissioner said by telephone, and asks why when it declines', async () => {
    await page.goto(`/cascades/${cascadeId}/silent`);
    await page.locator('tbody a').first().click();
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

  it('fits every width, and works without scripts', async () => {
    const paths = [
      '/cascades',
      `/cascades/${cascadeId}`,
      `/cascades/${cascadeId}/silent`,
      `/cascades/${cascadeId}/practices`,
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
});
