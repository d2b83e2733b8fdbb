import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { classifyReport } from '../../dist/feedback/classify-report.js';
import { compare, ROOT } from './harness.mjs';

const PARSED = 'mailparser';

/** How fast returned messages are understood: a dead domain in a large campaign returns thousands within minutes. */
export async function bounces({ quick, say }) {
  const folder = join(ROOT, 'test', 'fixtures', 'dsn');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.eml'));
  const messages = await Promise.all(files.map((file) => readFile(join(folder, file))));
  const each = (understand) => async () => {
    for (const message of messages) await understand(message);
    return messages.length;
  };
  const rows = await compare({
    rounds: quick ? 5 : 15,
    unit: 'messages/s',
    baselines: [PARSED],
    contenders: [
      { name: PARSED, run: each((message) => simpleParser(message, { skipImageLinks: true })) },
      { name: 'classifyReport', run: each(classifyReport) },
    ],
    say,
  });
  return {
    title: 'Bounces',
    rows,
    notes: [
      `The ${files.length} reports of test/fixtures/dsn. classifyReport reads the parts that it needs and says who was failed and why.`,
      `Baseline "${PARSED}": taking the message apart with the usual library, and judging nothing.`,
    ],
  };
}
