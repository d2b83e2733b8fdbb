// Invents CQRS users for real practices: node scripts/generate-fixtures.mjs --people 30000 --seed 1 --out DIR
// With --subset the folder also gets the ODS rows of just the organisations that were used.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate } from '../test/support/generator/generate.mjs';

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '30000' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
    subset: { type: 'boolean', default: false },
  },
});
const people = Number(values.people);
const seed = Number(values.seed);
if (values.out === undefined || !Number.isInteger(people) || people < 10 || !Number.isInteger(seed)) {
  process.stderr.write(
    'Usage: generate-fixtures.mjs --out DIR [--people NUMBER of at least 10] [--seed NUMBER] [--subset]\n',
  );
  process.exit(2);
}
const ods = join(import.meta.dirname, '../test/fixtures/ods');
const made = await generate({ ods, out: values.out, people, seed });
if (values.subset) await copySubset(values.out, made);
process.stdout.write(
  `${made.accounts} accounts in ${made.practices.length} practices and ${made.commissioners.length} commissioners\n`,
);

async function copySubset(out, { practices, closed, commissioners }) {
  const folder = join(out, 'ods');
  await mkdir(folder, { recursive: true });
  const wanted = new Set([...practices, ...closed, ...commissioners]);
  for (const name of ['epraccur.csv', 'eccg.csv']) {
    const lines = (await readFile(join(ods, name), 'utf8')).split(/\r?\n/);
    const kept = lines.filter((line) => wanted.has(/^"([^"]*)"/.exec(line)?.[1] ?? ''));
    await writeFile(join(folder, name), `${kept.join('\r\n')}\r\n`);
  }
  await writeFile(join(folder, 'icb-names.csv'), await readFile(join(ods, 'icb-names.csv')));
}
