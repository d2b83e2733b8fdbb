import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { htmlOf } from './built.html.js';
import { compileMjml } from './mjml.compiler.js';
import { expandPieces } from './piece.expansion.js';
import { DEFAULT_TEMPLATES_DIR, SHARED_FOLDER } from './template.catalogue.js';
import { readSharedSources, readTemplateSources } from './template.sources.js';

const NAMES = readdirSync(DEFAULT_TEMPLATES_DIR).filter((name) => name !== SHARED_FOLDER);

async function bodyOf(name: string) {
  const shared = await readSharedSources(join(DEFAULT_TEMPLATES_DIR, SHARED_FOLDER));
  return expandPieces(await readTemplateSources(join(DEFAULT_TEMPLATES_DIR, name), name, shared), 'body');
}

it.each(NAMES)('%s: what the build has made is what the compiler makes', async (name) => {
  const body = await bodyOf(name);
  expect(await htmlOf(body)).toBe(await compileMjml(body));
});

it('the build has made the HTML of every template', async () => {
  const built = await readdir(join(import.meta.dirname, '..', '..', 'dist', 'mjml'));
  expect(built.filter((name) => name.endsWith('.html')).length).toBeGreaterThanOrEqual(NAMES.length);
});

it('compiles a body that the build has not seen', async () => {
  const body = await bodyOf('sign-in-nhsmail');
  const changed = { ...body, text: body.text.replace('<mj-body', '<!-- new --><mj-body') };
  expect(await htmlOf(changed)).toBe(await compileMjml(changed));
});
