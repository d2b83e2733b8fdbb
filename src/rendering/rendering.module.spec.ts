import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { ConfigModule, loadConfig } from '../platform/config/index.js';
import { lintFile } from './lint.file.js';
import { lintTemplate } from './lint.template.js';
import { RenderingModule } from './rendering.module.js';
import { DEFAULT_TEMPLATES_DIR, TemplateCatalogue } from './template.catalogue.js';

const SETTINGS = { NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!' };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'templates-'));
  for (const name of ['partials', 'correction-notice'])
    await cp(join(DEFAULT_TEMPLATES_DIR, name), join(folder, name), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const body = () => join(folder, 'correction-notice', 'body.txt.hbs');
const moduleOn = (templates: string) =>
  Test.createTestingModule({
    imports: [ConfigModule.with(loadConfig({ ...SETTINGS, TEMPLATES_DIR: templates })), RenderingModule],
  }).compile();

describe('RenderingModule', () => {
  it('has every template ready once it has started', async () => {
    const module = await moduleOn(folder);
    await module.init();
    expect(module.get(TemplateCatalogue).names()).toEqual(['correction-notice']);
    await module.close();
  });

  it('does not start with a broken template, and says which line', async () => {
    await writeFile(body(), 'Hello\n{{person.nickname}}\n');
    const module = await moduleOn(folder);
    await expect(module.init()).rejects.toThrow(
      'Template correction-notice/body.txt.hbs line 2: person.nickname is not a declared placeholder',
    );
  });

  it.each(['empty', 'partials'])('does not start on a folder without templates (%s)', async (name) => {
    const module = await moduleOn(join(folder, name));
    await expect(module.init()).rejects.toThrow(
      'TEMPLATES_DIR: expected a folder with one for each template and one named partials',
    );
  });
});

describe('lintTemplate', () => {
  it('finds nothing in any template of the service, nor with the dates of another round', async () => {
    const catalogue = new TemplateCatalogue(DEFAULT_TEMPLATES_DIR);
    await catalogue.load();
    const window = {
      cutoff: '2027-03-17T17:30',
      reopening: '2027-03-22',
      pcse: '2027-03-25',
      signInChange: '2027-03-22',
    };
    for (const name of catalogue.names()) {
      expect({ name, findings: lintTemplate(catalogue.get(name)) }).toEqual({ name, findings: [] });
      expect({ name, findings: lintTemplate(catalogue.get(name), window) }).toEqual({ name, findings: [] });
    }
  });
});

describe('lintFile', () => {
  const found = async (path: string) => (await lintFile(path)).map(({ rule, line }) => `${line} ${rule}`);

  it('reads a template from its folder or from any of its files', async () => {
    await writeFile(body(), 'Hello {{person.firstName}}\n\nBefore midday on Friday 18 September 2026. [secure]\n');
    const faults = await found(join(folder, 'correction-notice'));
    expect(faults).toContain('3 literal-date');
    expect(faults).toContain('3 secure-tag');
    expect(await found(body())).toEqual(faults);
  });

  it('reports a template that does not compile as a finding with its line', async () => {
    await writeFile(body(), 'Hello\n{{#if link}}\n');
    expect(await found(body())).toEqual([expect.stringMatching(/^\d broken-template$/)]);
  });

  it('finds a date that is written into a shared piece', async () => {
    const piece = join(folder, 'partials', 'footer.txt.hbs');
    await writeFile(piece, 'Kind regards\nBy Friday 18 September 2026\n');
    expect(await found(piece)).toEqual(['2 literal-date']);
    expect(await lintFile(join(folder, 'correction-notice'))).toContainEqual({
      rule: 'literal-date',
      line: 2,
      message: 'partials/footer.txt.hbs: "Friday 18 September 2026" is written into the template: take it from a value',
    });
  });

  it('reads HTML as HTML and any other file as plain text', async () => {
    await writeFile(join(folder, 'a.html'), '<p>By 18 September</p>\n<img src="cid:a">');
    await writeFile(join(folder, 'a.txt'), 'By 18 September\nclick here');
    expect(await found(join(folder, 'a.html'))).toEqual(['1 date-without-year', '2 alt-text']);
    expect(await found(join(folder, 'a.txt'))).toEqual(['1 date-without-year', '2 link-text']);
  });

  it('says when there is nothing to read', async () => {
    await expect(lintFile(join(folder, 'none'))).rejects.toThrow(/There is nothing to read at/);
  });
});
