import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { InvalidInputError } from '../shared/errors.js';
import { fromWindows1252 } from '../shared/windows-1252.js';
import { type TableFile } from './table-file.js';
import { MAX_COLUMNS } from './xlsx.cell.js';

export interface RawRow {
  /** As a spreadsheet numbers it: the header is row 1, a blank line counts, a line break inside quotes does not. */
  readonly row: number;
  readonly cells: readonly string[];
}

export interface RawBatch {
  readonly rows: readonly RawRow[];
  /** How far the reading has come, out of `totalBytes`. */
  readonly bytes: number;
  readonly totalBytes: number;
}

export const ROWS_PER_BATCH = 2_000;

/** No honest row is longer; an unclosed quotation mark would otherwise swallow the rest of the file into memory. */
const MAX_RECORD = 1_000_000;
/** A row of a million commas is as short as any, and a million cells in memory. */
const TOO_WIDE = `the row has more than ${MAX_COLUMNS.toLocaleString('en-GB')} columns`;

export async function* readCsv(file: TableFile & { format: 'csv' }): AsyncGenerator<RawBatch> {
  const source = createReadStream(file.path, { highWaterMark: 1 << 18, start: file.start });
  const parser = parse({
    delimiter: file.delimiter,
    bom: true,
    encoding: file.encoding === 'utf-8' ? 'utf8' : 'latin1',
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_RECORD,
  });
  source.once('error', (error) => parser.destroy(error));
  const decode =
    file.encoding === 'utf-8' ? (cells: string[]) => cells : (cells: string[]) => cells.map(fromWindows1252);
  let rows: RawRow[] = [];
  let row = 0;
  try {
    for await (const cells of source.pipe(parser) as AsyncIterable<string[]>) {
      row += 1;
      if (cells.length > MAX_COLUMNS) throw refused(file.name, row, TOO_WIDE);
      rows.push({ row, cells: decode(cells) });
      if (rows.length === ROWS_PER_BATCH) {
        yield { rows, bytes: source.bytesRead, totalBytes: file.bytes };
        rows = [];
      }
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(file.name, row + 1, error) : error;
  } finally {
    source.destroy();
  }
  if (rows.length > 0) yield { rows, bytes: file.bytes, totalBytes: file.bytes };
}

const UNREADABLE: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quotation mark is opened there and not closed',
  CSV_MAX_RECORD_SIZE: `the row is longer than ${MAX_RECORD.toLocaleString('en-GB')} characters; perhaps a quotation mark is not closed`,
};

function unreadable(name: string, row: number, cause: CsvError): InvalidInputError {
  return refused(name, row, UNREADABLE[cause.code] ?? 'it is not well-formed CSV', cause);
}

function refused(name: string, row: number, why: string, cause?: CsvError): InvalidInputError {
  return new InvalidInputError('csv-unreadable', `${name} cannot be read from row ${row} on: ${why}.`, { cause });
}
