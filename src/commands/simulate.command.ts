import { type Command, InvalidArgumentError, Option } from 'commander';
import { type DatabaseServer } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { type ScenarioChoice, SCENARIOS } from './simulation.scenario.js';
import { simulationLines } from './simulation.report.js';
import { type CopyRequest } from './simulation.js';
import { type Hold, print, tell, withService } from './terminal.js';

export function registerSimulateCommand(program: Command): void {
  program
    .command('simulate <window>')
    .description('who would get what and when, from now to the PCSE date, without sending or changing anything')
    .addOption(new Option('--scenario <name>', 'what people and the mail server do').choices(SCENARIOS))
    .option('--act-share <share>', 'share of organisations that act on the first reminder, as 0.6', share)
    .option('--smtp-down <from/until>', 'London times, as 2026-09-18T10:00/2026-09-18T12:30')
    .option('--refused-share <share>', 'share of addresses that the mail server refuses', share)
    .option('--deferred-share <share>', 'share of messages that it takes at the second attempt', share)
    .option('--json', 'the report as one JSON document')
    .action(async (reference: string, { json, ...choice }: ScenarioChoice & { json?: boolean }) => {
      const report = await withWindow(reference, async (request, hold) => {
        // Loaded when it is wanted: the whole service takes seconds to load.
        const { simulate } = await import('./simulation.js');
        return simulate({ ...request, choice }, hold);
      });
      if (json) await print(JSON.stringify(report));
      else for (const line of simulationLines(report)) await print(line);
    });
}

/** What a simulation of a window, by its id or name, begins with. */
export async function withWindow<T>(
  reference: string,
  work: (request: CopyRequest & { readonly now: Date }, hold: Hold) => Promise<T>,
): Promise<T> {
  const [{ DeadlinesModule, DeadlinesService }, { AuditModule }, { DATABASE_SERVER }, { PinoLogger }] =
    await Promise.all([
      import('../deadlines/index.js'),
      import('../access/index.js'),
      import('../platform/database/index.js'),
      import('../platform/logging/index.js'),
    ]);
  return withService(
    async (app, config, hold) => {
      const window = await app.get(DeadlinesService).window(reference);
      tell(`Simulating ${window.name} on a copy …`);
      const server = app.get<DatabaseServer>(DATABASE_SERVER);
      const now = app.get(Clock).now();
      return work({ server, config, window, now, logger: new PinoLogger(config.logLevel) }, hold);
    },
    { modules: [AuditModule, DeadlinesModule] },
  );
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('Expected a number from 0 to 1.');
  return value;
}
