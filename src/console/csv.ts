import { stringify } from 'csv-stringify/sync';
import { neutralise } from '../shared/spreadsheet-cell.js';

/**
 * A CSV file for spreadsheets (RFC 4180, with a byte-order mark so that Excel reads UTF-8). Texts
 * that a spreadsheet would run as a formula are neutralised: they came from other people's files.
 */
export function csvFile(header: readonly string[], rows: Iterable<readonly (string | number)[]>): string {
  const records = [
    [...header],
    ...[...rows].map((row) => row.map((cell) => (typeof cell === 'string' ? neutralise(cell) : cell))),
  ];
  return stringify(records, { bom: true, record_delimiter: 'windows' });
}
