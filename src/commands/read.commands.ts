import { type Command } from 'commander';
import { readinessByKind } from './readiness.counts.js';
import { print, table, withService } from './terminal.js';

interface Output {
  json?: boolean;
}

export function registerReadCommands(program: Command): void {
  program
    .command('segments')
    .description('the sign-in group of every account, and why')
    .option('--json', 'one JSON line an account')
    .action(async ({ json }: Output) => {
      const { SegmentsModule, SegmentsService } = await import('../segments/index.js');
      await withService(
        async (app) => {
          const counts = new Map<string, number>();
          for await (const { accountId, segment, rule, evidence, suggestion } of app
            .get(SegmentsService)
            .classifyAll()) {
            counts.set(segment, (counts.get(segment) ?? 0) + 1);
            if (json) await print(JSON.stringify({ accountId, segment, rule, evidence, suggestion }));
          }
          if (!json)
            await print(
              table(
                ['segment', 'accounts'],
                [...counts].sort(([, a], [, b]) => b - a),
              ),
            );
        },
        { modules: [SegmentsModule] },
      );
    });

  program
    .command('readiness')
    .description('which organisations can still be paid after the sign-in change')
    .option('--json', 'one JSON line an organisation')
    .action(async ({ json }: Output) => {
      const { ReadinessService, SegmentsModule } = await import('../segments/index.js');
      await withService(
        async (app) => {
          const rows = await app.get(ReadinessService).readiness();
          if (json) {
            for (const row of rows) await print(JSON.stringify(row));
            return;
          }
          await print(
            table(
              ['organisation', 'ready', 'at risk'],
              Object.entries(readinessByKind(rows)).map(([kind, row]) => [kind, row.ready, row.atRisk]),
            ),
          );
        },
        { modules: [SegmentsModule] },
      );
    });
}
