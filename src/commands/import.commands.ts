import { type Command } from 'commander';
import { type ImportReport, type ImportRequest, type ImportService } from '../directory/index.js';
import { boundHeap } from '../heap.js';
import { progressBar } from './progress-bar.js';
import { CommandFailure, count, print, withService } from './terminal.js';

interface ImportOptions {
  dryRun?: boolean;
  json?: boolean;
  allowShrink?: boolean;
  allowChanges?: boolean;
  asOf?: string;
}

const HISTORY_SHOWN = 50;

type Request = ImportRequest & { asOf?: string };
type Import = (paths: string[], request: Request) => Promise<ImportReport>;

const KINDS: Record<string, { what: string; many: boolean; run: Import }> = {
  organisations: {
    what: 'ODS files (epraccur, eccg, etr, ICB names), zipped or not, or folders of them',
    many: true,
    run: (paths, request) => withImports((imports) => imports.importOrganisations(paths, request)),
  },
  accounts: {
    what: 'the export of CQRS accounts',
    many: false,
    run: ([path = ''], request) => withImports((imports) => imports.importAccounts(path, request)),
  },
  nhsmail: {
    what: 'the extract of the NHSmail directory',
    many: false,
    run: ([path = ''], request) => withImports((imports) => imports.importNhsmail(path, request)),
  },
  'no-nhsmail': {
    what: 'the list of people known to have no NHSmail',
    many: false,
    run: ([path = ''], request) => withImports((imports) => imports.importNoNhsmail(path, request)),
  },
  declarations: {
    what: 'the status feed of declarations',
    many: false,
    async run([path = ''], request) {
      boundHeap();
      const [{ AuditModule }, { DeadlinesModule, DeclarationFeed }] = await Promise.all([
        import('../access/index.js'),
        import('../deadlines/index.js'),
      ]);
      return withService((app) => app.get(DeclarationFeed).importDeclarations(path, request), {
        modules: [AuditModule, DeadlinesModule],
      });
    },
  },
};

async function withImports(run: (imports: ImportService) => Promise<ImportReport>): Promise<ImportReport> {
  boundHeap();
  const [{ AuditModule }, { DirectoryModule, ImportService }] = await Promise.all([
    import('../access/index.js'),
    import('../directory/index.js'),
  ]);
  return withService((app) => run(app.get(ImportService)), { modules: [AuditModule, DirectoryModule] });
}

/** The last import of a kind, by the number that the history gives it. */
function registerUndo(group: Command): void {
  group
    .command('history')
    .description('list the last imports, newest first')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { AuditModule, DirectoryModule, DirectoryService } = await directoryParts();
      const batches = await withService((app) => app.get(DirectoryService).imports(HISTORY_SHOWN), {
        modules: [AuditModule, DirectoryModule],
      });
      if (json) return print(JSON.stringify(batches));
      for (const { id, kind, appliedAt, added, changed, gone, undoes, undoneBy } of batches) {
        const note = undoes === null ? (undoneBy === null ? '' : `, undone by ${undoneBy}`) : `, undid ${undoes}`;
        const counts = `${added} added, ${changed} changed, ${gone} gone`;
        await print(`${id}  ${appliedAt.toISOString()}  ${kind}: ${counts}${note}`);
      }
    });
  group
    .command('undo <import>')
    .description('put back what the last import of its kind changed, whole or not at all')
    .action(async (text: string) => {
      if (!/^[1-9]\d{0,14}$/.test(text))
        throw new CommandFailure('Give the number of the import, as import history shows it', 2);
      const { AuditModule, DirectoryModule, ImportUndo } = await directoryParts();
      const undo = await withService((app) => app.get(ImportUndo).undo(Number(text), 'system:cli'), {
        modules: [AuditModule, DirectoryModule],
      });
      await print(`Import ${text} is undone; the undo is import ${undo}.`);
    });
}

async function directoryParts() {
  return { ...(await import('../access/index.js')), ...(await import('../directory/index.js')) };
}

export function registerImportCommands(program: Command): void {
  const group = program.command('import').description('take in files: each whole, or not at all');
  registerUndo(group);
  for (const [kind, { what, many, run }] of Object.entries(KINDS)) {
    const command = group
      .command(`${kind} ${many ? '<path...>' : '<file>'}`)
      .description(`import ${what}`)
      .option('--dry-run', 'say what would change, change nothing')
      .option('--json', 'the report as JSON')
      .option('--allow-shrink', 'accept a file that lacks much of what is known')
      .option('--allow-changes', 'accept a file that gives many of the known another name, organisation or address');
    if (kind === 'organisations') command.option('--as-of <date>', 'the day (YYYY-MM-DD) that the files are of');
    command.action(async (given: string | string[], options: ImportOptions) => {
      const report = await importWithProgress(run, [given].flat(), options);
      if (options.json) await print(JSON.stringify(report));
      else for (const line of describe(report)) await print(line);
      if (report.faultCount > 0) {
        throw new CommandFailure(
          `Refused: ${count(report.faultCount, 'fault')} in ${count(badRows(report), 'row')}; nothing was changed.`,
          2,
        );
      }
    });
  }
}

async function importWithProgress(
  run: Import,
  paths: string[],
  { dryRun = false, allowShrink = false, allowChanges = false, asOf }: ImportOptions,
): Promise<ImportReport> {
  const bar = progressBar('rows');
  try {
    return await run(paths, {
      actor: 'system:terminal',
      dryRun,
      allowShrink,
      allowChanges,
      ...(asOf !== undefined && { asOf }),
      onProgress: ({ rows, bytes, totalBytes }) => {
        bar.update(bytes, totalBytes, rows);
      },
    });
  } finally {
    bar.stop();
  }
}

/** The report for a person: what came in, what changed, what to look at. */
export function describe(report: ImportReport): string[] {
  const {
    kind,
    files,
    applied,
    dryRun,
    added,
    changed,
    gone,
    unchanged,
    warnings,
    faults,
    faultCount,
    ignoredColumns,
  } = report;
  const number = (value: number): string => value.toLocaleString('en-GB');
  const nothingNew = added + changed + gone === 0;
  const outcome = applied
    ? nothingNew
      ? 'imported, and held nothing new'
      : 'imported'
    : dryRun && faultCount === 0
      ? 'dry run, nothing changed'
      : 'refused';
  return [
    ...files.map(({ name, rows }) => `${name}: ${count(rows, 'row')}`),
    `${kind}: ${outcome}. ${number(added)} added, ${number(changed)} changed, ${number(gone)} gone, ${number(unchanged)} unchanged`,
    ...(ignoredColumns.length > 0 ? [`ignored columns: ${ignoredColumns.join(', ')}`] : []),
    ...warnings.map(
      ({ message, items }) =>
        `note: ${message}${items.length > 0 ? ` (${items.slice(0, 5).join(', ')}${items.length > 5 ? `, and ${number(items.length - 5)} more` : ''})` : ''}`,
    ),
    ...faults.map(
      ({ file, row, column, message, remedy }) =>
        `${file}, row ${row}${column === null ? '' : `, column ${column}`}: ${message}. ${remedy}.`,
    ),
    ...(faultCount > faults.length ? [`… and ${number(faultCount - faults.length)} more`] : []),
  ];
}

function badRows({ faults }: ImportReport): number {
  return new Set(faults.map(({ file, row }) => `${row} ${file}`)).size;
}
