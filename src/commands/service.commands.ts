import { type Command } from 'commander';
import { z } from 'zod';
import { parseOdsCode } from '../shared/ods-code.js';
import { InvalidInputError } from '../shared/errors.js';
import { planLines } from './plan.lines.js';
import { CommandFailure, print, table, tell, when, withService } from './terminal.js';

interface Output {
  json?: boolean;
}

export function registerServiceCommands(program: Command): void {
  program
    .command('migrate')
    .description('bring the database schema up to date')
    .action(async () => {
      const [{ loadConfig }, { connect, migrate, openDatabaseServer }] = await Promise.all([
        import('../platform/config/index.js'),
        import('../platform/database/index.js'),
      ]);
      const server = await openDatabaseServer(loadConfig(process.env));
      const db = connect(server.connectionString, 1);
      try {
        const applied = await migrate(db);
        tell(applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`);
      } finally {
        await db.destroy();
        await server.release();
      }
    });

  program
    .command('plan <campaign>')
    .description('who would get what, when and by which route, who gets nothing and why')
    .option('--json', 'the plan as JSON')
    .action(async (id: string, { json }: Output) => {
      if (!z.uuid().safeParse(id).success) {
        throw new InvalidInputError('bad-campaign-id', 'plan: expected the id of a campaign, as its page shows it');
      }
      const { CampaignService } = await import('../campaigns/index.js');
      await withService(async (app) => {
        const plan = await app.get(CampaignService).plan(id);
        if (json) await print(JSON.stringify(plan));
        else for (const line of planLines(plan)) await print(line);
      });
    });

  program
    .command('told <organisation>')
    .description('what an organisation was told, by which route, when')
    .option('--json', 'one JSON document')
    .action(async (given: string, { json }: Output) => {
      const organisation = parseOdsCode(given);
      if (organisation === undefined) {
        throw new InvalidInputError(
          'bad-ods-code',
          'told: expected an ODS code of 3 to 10 letters and digits, as A81001',
        );
      }
      const [{ AuditModule }, { Ledger }, { DirectoryModule, DirectoryService }, { TellingModule, TellingService }] =
        await Promise.all([
          import('../access/index.js'),
          import('../delivery/index.js'),
          import('../directory/index.js'),
          import('../cascades/index.js'),
        ]);
      await withService(
        async (app) => {
          const messages = (await app.get(Ledger).told(organisation)).map((message) => ({
            campaign: message.campaignId,
            purpose: message.purpose,
            template: message.template,
            route: message.route,
            segment: message.segment,
            state: message.state,
            dueAt: message.dueAt.toISOString(),
            acceptedAt: message.acceptedAt?.toISOString() ?? null,
            sha256: message.renderedSha256,
          }));
          // A mistyped code must not read as an organisation that was told nothing.
          const tellings = await app.get(TellingService).told(organisation);
          if (tellings.length === 0) await app.get(DirectoryService).organisation(organisation);
          if (json)
            await print(JSON.stringify({ organisation, told: messages, cascade: tellings.filter(isCascadeStep) }));
          else if (tellings.length === 0) await print(`${organisation} was told nothing so far.`);
          else {
            await print(
              table(
                ['when', 'what', 'route', 'state'],
                tellings.map(({ at, what, by, route, state }) => [
                  at ? when(at) : 'not sent',
                  by === null ? what : `${what} (${by})`,
                  route,
                  state,
                ]),
              ),
            );
          }
        },
        { modules: [AuditModule, DirectoryModule, TellingModule] },
      );
    });

  program
    .command('verify')
    .description('check the audit chain and the ledger; name the first fault')
    .option('--json', 'the verdict as JSON')
    .action(async ({ json }: Output) => {
      const [{ AuditModule, AuditTrail }, { Ledger, LedgerModule }] = await Promise.all([
        import('../access/index.js'),
        import('../delivery/index.js'),
      ]);
      const faults = await withService(
        async (app) => {
          const audit = await app.get(AuditTrail).verify();
          const ledger = await app.get(Ledger).faults();
          const found = [
            ...(audit.ok ? [] : [`audit entry ${audit.sequence} is ${audit.fault}`]),
            ...ledger.map(({ messageId, fault }) => `message ${messageId}: ${fault}`),
          ];
          if (json) await print(JSON.stringify({ ok: found.length === 0, audit, ledger }));
          else if (audit.ok && found.length === 0)
            await print(`Audit chain of ${audit.entries} entries and ledger are sound.`);
          return found;
        },
        { modules: [AuditModule, LedgerModule] },
      );
      if (faults[0] !== undefined) throw new CommandFailure(`Not sound: ${faults[0]}`, 1);
    });
}

/** What organisations did, as against what was emailed. */
function isCascadeStep({ kind }: { readonly kind: 'message' | 'step' }): boolean {
  return kind === 'step';
}
