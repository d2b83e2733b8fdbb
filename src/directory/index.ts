export {
  IMPORT_KINDS,
  type AccountStatus,
  type CqrsRole,
  type DirectoryTables,
  type ImportKind,
  type NhsmailStatus,
  type NhsmailType,
  type OrganisationKind,
} from './directory.tables.js';
export { TableReader } from './table.reader.js';
export { required, tableFormat, type RowFault, type TableRow } from './table.format.js';
export { date, odsCode, oneOf, someText } from './cell.types.js';
export { IMPORT_FILE, importQuerySchema, importReportSchema } from './directory.api.js';
export { DirectoryModule } from './directory.module.js';
export { DirectoryService } from './directory.service.js';
export { type Account, type DirectoryCounts } from './directory.repository.js';
export { ImportService } from './import.service.js';
export { type Importer, type StagedFiles } from './importer.js';
export { ImportUndo } from './import.undo.js';
export {
  shownReport,
  type ImportCounts,
  type ImportReport,
  type ImportRequest,
  type ImportWarning,
} from './import.report.js';
