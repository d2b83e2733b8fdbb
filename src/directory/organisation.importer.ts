import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { LondonTime, parseCalendarDate } from '../shared/london-time.js';
import { type OrganisationFacts } from './directory.tables.js';
import { type ImportCounts, type ImportWarning, type OrganisationImportRequest } from './import.report.js';
import { warningsOf } from './import.warnings.js';
import { type Importer, type StagedFiles } from './importer.js';
import { findOdsFiles, type OdsFile } from './ods-file.js';
import { icbFacts, icbFormat, ODS_FORMAT, odsFacts, PRACTICE_FORMAT, regionFacts } from './ods.format.js';
import { OrganisationStage, type StagedOrganisation } from './organisation-stage.js';
import { datedOn, factsHash, UNDATED } from './organisation-version.rules.js';
import { REGIONS } from './region.data.js';
import { type Trx } from './staging.js';
import { type Columns, type RowValues, type TableFormat } from './table.format.js';
import { TableReader } from './table.reader.js';

export class OrganisationImporter implements Importer {
  readonly kind = 'organisations';
  readonly action = 'directory.imported';
  readonly tables = ['organisation'];
  private readonly asOf: string | undefined;
  private readonly today: string;
  private stageTables: OrganisationStage;

  constructor(
    private readonly paths: readonly string[],
    private readonly request: OrganisationImportRequest,
    now: Date,
  ) {
    this.asOf = request.asOf === undefined ? undefined : parseCalendarDate(request.asOf);
    this.today = LondonTime.fromInstant(now).date;
  }

  async stage(trx: Trx): Promise<StagedFiles> {
    const scratch = await mkdtemp(join(tmpdir(), 'cqrs-ods-'));
    try {
      return await this.stageFiles(await findOdsFiles(this.paths, scratch), trx);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  private async stageFiles(files: readonly OdsFile[], trx: Trx): Promise<StagedFiles> {
    this.stageTables = await OrganisationStage.create(trx);
    await this.stageTables.add(REGIONS.map(regionFacts).map((facts) => this.versionOf(facts, 0, 0)));
    const readers: TableReader<Columns>[] = [];
    for (const file of files) {
      const reader = await this.stageFile(file, readers.length + 1);
      if (reader) readers.push(reader);
    }
    for (const { fileNumber, row, firstRow } of await this.stageTables.contradictions()) {
      const fault = {
        row,
        column: 'code',
        valueClass: 'code of another row',
        message: `Says something else of the organisation than row ${firstRow} does`,
        remedy: 'Download the file again from ODS',
      };
      readers[fileNumber - 1]?.addFaults([fault], 1);
    }
    const skipped = files.filter(({ kind }) => kind === 'skipped').map(({ path }) => basename(path));
    return {
      readers,
      warnings: warningsOf([['not-ods', 'Files of the folder or zip file that are no ODS files: not read', skipped]]),
    };
  }

  async compare(): Promise<ImportCounts & { known: number }> {
    return this.stageTables.compare();
  }

  async apply(_: Trx, batchId: number): Promise<void> {
    await this.stageTables.apply(batchId);
  }

  async warnings(): Promise<ImportWarning[]> {
    const { older, undecided, absent } = await this.stageTables.oddities();
    const unresolved = await this.stageTables.unresolvedParents();
    return warningsOf([
      ['unknown-commissioner', 'Active practices whose commissioner is not known as one', unresolved.commissioner],
      ['closed-commissioner', 'Active practices whose commissioner is closed', unresolved.closedCommissioner],
      ['unknown-region', 'Active practices whose region is none of NHS England', unresolved.region],
      ['unknown-icb', 'Active practices whose ICB is not known', unresolved.icb],
      ['older', 'Rows older than what is known: kept as history. If the file is newer, say so (--as-of DATE)', older],
      [
        'undecided',
        'Organisations told of in two ways under the same dates: say of what day the newer file is (--as-of DATE)',
        undecided,
      ],
      ['absent', 'Organisations that the files of their kind do not name: kept as they are', absent],
    ]);
  }

  private async stageFile(file: OdsFile, fileNumber: number): Promise<TableReader<Columns> | undefined> {
    switch (file.kind) {
      case 'skipped':
        return undefined;
      case 'icb-names': {
        const format = icbFormat(file.year);
        const [code, name] = Object.keys(format.columns) as [string, string];
        // The list is that of 1 April of its year.
        const published = `20${file.year}-04-01`;
        return this.read(file.path, fileNumber, format, (row) => icbFacts(row[code] ?? '', row[name] ?? ''), published);
      }
      case 'practices':
      case 'commissioners':
      case 'trusts': {
        const format = file.kind === 'practices' ? PRACTICE_FORMAT : ODS_FORMAT;
        return this.read(file.path, fileNumber, format, (row) => odsFacts(row, file.kind), UNDATED);
      }
    }
  }

  private async read<C extends Columns>(
    path: string,
    fileNumber: number,
    format: TableFormat<C>,
    factsOf: (row: RowValues<C>) => OrganisationFacts,
    published: string,
  ): Promise<TableReader<Columns>> {
    const reader = await TableReader.open(path, format, this.request.onProgress);
    let fileDate = published;
    for await (const rows of reader.batches()) {
      const versions = rows.map(({ row, values }) => this.versionOf(factsOf(values), fileNumber, row));
      for (const { dated_on } of versions) if (dated_on > fileDate) fileDate = dated_on;
      await this.stageTables.add(versions);
    }
    await this.stageTables.dateFile(fileNumber, this.asOf ?? fileDate);
    return reader;
  }

  private versionOf(facts: OrganisationFacts, fileNumber: number, row: number): StagedOrganisation {
    const dated = fileNumber > 0 && this.asOf !== undefined ? this.asOf : datedOn(facts, this.today);
    return {
      ...facts,
      file_number: fileNumber,
      file_row: row,
      dated_on: dated,
      file_dated_on: dated,
      facts_hash: factsHash(facts),
    };
  }
}
