import { Injectable } from '@nestjs/common';
import { type Kysely, type Transaction } from 'kysely';
import { AuditTrail } from '../access/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { InvalidInputError } from '../shared/errors.js';
import { AccountImporter } from './account.importer.js';
import { type DirectoryFileKind, type DirectoryTables } from './directory.tables.js';
import {
  type ImportCounts,
  type ImportReport,
  type ImportRequest,
  type OrganisationImportRequest,
} from './import.report.js';
import { takeTurn } from './import.turn.js';
import { type Importer } from './importer.js';
import { NhsmailImporter } from './nhsmail.importer.js';
import { NoNhsmailImporter } from './no-nhsmail.importer.js';
import { OrganisationImporter } from './organisation.importer.js';
import { doubtsOf, isMuch, isNotable } from './doubt.rules.js';
import { analyse } from './staging.js';
import { type Columns } from './table.format.js';
import { type TableReader } from './table.reader.js';

const NOTHING: ImportCounts = { added: 0, changed: 0, gone: 0, unchanged: 0 };

/**
 * Imports files into the directory, each whole or not at all: any bad row refuses the file (`applied: false` and
 * every fault listed). The same file twice changes nothing. Two imports of one kind at a time: the second is a
 * ConflictError. A file that is no table of its kind is an InvalidInputError.
 */
@Injectable()
export class ImportService {
  constructor(
    @InjectDatabase() private readonly db: Kysely<DirectoryTables>,
    private readonly clock: Clock,
    private readonly audit: AuditTrail,
  ) {}

  /** ODS `epraccur`, `eccg`, `etr` and ICB names, told apart by content; a folder or zip file for the tables in it. */
  async importOrganisations(paths: readonly string[], request: OrganisationImportRequest): Promise<ImportReport> {
    return this.run(new OrganisationImporter(paths, request, this.clock.now()), request);
  }

  /** The full CQRS export. Accounts that it lacks are kept, disabled and marked as gone. */
  async importAccounts(path: string, request: ImportRequest): Promise<ImportReport> {
    return this.run(new AccountImporter(path, request), request);
  }

  /** The full NHSmail directory extract. Addresses that it lacks are kept, as deleted, and marked as gone. */
  async importNhsmail(path: string, request: ImportRequest): Promise<ImportReport> {
    return this.run(new NhsmailImporter(path, request), request);
  }

  /** The full list of accounts known to have no NHSmail. Accounts that it lacks are no longer on the list. */
  async importNoNhsmail(path: string, request: ImportRequest): Promise<ImportReport> {
    return this.run(new NoNhsmailImporter(path, request), request);
  }

  /** One file of a kind. */
  async importFile(kind: DirectoryFileKind, path: string, request: ImportRequest): Promise<ImportReport> {
    switch (kind) {
      case 'organisations':
        return this.importOrganisations([path], request);
      case 'accounts':
        return this.importAccounts(path, request);
      case 'nhsmail':
        return this.importNhsmail(path, request);
      case 'no-nhsmail':
        return this.importNoNhsmail(path, request);
    }
  }

  /** What all imports have in common; `importer` does what its kind asks for. */
  async run(importer: Importer, request: ImportRequest): Promise<ImportReport> {
    const trx = await this.db.startTransaction().execute();
    try {
      await takeTurn(trx, importer.kind);
      const report = await this.runWithin(trx, importer, request);
      await (report.applied ? trx.commit() : trx.rollback()).execute();
      return report;
    } catch (error) {
      if (!trx.isCommitted && !trx.isRolledBack) await trx.rollback().execute();
      throw error;
    }
  }

  private async runWithin(
    trx: Transaction<DirectoryTables>,
    importer: Importer,
    request: ImportRequest,
  ): Promise<ImportReport> {
    const dryRun = request.dryRun ?? false;
    const { readers, warnings } = await importer.stage(trx);
    const about = { kind: importer.kind, dryRun, ...summaryOf(readers) };
    if (about.faultCount > 0) return { ...about, ...NOTHING, applied: false, warnings };

    const { known, ...counts } = await importer.compare(trx);
    // Those that are mixed up are among the changed.
    const mixedUp = isMuch(counts.changed, known) ? ((await importer.mixedUp?.(trx)) ?? 0) : 0;
    const { added, gone } = counts;
    const renumbered = isNotable(Math.min(added, gone)) ? ((await importer.renumbered?.(trx)) ?? 0) : 0;
    const doubts = doubtsOf({ known, gone, renumbered, mixedUp }, about.files[0]?.name ?? '');
    const refused = doubts.find(({ allowedBy }) => !request[allowedBy]);
    if (refused && !dryRun) throw new InvalidInputError(`import-${refused.code}`, refused.refusal);
    const now = this.clock.now();
    const batchId = await this.recordBatch(trx, { ...about, ...counts }, request.actor, now);
    await importer.apply(trx, batchId, now);
    // What reads these tables right after a first import would plan for empty ones.
    for (const table of importer.tables) await analyse(trx, table);
    const report = { ...about, ...counts, warnings: [...warnings, ...(await importer.warnings(trx))] };
    if (dryRun) {
      const doubtful = doubts.map(({ code, message }) => ({ code, message, items: [] }));
      return { ...report, applied: false, warnings: [...doubtful, ...report.warnings] };
    }
    await this.audit.record(
      {
        actor: request.actor,
        action: importer.action,
        subject: `import:${batchId}`,
        details: { kind: importer.kind, ...counts, files: about.files.map(({ name, sha256 }) => ({ name, sha256 })) },
      },
      trx,
    );
    return { ...report, applied: true, batchId };
  }

  private async recordBatch(
    trx: Transaction<DirectoryTables>,
    { kind, files, added, changed, gone, unchanged }: ImportCounts & Pick<ImportReport, 'kind' | 'files'>,
    actor: string,
    now: Date,
  ): Promise<number> {
    const { id } = await trx
      .insertInto('import_batch')
      .values({
        kind,
        files: JSON.stringify(files),
        added,
        changed,
        gone,
        unchanged,
        undoes: null,
        imported_by: actor,
        applied_at: now,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }
}

function summaryOf(readers: readonly TableReader<Columns>[]) {
  const cleanUps: Record<string, number> = {};
  for (const reader of readers) {
    for (const [what, count] of Object.entries(reader.cleanUps)) cleanUps[what] = (cleanUps[what] ?? 0) + count;
  }
  return {
    files: readers.map((reader) => reader.summary),
    faults: readers.flatMap((reader) => reader.faults),
    faultCount: readers.reduce((sum, reader) => sum + reader.faultCount, 0),
    ignoredColumns: [...new Set(readers.flatMap((reader) => reader.ignoredColumns))],
    cleanUps,
  };
}
