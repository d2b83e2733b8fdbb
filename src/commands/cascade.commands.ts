import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type INestApplicationContext } from '@nestjs/common';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { type Principal } from '../access/index.js';
import { type DrillScope } from '../cascades/index.js';
import { PROJECT_ROOT } from '../platform/config/project-root.js';
import { FixedClock } from '../shared/clock.js';
import { InvalidInputError } from '../shared/errors.js';
import { formatDateTime, LondonTime } from '../shared/london-time.js';
import { parseOdsCode } from '../shared/ods-code.js';
import { CASCADE_SCRIPT_NAMES, type CascadeScriptName } from './cascade.scripts.js';
import { withWindow } from './simulate.command.js';
import { captured, CommandFailure, print, printRows, tell, withService } from './terminal.js';

interface Output {
  json?: boolean;
}

const START = LondonTime.parse('2026-09-07T09:00');
const UNTIL = LondonTime.parse('2026-09-17T17:00');
const FIXTURES = join(PROJECT_ROOT, 'test', 'fixtures');

/** Whoever has the terminal may do what the service may do. */
const TERMINAL: Principal = {
  id: 'system:terminal',
  kind: 'system',
  name: 'The terminal',
  roles: [],
  permissions: ['cascade:operate'],
};

interface DrillOptions extends Output {
  region?: string[];
  practices?: boolean;
  contacts: string;
  at?: string;
  dryRun?: boolean;
}

export function registerCascadeCommands(program: Command): void {
  const cascade = program.command('cascade').description('requests on their way from commissioners to practices');

  cascade
    .command('report <cascade>')
    .description('how many practices were told, by region and commissioner')
    .option('--json', 'one JSON line a row')
    .action(async (id: string, { json }: Output) => {
      const [{ CascadeReports }, { coverageTable }] = await Promise.all([
        import('../cascades/index.js'),
        import('./cascade.run.js'),
      ]);
      await withService(async (app) => {
        const rows = await app.get(CascadeReports).coverage(cascadeIdOf(id));
        await printRows(rows, coverageTable, json);
      });
    });

  cascade
    .command('drill <name>')
    .description('rehearse: write to contacts that nothing has to be done but press a button, and time it')
    .option('--region <code...>', 'only these regions; default: the whole country')
    .option('--practices', 'write to practices as well')
    .option('--contacts <number>', 'to how many people of each organisation', '2')
    .option('--at <time>', 'not before this London time, as 2026-08-03T09:00; default: now')
    .option('--dry-run', 'say how many it would write to, and write to nobody')
    .option('--json', 'one JSON document')
    .action(async (name: string, { dryRun, json, ...given }: DrillOptions) => {
      const { DrillService, MOST_DRILL_CONTACTS } = await import('../cascades/index.js');
      const drill = drillOf(given, MOST_DRILL_CONTACTS);
      await withService(async (app) => {
        const drills = app.get(DrillService);
        const forecast = await drills.foresee(drill, TERMINAL);
        const id = dryRun ? null : await drills.start(name, drill, TERMINAL, { messages: forecast.messages });
        if (json) await print(JSON.stringify({ id, ...forecast }));
        else {
          const { region, commissioner, practice } = forecast.organisations;
          const leaves = formatDateTime(LondonTime.fromInstant(forecast.leavesAt));
          await print(
            `${forecast.messages} emails to ${forecast.people} people (regions: ${region}, commissioners: ${commissioner}, practices: ${practice}) ${id === null ? 'would leave' : 'leave'} at ${leaves}. Organisations at which nobody can be written to: ${forecast.unreachable}.`,
          );
          if (id !== null) await print(`The drill is ${id}; its score: cascade score ${id}`);
        }
      });
    });

  cascade
    .command('score <cascade>')
    .description('how soon each step was taken: median, slowest, and how many never did')
    .option('--json', 'one JSON line a step')
    .action(async (id: string, { json }: Output) => {
      const [{ CascadeReports }, { scoreTable }] = await Promise.all([
        import('../cascades/index.js'),
        import('./cascade.run.js'),
      ]);
      await withService(async (app) => {
        const rows = await app.get(CascadeReports).score(cascadeIdOf(id));
        await printRows(rows, scoreTable, json);
      });
    });

  cascade
    .command('proof <cascade> <organisation> <file>')
    .description('write the evidence that an organisation was told, as a ZIP')
    .action(async (id: string, given: string, file: string) => {
      const { ProofService } = await import('../cascades/index.js');
      const organisation = parseOdsCode(given);
      if (organisation === undefined) {
        throw new InvalidInputError('bad-ods-code', 'cascade proof: expected an ODS code, as A81001');
      }
      await withService(async (app) => {
        await writeFile(file, await app.get(ProofService).pack(cascadeIdOf(id), organisation, 'system:terminal'));
      });
      tell(`Written to ${file}.`);
    });

  cascade
    .command('verify <file>')
    .description('check that a proof pack is whole and was made by this service')
    .option('--json', 'the verdict as JSON')
    .action(async (file: string, { json }: Output) => {
      const { ProofService } = await import('../cascades/index.js');
      const pack = await readFile(file).catch((cause: unknown) => {
        throw new InvalidInputError('file-unreadable', `${file} cannot be read; expected a proof pack`, { cause });
      });
      const verdict = await withService((app) => app.get(ProofService).verify(pack));
      if (json) await print(JSON.stringify(verdict));
      else if (verdict.ok) await print('The proof pack is whole and was made by this service.');
      if (!verdict.ok) throw new CommandFailure(`Not sound: ${verdict.faults.join('; ')}`, 1);
    });

  cascade
    .command('simulate <window>')
    .description('the request of a window with scripted answers until the cutoff, without sending or changing anything')
    .addOption(
      new Option('--script <name>', 'how organisations behave').choices(CASCADE_SCRIPT_NAMES).default('most-pass-on'),
    )
    .option('--json', 'the report as one JSON document')
    .action(async (reference: string, { script, json }: Output & { script: CascadeScriptName }) => {
      const { simulateCascade, cascadeSimulationLines } = await import('./cascade.simulation.js');
      const report = await withWindow(reference, (request, hold) => simulateCascade({ ...request, script }, hold));
      if (json) await print(JSON.stringify(report));
      else for (const line of cascadeSimulationLines(report)) await print(line);
    });

  cascade
    .command('demo')
    .description('a national cascade on real ODS data: scripted answers, escalation, coverage and readiness')
    .option('--small', '80 practices instead of 6,220')
    .option('--json', 'the figures as one JSON document')
    .action(async ({ small = false, json = false }: Output & { small?: boolean }) => {
      const dataDir = join(PROJECT_ROOT, 'var', small ? 'demo-cascade-small' : 'demo-cascade');
      const { discardDataFolder } = await import('../platform/database/index.js');
      await discardDataFolder(dataDir);
      const clock = new FixedClock(START.toInstant());
      const result = await withService((app) => nationalCascade(app, clock, small), {
        // No scheduler: the simulation ticks by itself, on its own clock.
        roles: ['worker'],
        clock,
        ...captured(dataDir),
      });
      if (json) {
        await print(JSON.stringify(result));
        return;
      }
      const { answers, escalations, practicesAtRisk, peopleHelped, accountsToRetire, reportMs } = result;
      await print(
        `${answers} answers; silence caused ${escalations} more messages. Practices at risk: ${practicesAtRisk.before} before, ${practicesAtRisk.after} now. ${peopleHelped} people helped, ${accountsToRetire} old accounts may be retired. The report took ${reportMs} ms.`,
      );
    });
}

function cascadeIdOf(given: string): string {
  if (z.uuid().safeParse(given).success) return given;
  throw new InvalidInputError('bad-cascade-id', 'cascade: expected the id of a cascade, as its page shows it');
}

function drillOf({ region = [], practices = false, contacts, at }: DrillOptions, most: number): DrillScope {
  const number = Number(contacts);
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new InvalidInputError('bad-number', `--contacts: expected a whole number from 1 to ${most}`);
  }
  const regions = region.map((code) => {
    const known = parseOdsCode(code);
    if (known !== undefined) return known;
    throw new InvalidInputError('bad-ods-code', '--region: expected an ODS code, as Y63');
  });
  return { regions, practices, contacts: number, ...(at !== undefined && { at: LondonTime.parse(at).toInstant() }) };
}

async function nationalCascade(app: INestApplicationContext, clock: FixedClock, small: boolean) {
  const [
    { CampaignService, CampaignTicker },
    { DeadlinesService },
    { Ledger, Reconciler },
    { ImportService },
    { DEMO },
    { runScriptedCascade },
  ] = await Promise.all([
    import('../campaigns/index.js'),
    import('../deadlines/index.js'),
    import('../delivery/index.js'),
    import('../directory/index.js'),
    import('./invented.people.js'),
    import('./cascade.run.js'),
  ]);
  const actor = DEMO.author.id;
  const people = join(FIXTURES, small ? 'demo-small' : 'demo');
  const imports = app.get(ImportService);
  await imports.importOrganisations([join(small ? people : FIXTURES, 'ods')], { actor });
  await imports.importAccounts(join(people, 'accounts.csv'), { actor });
  await imports.importNhsmail(join(people, 'nhsmail.csv'), { actor });
  await imports.importNoNhsmail(join(people, 'no-nhsmail.csv'), { actor });
  const window = await app.get(DeadlinesService).createWindow(
    {
      name: 'September 2026',
      cutoff: '2026-09-18T12:00',
      reopening: '2026-09-23T08:00',
      pcse: '2026-09-28T08:00',
      signInChange: '2026-09-23T08:00',
    },
    actor,
  );
  const campaigns = app.get(CampaignService);
  const campaign = { name: 'Please cascade to your practices', kind: 'cascade-request' as const, windowId: window.id };
  const { id } = await campaigns.create(campaign, DEMO.author);
  const { hash } = await campaigns.plan(id);
  await campaigns.submit(id, DEMO.author);
  await campaigns.approve(id, hash, DEMO.approver);
  await campaigns.schedule(id, DEMO.operator);
  const settle = async (): Promise<void> => {
    await app.get(CampaignTicker).run();
    while (!(await app.get(Ledger).isFinished({ campaignId: id }))) {
      await app.get(Reconciler).reconcile();
      await delay(100);
    }
    await app.get(CampaignTicker).run();
  };
  await settle();
  tell(`The request to commissioners and regions has been sent.`);
  const result = await runScriptedCascade(app, {
    campaignId: id,
    clock,
    until: UNTIL.toInstant(),
    accountsFile: join(people, 'accounts.csv'),
    actor,
    say: tell,
  });
  await settle();
  return result;
}
