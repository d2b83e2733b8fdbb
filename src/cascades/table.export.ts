import { stringify } from 'csv-stringify/sync';
import { neutralise } from '../shared/spreadsheet-cell.js';
import { type Cell, workbook } from './workbook.writer.js';

/** A table that leaves the service as a file. It always says when it was made, and from which snapshot. */
export interface TableExport {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly madeAt: Date;
  /** In words, as "tree frozen 2026-09-07T08:00:00Z, accounts import 4". */
  readonly snapshot: string;
}

export const CSV_TYPE = 'text/csv; charset=utf-8';
export const XLSX_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/**
 * A CSV file for spreadsheets (RFC 4180, with a byte-order mark without which Excel misreads anything but ASCII). Texts
 * that a spreadsheet would run as a formula are neutralised: they came from other people's files.
 */
export function csvFile(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const records = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? neutralise(cell) : cell)));
  return stringify([[...header], ...records], { bom: true, record_delimiter: 'windows' });
}

export function toCsv({ header, rows, madeAt, snapshot }: TableExport): string {
  const made = madeAt.toISOString();
  return csvFile(
    [...header, 'Made at', 'Made from'],
    rows.map((row) => [...row, made, snapshot]),
  );
}

export function toWorkbook({ title, header, rows, madeAt, snapshot }: TableExport): Buffer {
  return workbook(
    [
      { name: title, header, rows },
      {
        name: 'About',
        header: ['What', 'Value'],
        rows: [
          ['Made at', madeAt.toISOString()],
          ['Made from', snapshot],
        ],
      },
    ],
    madeAt,
  );
}
