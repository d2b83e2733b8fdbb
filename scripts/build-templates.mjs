// Compiles the MJML of templates/ into dist/mjml, so that no start of the service has to. The second half of a build.
import 'reflect-metadata';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildHtml } from '../dist/rendering/built.html.js';
import { readSharedSources, readTemplateSources } from '../dist/rendering/template.sources.js';

const folder = join(import.meta.dirname, '..', 'templates');
const names = (await readdir(folder)).filter((name) => name !== 'partials');
for (const name of names) {
  try {
    const shared = await readSharedSources(join(folder, 'partials'));
    await buildHtml(await readTemplateSources(join(folder, name), name, shared));
  } catch (error) {
    // Left out: whoever starts or lints it is told what is wrong with it.
    if (error.code !== 'template-broken') throw error;
  }
}
