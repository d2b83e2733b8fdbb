import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compileTemplate } from '../../dist/rendering/template.compiler.js';
import { readSharedSources, readTemplateSources } from '../../dist/rendering/template.sources.js';
import { compare, ROOT } from './harness.mjs';
import { naiveTemplate } from './naive.mjs';

const MJML = 'mjml alone';

/** How long a start takes to compile and check the templates; the naive way pays mjml again for every recipient. */
export async function compile({ quick, say }) {
  const folder = join(ROOT, 'templates');
  const shared = await readSharedSources(join(folder, 'partials'));
  const names = (await readdir(folder)).filter((name) => name !== 'partials');
  const sources = await Promise.all(names.map((name) => readTemplateSources(join(folder, name), name, shared)));
  const compiled = await Promise.all(sources.map(compileTemplate));
  const naive = compiled.map(naiveTemplate);
  const rows = await compare({
    rounds: quick ? 3 : 9,
    unit: 'templates/s',
    baselines: [MJML],
    contenders: [
      {
        name: MJML,
        async run() {
          for (const [i, template] of naive.entries()) await template.compile(compiled[i].sample);
          return naive.length;
        },
      },
      {
        name: 'compileTemplate',
        async run() {
          for (const source of sources) await compileTemplate(source);
          return sources.length;
        },
      },
    ],
    say,
  });
  return {
    title: 'Compile',
    rows,
    notes: [
      `The ${names.length} templates of templates/. compileTemplate checks every expression, takes the HTML that the build has made of the MJML, compiles it and the text both plain and quoted-printable, renders the samples and hashes the version; it runs once a start.`,
      `Baseline "${MJML}": mjml and Handlebars over the same bodies and nothing else; the naive way pays it for every recipient (see Render).`,
    ],
  };
}
