import { InvalidInputError } from '../shared/errors.js';

/** The `t` of a cell: number, shared string, formula's string, inline string, boolean, error, ISO date. */
export type CellKind = 'n' | 's' | 'str' | 'inlineStr' | 'b' | 'e' | 'd';

export interface CellStyles {
  /** Dates count from 1904 instead of 1900. */
  readonly since1904: boolean;
  /** Which cell styles show their number as a date. */
  readonly dateStyles: ReadonlySet<number>;
}

/** Of a workbook or a CSV file. */
export const MAX_COLUMNS = 1_000;
const DAY = 86_400_000;

/** Some writers put a prefix before every tag: `x:row` is a `row`. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** Zero-based column of a reference such as `AB12`; without one the cell stands after the one at `previous`. */
export function columnIndex(reference: string | undefined, previous: number, fileName: string): number {
  let index = reference === undefined ? previous + 2 : 0;
  for (const letter of reference ?? '') {
    const digit = letter.charCodeAt(0) - 64;
    if (digit < 1 || digit > 26) break;
    index = index * 26 + digit;
  }
  if (index >= 1 && index <= MAX_COLUMNS) return index - 1;
  throw new InvalidInputError('workbook-refused', `${fileName} has more than ${MAX_COLUMNS} columns.`);
}

/** The text a CSV twin would hold: dates in ISO form, whole numbers without a point, TRUE and FALSE. */
export function cellText(text: string, kind: CellKind, styles: CellStyles, style: number): string {
  switch (kind) {
    case 'b':
      return text === '1' ? 'TRUE' : 'FALSE';
    case 'n':
      return text === '' ? '' : numberText(text, styles, style);
    case 's':
    case 'str':
    case 'inlineStr':
    case 'e':
    case 'd':
      return text;
  }
}

function numberText(text: string, styles: CellStyles, style: number): string {
  const number = Number(text);
  if (!Number.isFinite(number)) return text;
  if (styles.dateStyles.has(style)) return serialDate(number, styles.since1904);
  return Number.isInteger(number) && Math.abs(number) < 1e21 ? BigInt(number).toString() : String(number);
}

/** Excel counts days from 1900 as if 29 February 1900 had existed: from 1 March 1900 on, day 0 is 30 December 1899. */
function serialDate(serial: number, since1904: boolean): string {
  const epoch = since1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30);
  const instant = new Date(epoch + Math.round((serial * DAY) / 1_000) * 1_000);
  if (Number.isNaN(instant.getTime())) return String(serial);
  const iso = instant.toISOString();
  return Number.isInteger(serial) ? iso.slice(0, 10) : iso.slice(0, 19);
}

const BUILT_IN_DATES = new Set([14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47]);

/** Whether a number format shows a date: one of Excel's own, or a code with day, month, year or hour outside quotes. */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return BUILT_IN_DATES.has(id);
  return /[dmyh]/i.test(code.replace(/"[^"]*"|\\.|\[[^\]]*\]|General/gi, ''));
}
