import { relative } from 'node:path';
import { type DemoResult } from './demo.run.js';
import { table } from './terminal.js';

/** What a person wants to know at the end: who was told, who was not and why, who is at risk, and where it took long. */
export function reportLines(result: DemoResult, dataDir: string): string[] {
  const { campaigns, messages, readiness, seconds, messagesPerSecond, captured, cascade, correction } = result;
  const reasons = new Map<string, number>();
  for (const { exclusions } of campaigns.slice(0, 1)) {
    for (const [reason, count] of Object.entries(exclusions)) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  const steps = Object.entries(seconds).filter(([step]) => step !== 'total' && step !== 'sending');
  const [slowest = ['none', 0]] = [...steps].sort(([, a], [, b]) => b - a);
  const atRisk = Object.entries(readiness)
    .filter(([, row]) => row.atRisk > 0)
    .map(
      ([kind, row]) =>
        `${row.atRisk.toLocaleString('en-GB')} of ${(row.atRisk + row.ready).toLocaleString('en-GB')} ${kind}s`,
    );
  return [
    '',
    '── Report ──',
    table(
      ['campaign', 'told', 'not told', 'no route'],
      campaigns.map(({ name, recipients, excluded, unreachable }) => [name, recipients, excluded, unreachable]),
    ),
    '',
    table(['not told about the sign-in change, because', 'people'], [...reasons]),
    '',
    table(
      ['message state', 'messages'],
      Object.entries(messages).map(([state, count]) => [state, count ?? 0]),
    ),
    '',
    `Cascade: ${cascade.coverage.confirmed.toLocaleString('en-GB')} of ${cascade.coverage.practices.toLocaleString('en-GB')} practices confirmed, ${cascade.coverage.passedOn.toLocaleString('en-GB')} had it passed on, ${cascade.coverage.silent.toLocaleString('en-GB')} are silent. Practices at risk: ${cascade.practicesAtRisk.before.toLocaleString('en-GB')} before, ${cascade.practicesAtRisk.after.toLocaleString('en-GB')} after. The report of the whole country took ${cascade.reportMs} ms.`,
    `Correction: ${correction.people.toLocaleString('en-GB')} people were told a cutoff that has moved; the draft to them waits for approval.`,
    `At risk of missing payment when it all began: ${atRisk.length > 0 ? atRisk.join(', ') : 'nobody'}.`,
    `Slowest step: ${slowest[0]}, ${slowest[1].toFixed(1)} s of ${(seconds['total'] ?? 0).toFixed(1)} s. Sending: ${messagesPerSecond.toLocaleString('en-GB')} emails a second.`,
    `The ${captured.toLocaleString('en-GB')} emails are in the inbox: DATA_DIR=${relative(process.cwd(), dataDir)} npm start, then open http://127.0.0.1:3000/inbox`,
  ];
}
