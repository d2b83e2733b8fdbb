import { type ImportKind } from './directory.tables.js';
import { type ImportCounts, type ImportWarning } from './import.report.js';
import { type Trx } from './staging.js';
import { type Columns } from './table.format.js';
import { type TableReader } from './table.reader.js';

/** The part of an import that differs by kind. All of it works in the one transaction of the import. */
export interface Importer {
  readonly kind: ImportKind;
  /** What the audit trail calls it. */
  readonly action: string;
  /** What `apply` writes to. */
  readonly tables: readonly string[];
  /** Reads the files, as a rule into temporary tables. What is wrong with a row is in the readers' faults. */
  stage(trx: Trx): Promise<StagedFiles>;
  compare(trx: Trx): Promise<ImportCounts & { known: number }>;
  /** How many of the known would get what was somebody else's. Only of kinds that say who somebody is. */
  mixedUp?(trx: Trx): Promise<number>;
  /** How many of those that would be gone come back under another id. Only of kinds with an id besides the address. */
  renumbered?(trx: Trx): Promise<number>;
  apply(trx: Trx, batchId: number, now: Date): Promise<void>;
  /** Asked after `apply`. */
  warnings(trx: Trx): Promise<ImportWarning[]>;
}

export interface StagedFiles {
  readonly readers: readonly TableReader<Columns>[];
  readonly warnings: readonly ImportWarning[];
}
