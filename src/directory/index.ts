export {
  ACCOUNT_STATUSES,
  CQRS_ROLES,
  IMPORT_KINDS,
  NHSMAIL_STATUSES,
  NHSMAIL_TYPES,
  ORGANISATION_KINDS,
  ORGANISATION_STATUSES,
  type AccountStatus,
  type CqrsRole,
  type DirectoryTables,
  type ImportKind,
  type NhsmailStatus,
  type NhsmailType,
  type OrganisationKind,
  type OrganisationStatus,
} from './directory.tables.js';
export { TableReader, MAX_LISTED_FAULTS, type FileSummary, type Progress } from './table.reader.js';
export {
  optional,
  required,
  tableFormat,
  type Column,
  type Columns,
  type RowFault,
  type RowValues,
  type TableFormat,
  type TableRow,
} from './table.format.js';
export { anyText, barSeparated, date, dateOrNone, odsCode, odsCodeOrNone, oneOf, someText } from './cell.types.js';
export { IMPORT_FILE, importQuerySchema, importReportSchema } from './directory.api.js';
export { DirectoryModule } from './directory.module.js';
export { DirectoryService } from './directory.service.js';
export {
  type Account,
  type DirectoryCounts,
  type ImportBatch,
  type Organisation,
  type OrganisationChange,
} from './directory.repository.js';
export { ImportService } from './import.service.js';
export { type Importer, type StagedFiles } from './importer.js';
export { ImportUndo } from './import.undo.js';
export {
  shownReport,
  type ImportCounts,
  type ImportReport,
  type ImportRequest,
  type ImportWarning,
  type OrganisationImportRequest,
} from './import.report.js';
