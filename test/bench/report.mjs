// Results as a table for people, as Markdown for the repository; the same rows in both.
import { execFileSync } from 'node:child_process';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { figure, ROOT } from './harness.mjs';

export function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    commit: commit(),
  };
}

export function load() {
  return loadavg().map((average) => Number(average.toFixed(2)));
}

function commit() {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--', 'src', 'templates', 'test/bench/*.mjs') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with uncommitted changes' : ''}`;
  } catch {
    return 'unknown';
  }
}

/** The tables of a part: that of its contenders first. */
export function tablesOf({ rows = [], tables = [] }) {
  const baselines = [...new Set(rows.flatMap(({ ratios }) => Object.keys(ratios)))];
  const contenders = {
    headers: ['what', 'median', 'lowest – highest', 'unit', ...baselines.map((name) => `× ${name}`), 'goal'],
    rows: rows.map(({ name, rate, lowest, highest, unit, ratios, goal = '' }) => [
      ...[name, figure(rate), `${figure(lowest)} – ${figure(highest)}`, unit],
      ...baselines.map((baseline) => figure(ratios[baseline] ?? NaN)),
      goal,
    ]),
  };
  return rows.length > 0 ? [contenders, ...tables] : tables;
}

export function asText({ title, headers, rows }) {
  const cells = [headers, ...rows].map((row) => row.map(cell));
  const widths = headers.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const lines = cells.map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  '),
  );
  return [
    ...(title ? [title] : []),
    lines[0],
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...lines.slice(1),
  ].join('\n');
}

export function asMarkdown({ machine: m, startedAt, endedAt, mode, load: loads, parts, warnings, failures }) {
  const lines = [
    '# Measured',
    '',
    `\`npm run bench${mode === 'quick' ? ' -- --quick' : ''}\`, ${startedAt} to ${endedAt}, commit ${m.commit}.`,
    `${m.cores} × ${m.cpu}, ${m.memoryGiB} GiB, ${m.system}, Node ${m.node}.`,
    `Load average (1, 5, 15 minutes) at the start ${loads.start.join(', ')}, at the end ${loads.end.join(', ')}; a quiet machine stays near ${m.cores} while this runs.`,
    '',
    'Every figure is a median of interleaved rounds; × is the median of the ratios within rounds. Ratios travel between',
    'machines, absolutes do not.',
    '',
    ...warnings.map((warning) => `**${warning}**\n`),
    ...failures.map((failure) => `**FAILED: ${failure}**\n`),
  ];
  for (const part of parts) {
    lines.push(
      `## ${part.title}`,
      '',
      `Load average ${part.load.start[0]} before, ${part.load.end[0]} after; took ${figure(part.seconds)} s.`,
      '',
    );
    for (const table of tablesOf(part)) lines.push(...markdownTable(table), '');
    for (const note of part.notes ?? []) lines.push(`- ${note}`);
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function markdownTable({ title, headers, rows }) {
  const line = (cells) => `| ${cells.map((text) => cell(text).replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    ...(title ? [`**${title}**`, ''] : []),
    line(headers),
    `|${headers.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ];
}

function cell(value) {
  return typeof value === 'number' ? value.toLocaleString('en-GB') : String(value);
}
