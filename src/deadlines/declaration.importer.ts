import { type QueryExecutorProvider } from 'kysely';
import {
  type ImportCounts,
  type Importer,
  type ImportRequest,
  type ImportWarning,
  type RowFault,
  type StagedFiles,
  TableReader,
  type TableRow,
} from '../directory/index.js';
import { DECLARATION_FORMAT } from './declaration.format.js';
import { type DeclarationRepository } from './declaration.repository.js';
import { type Declaration, isOfTheFuture, OF_THE_FUTURE } from './declaration.rules.js';

type Row = TableRow<(typeof DECLARATION_FORMAT)['columns']>;

/** The status feed of CQRS as a file. It is no full list, so nothing is ever gone. */
export class DeclarationImporter implements Importer {
  readonly kind = 'declarations';
  readonly action = 'declarations.imported';
  readonly tables = ['declaration'];
  private readonly counts = { added: 0, changed: 0, gone: 0, unchanged: 0, known: 0 };
  private readonly codes = new Set<string>();

  constructor(
    private readonly path: string,
    private readonly request: ImportRequest,
    private readonly declarations: DeclarationRepository,
    private readonly now: Date,
  ) {}

  /** Rows say themselves which of them is newer, so they need no stage: they are written as they are read. */
  async stage(trx: QueryExecutorProvider): Promise<StagedFiles> {
    const reader = await TableReader.open(this.path, DECLARATION_FORMAT, this.request.onProgress);
    for await (const rows of reader.batches()) {
      const early = rows.filter(({ values }) => isOfTheFuture(values.updated_at, this.now)).map(faultOfTheFuture);
      reader.addFaults(early, early.length);
      if (reader.faultCount > 0) continue;
      const declarations = rows.map(declarationOf);
      for (const { organisationCode } of declarations) this.codes.add(organisationCode);
      const { added, changed, unchanged } = await this.declarations.apply(declarations, trx);
      this.counts.added += added;
      this.counts.changed += changed;
      this.counts.unchanged += unchanged;
    }
    return { readers: [reader], warnings: [] };
  }

  async compare(): Promise<ImportCounts & { known: number }> {
    return Promise.resolve(this.counts);
  }

  /** The rows were written while they were read. */
  async apply(trx: QueryExecutorProvider, _: number, now: Date): Promise<void> {
    await this.declarations.heard(now, trx);
  }

  async warnings(trx: QueryExecutorProvider): Promise<ImportWarning[]> {
    const items = await this.declarations.unknownOrganisations([...this.codes], trx);
    const message = 'Organisations that the directory does not know: their declarations are kept';
    return items.length > 0 ? [{ code: 'unknown-organisation', message, items }] : [];
  }
}

function declarationOf({ values }: Row): Declaration {
  return {
    organisationCode: values.organisation_code,
    service: values.service,
    period: values.period,
    declarationRequired: values.declaration_required,
    approvalRequired: values.approval_required,
    status: values.status,
    updatedAt: values.updated_at,
  };
}

function faultOfTheFuture({ row }: Row): Omit<RowFault, 'file'> {
  return {
    row,
    column: 'updated_at',
    valueClass: 'instant to come',
    message: OF_THE_FUTURE,
    remedy: 'Write the instant at which CQRS changed the status',
  };
}
