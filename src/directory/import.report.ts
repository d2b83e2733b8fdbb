import { type CellCleanUp } from './cell.rules.js';
import { type ImportKind } from './directory.tables.js';
import { type RowFault } from './table.format.js';
import { type FileSummary, type Progress } from './table.reader.js';

export interface ImportRequest {
  /** Who imports, as the audit trail names them: `system:cli`, a principal's id. */
  readonly actor: string;
  /** Does everything, then undoes it: the report says what would change. */
  readonly dryRun?: boolean;
  /** A file that lacks much of what is known (see `doubt.rules.ts`) is refused without this. */
  readonly allowShrink?: boolean;
  /** The same of a file in which many known have got what was somebody else's. */
  readonly allowChanges?: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

export interface OrganisationImportRequest extends ImportRequest {
  /** The day (YYYY-MM-DD) all the files are of. Otherwise the dates in the files say which is newer. */
  readonly asOf?: string;
}

/** Something that was accepted and that somebody should look at. Items are codes, ids and row numbers, all of them. */
export interface ImportWarning {
  readonly code: string;
  readonly message: string;
  readonly items: readonly string[];
}

export interface ImportCounts {
  readonly added: number;
  readonly changed: number;
  /** Known before and not in the file. Kept, and marked as gone. */
  readonly gone: number;
  readonly unchanged: number;
}

/** What an import did, would do (dry run), or was refused for (faults). Fit for JSON; holds no personal data. */
export interface ImportReport extends ImportCounts {
  readonly kind: ImportKind;
  readonly applied: boolean;
  readonly dryRun: boolean;
  /** Only of an import that was applied. */
  readonly batchId?: number;
  readonly files: readonly FileSummary[];
  readonly warnings: readonly ImportWarning[];
  /** All of them, but for absurd numbers: see `MAX_LISTED_FAULTS`. */
  readonly faults: readonly RowFault[];
  readonly faultCount: number;
  readonly ignoredColumns: readonly string[];
  /** In how many cells something was taken away before reading. */
  readonly cleanUps: Readonly<Partial<Record<CellCleanUp, number>>>;
}

const MOST_SHOWN = 1_000;

/** The report for an answer over the network: a file of which nothing fits lists no hundred thousand faults. */
export function shownReport(report: ImportReport): ImportReport {
  return { ...report, faults: report.faults.slice(0, MOST_SHOWN) };
}
