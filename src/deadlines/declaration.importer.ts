import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../access/index.js';
import {
  type ImportReport,
  type ImportRequest,
  type ImportWarning,
  type RowFault,
  TableReader,
  type TableRow,
} from '../directory/index.js';
import { Clock } from '../shared/clock.js';
import { DECLARATION_FORMAT } from './declaration.format.js';
import { DeclarationRepository, type Trx } from './declaration.repository.js';
import { type Declaration, isOfTheFuture, OF_THE_FUTURE } from './declaration.rules.js';

type Row = TableRow<(typeof DECLARATION_FORMAT)['columns']>;

/** Imports the status feed of CQRS from a CSV file or a workbook: the whole file or nothing of it. */
@Injectable()
export class DeclarationImporter {
  constructor(
    private readonly declarations: DeclarationRepository,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /**
   * Any bad row refuses the file: `applied` is false then and every fault listed. A feed is no full list, so nothing is
   * ever gone. Organisations that the directory does not know are a warning, and their declarations are kept.
   *
   * @throws InvalidInputError for a file that is missing or no table of this kind.
   */
  async importDeclarations(path: string, request: ImportRequest): Promise<ImportReport> {
    const trx = await this.declarations.db.startTransaction().execute();
    try {
      const report = await this.importWithin(trx, path, request);
      await (report.applied ? trx.commit() : trx.rollback()).execute();
      return report;
    } catch (error) {
      if (!trx.isCommitted && !trx.isRolledBack) await trx.rollback().execute();
      throw error;
    }
  }

  private async importWithin(
    trx: Trx,
    path: string,
    { actor, dryRun = false, onProgress }: ImportRequest,
  ): Promise<ImportReport> {
    const reader = await TableReader.open(path, DECLARATION_FORMAT, onProgress);
    const counts = { added: 0, changed: 0, gone: 0, unchanged: 0 };
    const codes = new Set<string>();
    const now = this.clock.now();
    for await (const rows of reader.batches()) {
      const early = rows.filter(({ values }) => isOfTheFuture(values.updated_at, now)).map(faultOfTheFuture);
      reader.addFaults(early, early.length);
      if (reader.faultCount > 0) continue;
      const declarations = rows.map(declarationOf);
      for (const { organisationCode } of declarations) codes.add(organisationCode);
      const applied = await this.declarations.apply(declarations, trx);
      counts.added += applied.added;
      counts.changed += applied.changed;
      counts.unchanged += applied.unchanged;
    }
    const { faults, faultCount, ignoredColumns, cleanUps } = reader;
    const about = { kind: 'declarations' as const, dryRun, files: [reader.summary], faults, faultCount };
    const report = { ...about, ignoredColumns, cleanUps };
    if (faultCount > 0) return { ...report, added: 0, changed: 0, gone: 0, unchanged: 0, warnings: [], applied: false };
    const warnings = warningsAbout(await this.declarations.unknownOrganisations([...codes], trx));
    if (dryRun) return { ...report, ...counts, warnings, applied: false };
    const batch = { ...counts, kind: about.kind, files: about.files, importedBy: actor, appliedAt: now };
    const batchId = await this.declarations.recordBatch(batch, trx);
    const files = about.files.map(({ name, sha256 }) => ({ name, sha256 }));
    const details = { ...counts, files };
    await this.audit.record({ actor, action: 'declarations.imported', subject: `import:${batchId}`, details }, trx);
    return { ...report, ...counts, warnings, applied: true, batchId };
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

function warningsAbout(unknown: readonly string[]): ImportWarning[] {
  const message = 'Organisations that the directory does not know: their declarations are kept';
  return unknown.length > 0 ? [{ code: 'unknown-organisation', message, items: unknown }] : [];
}
