import { join } from 'node:path';
import { type Command } from 'commander';
import { PROJECT_ROOT } from '../platform/config/project-root.js';
import { FixedClock } from '../shared/clock.js';
import { LondonTime } from '../shared/london-time.js';
import { type DemoResult } from './demo.run.js';
import { reportLines } from './demo.report.js';
import { captured, CommandFailure, print, tell, withService } from './terminal.js';

interface DemoOptions {
  small?: boolean;
  json?: boolean;
}

/** A Monday, eleven days before the cutoff of Friday 18 September 2026: the ODS extract is of that time. */
const START = LondonTime.parse('2026-09-07T09:00');

export function registerDemoCommand(program: Command): void {
  program
    .command('demo')
    .description(
      'the whole job on real ODS data and invented people: import, segment, plan, approve, send, remind, report',
    )
    .option('--small', '300 people instead of 30,000')
    .option('--json', 'counts and timings as one JSON document')
    .action(async ({ small = false, json = false }: DemoOptions) => {
      const [{ Demo }, { discardDataFolder }] = await Promise.all([
        import('./demo.run.js'),
        import('../platform/database/index.js'),
      ]);
      // Always afresh: the demo's own folder, never the service's.
      const dataDir = join(PROJECT_ROOT, 'var', small ? 'demo-small' : 'demo');
      await discardDataFolder(dataDir);
      const started = performance.now();
      const clock = new FixedClock(START.toInstant());
      const result = await withService(
        (app) => new Demo(app, clock, { small, started, say: json ? () => undefined : tell }).run(),
        {
          roles: ['worker', 'scheduler'],
          clock,
          ...captured(dataDir),
        },
      );
      if (json) await print(JSON.stringify(result));
      else for (const line of reportLines(result, dataDir)) await print(line);
      verify(result);
    });
}

function verify({ messages, planned, terminal, captured }: DemoResult): void {
  if (planned === 0 || planned !== terminal) {
    throw new CommandFailure(`The demo failed: ${planned} messages were planned and ${terminal} ended`, 1);
  }
  if ((messages.accepted ?? 0) !== captured) {
    throw new CommandFailure(
      `The demo failed: ${messages.accepted ?? 0} messages were accepted and ${captured} are in the inbox`,
      1,
    );
  }
}
