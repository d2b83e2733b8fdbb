import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { child, compare, figure, finished, ROOT } from './harness.mjs';
import { FIXTURES } from './service.mjs';

const BASELINE = 'csv-parse alone';
const MILLION = 1_000_000;
/** Megabytes (10^6 bytes) that the importing process may hold at its peak, whatever the size of the file. */
const MEMORY_GOAL = 400;

/** How fast the CQRS export is read, checked, compared and written, and how much memory that takes. */
export async function importing({ quick, cleanUp, say }) {
  const files = [{ label: '30k', path: join(FIXTURES, 'demo', 'accounts.csv'), rounds: quick ? 1 : 3 }];
  if (!quick) files.push({ label: '1M', path: await millionAccounts(cleanUp, say), rounds: 1 });
  const rows = [];
  const memory = [];
  const facts = {};
  for (const { label, path, rounds } of files) {
    const peaks = { [BASELINE]: 0, import: 0 };
    let before = 0;
    const measure = (program) => async () => {
      const dataDir = program === 'import' ? await cleanUp.folder('import') : undefined;
      const result = await child(program, { path, dataDir });
      const name = program === 'import' ? 'import' : BASELINE;
      peaks[name] = Math.max(peaks[name], result.peakBytes);
      before = Math.max(before, result.peakBefore ?? 0);
      return { count: result.rows, seconds: result.seconds };
    };
    const compared = await compare({
      rounds,
      unit: 'rows/s',
      baselines: [BASELINE],
      contenders: [
        { name: BASELINE, run: measure('read-csv') },
        { name: 'import', run: measure('import') },
      ],
      say,
    });
    rows.push(...compared.map((row) => ({ ...row, name: `${row.name}, ${label}` })));
    const { size } = await stat(path);
    const peak = peaks.import / 1e6;
    memory.push([
      label,
      figure(size / 1e6),
      figure(peaks[BASELINE] / 1e6),
      figure(before / 1e6),
      figure(peak),
      `< ${MEMORY_GOAL}`,
    ]);
    facts[label] = { fileBytes: size, peakBytes: peaks, peakBefore: before };
  }
  return {
    title: 'Import',
    rows,
    tables: [
      {
        title: 'Peak memory of the process, MB',
        headers: ['file', 'size', BASELINE, 'service after the ODS import', 'after the accounts', 'goal'],
        rows: memory,
      },
    ],
    facts,
    notes: [
      'Each run is a process of its own with a database of its own that holds the ODS extract and no account yet: a first import, the dearest. Peak memory is the process’s maximum resident set; PostgreSQL is not in it.',
      `Baseline "${BASELINE}": the parser that the importer uses, with its options, reading the same file and doing nothing with the rows.`,
      ...(quick ? ['The file of 1,000,000 accounts is left out by --quick.'] : []),
    ],
  };
}

async function millionAccounts(cleanUp, say) {
  const out = await cleanUp.folder('million');
  say(`generating ${MILLION.toLocaleString('en-GB')} accounts`);
  await finished(process.execPath, [
    join(ROOT, 'scripts', 'generate-fixtures.mjs'),
    ...['--people', String(MILLION), '--seed', '3', '--out', out],
  ]);
  return join(out, 'accounts.csv');
}
