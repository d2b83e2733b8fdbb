import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyReport } from './classify-report.js';

const folder = join(import.meta.dirname, '../../test/fixtures/dsn');
const outcome: Record<string, string> = { 'delivery-success': 'delivered', mixed: 'hard' };
const rows = readFileSync(join(folder, 'labels.csv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [file = '', label = '', count = '', reasons = '', , , hard = ''] = line.split(',');
    return {
      file,
      label,
      count: Number(count),
      reasons: reasons.split('|'),
      hard: hard.split('|').map((each) => each === 'true'),
    };
  });

it('score', async () => {
  let right = 0;
  let reasonsRight = 0;
  const out: string[] = [];
  for (const row of rows) {
    const got = await classifyReport(readFileSync(join(folder, row.file)));
    const kinds = got.recipients.map((r) => r.kind === 'hard');
    const ok =
      got.kind === (outcome[row.label] ?? row.label) &&
      (row.count === 0 ? true : JSON.stringify(kinds) === JSON.stringify(row.hard));
    const reasons = got.recipients.map((r) => r.reason);
    const rok = row.count === 0 ? got.recipients.length === 0 : JSON.stringify(reasons) === JSON.stringify(row.reasons);
    if (ok) right++;
    if (rok) reasonsRight++;
    if (!ok || !rok)
      out.push(
        `${ok ? 'reason ' : 'WRONG  '} ${row.file} ${row.label} ${row.reasons.join('|')} got ${got.kind} ${got.recipients.map((r) => `${r.address} ${r.kind} ${r.reason} ${r.status} [${r.diagnostic.slice(0, 120)}]`).join(' | ')}`,
      );
  }
  process.stdout.write(`${right}/${rows.length} outcomes ${reasonsRight} reasons\n${out.join('\n')}\n`);
});
