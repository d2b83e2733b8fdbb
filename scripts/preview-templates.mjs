// Writes every template with its sample to var/templates: HTML, plain text, an index page, and screenshots at phone and
// desktop width, light and dark, when there is a Chromium. Needs a build: `npm run templates` makes one.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
const out = join(root, 'var', 'templates');
await import('reflect-metadata');
const { DEFAULT_TEMPLATES_DIR, TemplateCatalogue } = await import('../dist/rendering/index.js');

const catalogue = new TemplateCatalogue(DEFAULT_TEMPLATES_DIR);
await catalogue.load();
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
for (const name of catalogue.names()) {
  const template = catalogue.get(name);
  const { subject, html, text } = template.render(template.sample);
  await writeFile(join(out, `${name}.html`), html);
  await writeFile(join(out, `${name}.txt`), `Subject: ${subject}\n\n${text}`);
}

const SHOTS = [
  { suffix: 'phone', width: 375, colorScheme: 'light' },
  { suffix: 'desktop', width: 1024, colorScheme: 'light' },
  { suffix: 'phone-dark', width: 375, colorScheme: 'dark' },
  { suffix: 'desktop-dark', width: 1024, colorScheme: 'dark' },
];
const reason = await takeShots();
await writeFile(join(out, 'index.html'), indexPage(reason === undefined));
console.log(`${catalogue.names().length} templates written to ${out} (open index.html)`);
if (reason) console.error(`NO SCREENSHOTS: ${reason}`);

/** Gives the reason when no screenshot could be taken. */
async function takeShots() {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) return `there is no Chromium at ${executablePath}; set CHROMIUM_PATH`;
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    for (const { suffix, width, colorScheme } of SHOTS) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      for (const name of catalogue.names()) {
        await page.goto(pathToFileURL(join(out, `${name}.html`)).href);
        await page.screenshot({ path: join(out, `${name}.${suffix}.png`), fullPage: true });
      }
      await page.close();
    }
  } finally {
    await browser.close();
  }
  return undefined;
}

function indexPage(withShots) {
  const rows = catalogue.names().map((name) => {
    const { title, purpose, kind, version } = catalogue.get(name);
    const shots = withShots
      ? SHOTS.map(
          ({ suffix }) =>
            `<a href="${name}.${suffix}.png"><img src="${name}.${suffix}.png" alt="${title}, ${suffix}"></a>`,
        )
      : [];
    return `<section><h2>${title}</h2><p>${purpose}</p>
<p><a href="${name}.html">${name}, HTML</a> · <a href="${name}.txt">${name}, plain text</a> · ${kind} · version ${version.slice(0, 12)}</p>
<div>${shots.join('')}</div></section>`;
  });
  return `<!doctype html><html lang="en-GB"><meta charset="utf-8"><title>Email templates</title>
<style>body{font-family:Arial,sans-serif;margin:2rem}img{height:320px;border:1px solid #aeb7bd;margin-right:8px}</style>
<h1>Email templates</h1>
${rows.join('\n')}
</html>
`;
}
