import { parseEmailAddress } from '../shared/email-address.js';
import { personNameKey } from '../shared/person-name.js';
import { AccountStage } from './account-stage.js';
import { ACCOUNT_FORMAT } from './account.format.js';
import { type ImportCounts, type ImportRequest, type ImportWarning } from './import.report.js';
import { type Importer, type StagedFiles } from './importer.js';
import { type Trx } from './staging.js';
import { TableReader } from './table.reader.js';
import { warningsOf } from './import.warnings.js';

export class AccountImporter implements Importer {
  readonly kind = 'accounts';
  readonly action = 'directory.imported';
  readonly tables = ['account', 'membership'];
  private stageTables: AccountStage;

  constructor(
    private readonly path: string,
    private readonly request: ImportRequest,
  ) {}

  async stage(trx: Trx): Promise<StagedFiles> {
    this.stageTables = await AccountStage.create(trx);
    const reader = await TableReader.open(this.path, ACCOUNT_FORMAT, this.request.onProgress);
    for await (const rows of reader.batches()) {
      await this.stageTables.add(
        rows.map(({ row, values: { roles, email, ...values } }) => {
          const address = parseEmailAddress(email);
          return {
            ...values,
            file_row: row,
            email: email === '' ? null : email,
            email_normalised: address.ok ? address.address.normalised : null,
            name_key: personNameKey(values.first_name, values.last_name),
            roles: roles.roles,
            unknown_roles: roles.unknownRoles,
          };
        }),
      );
    }
    await this.addContradictions(reader);
    return { readers: [reader], warnings: [] };
  }

  async compare(): Promise<ImportCounts & { known: number }> {
    await this.stageTables.gather();
    return this.stageTables.compare();
  }

  async mixedUp(): Promise<number> {
    return this.stageTables.mixedUp();
  }

  async renumbered(): Promise<number> {
    return this.stageTables.renumbered();
  }

  async apply(_: Trx, batchId: number, now: Date): Promise<void> {
    await this.stageTables.apply(batchId, now);
  }

  async warnings(): Promise<ImportWarning[]> {
    const { doubled, unknownRoles, unknownOrganisations } = await this.stageTables.oddities();
    return warningsOf([
      ['doubled-membership', 'Memberships with more than one row: their roles were put together', doubled],
      ['unknown-role', 'Role names that CQRS is not known to have: kept, and counted for nothing', unknownRoles],
      ['unknown-organisation', 'Organisations that no ODS file has named: memberships kept', unknownOrganisations],
    ]);
  }

  private async addContradictions(reader: TableReader<typeof ACCOUNT_FORMAT.columns>): Promise<void> {
    const contradictions = await this.stageTables.contradictions();
    const faults = contradictions.map(({ row, firstRow, columns }) => ({
      row,
      column: columns.join(', '),
      valueClass: 'differs',
      message: `Says something else of the account than row ${firstRow} does`,
      remedy: 'Give all rows of one account the same account fields',
    }));
    reader.addFaults(faults, contradictions[0]?.total ?? 0);
  }
}
