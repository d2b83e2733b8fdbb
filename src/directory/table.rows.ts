import { type RawBatch, readCsv } from './csv.reader.js';
import { type TableFile } from './table-file.js';
import { readXlsx, type SheetChoice } from './xlsx.reader.js';

/** The rows of a CSV file, or of the first visible sheet of a workbook that is not empty, as they stand there. */
export function readRows(
  file: TableFile,
  onSheet: (choice: SheetChoice) => void = () => undefined,
): AsyncGenerator<RawBatch> {
  return file.format === 'csv' ? readCsv(file) : readXlsx(file, onSheet);
}
