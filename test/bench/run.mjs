// npm run bench -- [--json] [--only name,name] [--quick]
// Exit code 1 when a promise that is no matter of speed is broken.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CleanUp } from './harness.mjs';
import { withDemo } from './service.mjs';
import { asMarkdown, asText, load, machine, tablesOf } from './report.mjs';

const PARTS = [
  'classify',
  'import',
  'compile',
  'render',
  'plan',
  'ledger',
  'send',
  'pace',
  'latency',
  'growth',
  'api',
  'console',
  'bounces',
];

const values = given();
const wanted = values.only === undefined ? PARTS : values.only.split(',').map((name) => name.trim());
const strangers = wanted.filter((name) => !PARTS.includes(name));
if (strangers.length > 0) {
  refuse(`Unknown: ${strangers.join(', ')}. There are: ${PARTS.join(', ')}`);
}

const tell = (line) => process.stderr.write(`${line}\n`);
/** What one part needs, put away behind it, and what the parts share. */
const cleanUp = new CleanUp();
const shared = new CleanUp();
let demoFolder;
/** A data folder with the demo's directory in it, made once. */
const demo = () => (demoFolder ??= withDemo(shared));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    // A service that was half started when the signal came may never answer.
    setTimeout(() => process.exit(130), 20_000).unref();
    void putAway().finally(() => process.exit(130));
  });
}

const putAway = async () => {
  await cleanUp.all();
  await shared.all();
};

const report = {
  machine: machine(),
  mode: values.quick ? 'quick' : 'full',
  startedAt: new Date().toISOString(),
  endedAt: '',
  load: { start: load(), end: [] },
  parts: [],
  warnings: [],
  failures: [],
};
const warn = (warning) => {
  if (report.warnings.includes(warning)) return;
  report.warnings.push(warning);
  tell(`\n*** ${warning} ***\n`);
};

try {
  for (const name of wanted) {
    const { [name === 'import' ? 'importing' : name]: run } = await import(`./${name}.bench.mjs`);
    tell(`\n── ${name} ──`);
    const before = load();
    const started = performance.now();
    const part = await run({ quick: values.quick, cleanUp, demo, warn, say: (line) => tell(`  ${line}`) });
    await cleanUp.all();
    report.parts.push({
      name,
      load: { start: before, end: load() },
      seconds: (performance.now() - started) / 1000,
      ...part,
    });
    report.failures.push(...(part.failures ?? []).map((failure) => `${name}: ${failure}`));
    for (const table of tablesOf(part)) tell(`\n${asText(table)}`);
    for (const note of part.notes ?? []) tell(`· ${note}`);
  }
} finally {
  await putAway();
}
report.endedAt = new Date().toISOString();
report.load.end = load();

if (values.only === undefined) await writeFile(join(import.meta.dirname, 'RESULTS.md'), asMarkdown(report));
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
for (const failure of report.failures) tell(`FAILED ${failure}`);
process.exitCode = report.failures.length > 0 ? 1 : 0;

function given() {
  const options = { json: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(`${error.message}. Expected: npm run bench -- [--json] [--only name,name] [--quick]`);
  }
}

function refuse(why) {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}
