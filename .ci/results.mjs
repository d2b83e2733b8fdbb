// What Jest wrote down of a run (--json): which files failed, and the counts of that run and of a second one.
import { readFileSync } from 'node:fs';

const [what, first, second] = process.argv.slice(2);
const run = read(first);
if (!run) {
  console.error('The tests left no result.');
  process.exit(1);
}
if (what === 'failed') {
  for (const { name } of failedFiles(run)) console.log(name);
} else {
  process.exit(count(run, read(second)) ? 0 : 1);
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function failedFiles({ testResults }) {
  return testResults.filter(({ status }) => status === 'failed');
}

/** Ends with the line of counts; true when everything ran and passed, be it at the second time. */
function count(once, again) {
  const rerun = new Map((again?.testResults ?? []).map((file) => [file.name, file]));
  for (const { name, assertionResults } of failedFiles(once)) {
    if (rerun.get(name)?.status !== 'passed') continue;
    const tests = assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
    console.error(
      `WAVERS: ${name} failed beside the others and passed alone: ${tests.join('; ') || 'could not be loaded'}`,
    );
  }
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const file of once.testResults.map((file) => rerun.get(file.name) ?? file)) {
    const of = (...states) => file.assertionResults.filter(({ status }) => states.includes(status)).length;
    const failed = of('failed');
    tally.passed += of('passed');
    // A suite that could not even be loaded counts as a failure of its own.
    tally.failed += file.status === 'failed' && failed === 0 ? 1 : failed;
    tally.skipped += of('pending', 'todo', 'skipped', 'disabled');
  }
  // CI has every component and so skips nothing.
  if (tally.skipped > 0) console.error(`${tally.skipped} tests were skipped: CI must run them all.`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 && tally.skipped === 0 && tally.passed > 0;
}
