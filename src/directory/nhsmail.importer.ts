import { personNameKey } from '../shared/person-name.js';
import { type ImportCounts, type ImportRequest, type ImportWarning } from './import.report.js';
import { warningsOf } from './import.warnings.js';
import { type Importer, type StagedFiles } from './importer.js';
import { NhsmailStage } from './nhsmail-stage.js';
import { NHSMAIL_FORMAT } from './nhsmail.format.js';
import { type Trx } from './staging.js';
import { TableReader } from './table.reader.js';

export class NhsmailImporter implements Importer {
  readonly kind = 'nhsmail';
  readonly action = 'directory.imported';
  readonly tables = ['nhsmail_entry', 'nhsmail_alias'];
  private stageTables: NhsmailStage;

  constructor(
    private readonly path: string,
    private readonly request: ImportRequest,
  ) {}

  async stage(trx: Trx): Promise<StagedFiles> {
    this.stageTables = await NhsmailStage.create(trx);
    const reader = await TableReader.open(this.path, NHSMAIL_FORMAT, this.request.onProgress);
    for await (const rows of reader.batches()) {
      await this.stageTables.add(
        rows.map(({ row, values }) => ({
          ...values,
          file_row: row,
          // Some systems list the primary address among its own aliases.
          aliases: [...new Set(values.aliases)].filter((alias) => alias !== values.address).sort(),
          name_key: personNameKey(values.first_name, values.last_name),
        })),
      );
    }
    const contradictions = await this.stageTables.contradictions();
    const faults = contradictions.map(({ row, firstRow }) => ({
      row,
      column: 'address',
      valueClass: 'address of another row',
      message: `Says something else of the address than row ${firstRow} does`,
      remedy: 'Give every address one row',
    }));
    reader.addFaults(faults, contradictions[0]?.total ?? 0);
    return { readers: [reader], warnings: [] };
  }

  async compare(): Promise<ImportCounts & { known: number }> {
    return this.stageTables.compare();
  }

  async mixedUp(): Promise<number> {
    return this.stageTables.mixedUp();
  }

  async apply(_: Trx, batchId: number, now: Date): Promise<void> {
    await this.stageTables.apply(batchId, now);
  }

  async warnings(): Promise<ImportWarning[]> {
    const { doubled, ambiguousAliases, unknownAccounts } = await this.stageTables.oddities();
    return warningsOf([
      ['doubled-address', 'Rows that repeat an earlier row: taken once', doubled],
      ['ambiguous-alias', 'An address that more than one row claims: it identifies nobody', ambiguousAliases],
      ['unknown-account', 'Recorded links to accounts that no export has named: kept', unknownAccounts],
    ]);
  }
}
