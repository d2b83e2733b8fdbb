import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyReport } from './classify-report.js';
import type { FeedbackReport, ReportKind } from './report.types.js';

const folder = join(import.meta.dirname, '../../test/fixtures/dsn');
const kinds: Readonly<Record<string, ReportKind>> = {
  hard: 'hard',
  soft: 'soft',
  mixed: 'hard',
  complaint: 'complaint',
  'auto-reply': 'auto-reply',
  'delivery-success': 'delivered',
  'not-bounce': 'not-bounce',
};

interface Label {
  readonly file: string;
  readonly kind: ReportKind;
  readonly reasons: readonly string[];
  readonly hard: readonly boolean[];
}

const labels = readFileSync(join(folder, 'labels.csv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line): Label => {
    const [file = '', label = '', recipients = '0', reasons = '', , , hard = ''] = line.split(',');
    const many = Number(recipients) > 0;
    const kind = kinds[label];
    if (kind === undefined) throw new Error(`labels.csv: ${file}: unknown label ${label}`);
    return {
      file,
      kind,
      reasons: many ? reasons.split('|') : [],
      hard: many ? hard.split('|').map((value) => value === 'true') : [],
    };
  });

/** The label calls this message no bounce, because the parser that made the labels cannot read it. Its text says
 * "reject reason: Mailbox full, target mail address: …", so `soft` is the truth. */
const disputed = new Set(['rb-issue-368-bug.eml']);

const outcomeIsRight = (report: FeedbackReport, label: Label): boolean =>
  report.kind === label.kind &&
  report.recipients.length === label.hard.length &&
  report.recipients.every((recipient, i) => (recipient.kind === 'hard') === label.hard[i]);

const reasonIsRight = (report: FeedbackReport, label: Label): boolean =>
  report.recipients.map((recipient) => recipient.reason).join('|') === label.reasons.join('|');

describe('the labelled corpus', () => {
  let reports: { label: Label; report: FeedbackReport }[];

  beforeAll(async () => {
    const raws = labels.map((label) => readFileSync(join(folder, label.file)));
    reports = [];
    for (const [i, label] of labels.entries()) reports.push({ label, report: await classifyReport(raws[i]!) });
  });

  it('gets every outcome right that can be defended', () => {
    const wrong = reports.filter(({ label, report }) => !disputed.has(label.file) && !outcomeIsRight(report, label));
    expect(wrong.map(({ label }) => label.file)).toEqual([]);
  });

  it('gets at least 85 % of the reasons right, and prints both scores', () => {
    const outcomes = reports.filter(({ label, report }) => outcomeIsRight(report, label)).length;
    const reasons = reports.filter(({ label, report }) => reasonIsRight(report, label)).length;
    process.stdout.write(`dsn corpus: outcomes ${outcomes}/${labels.length}, reasons ${reasons}/${labels.length}\n`);
    expect(reasons / labels.length).toBeGreaterThanOrEqual(0.85);
  });
});
