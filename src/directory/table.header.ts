import { InvalidInputError } from '../shared/errors.js';
import { cleanCell } from './cell.rules.js';
import { fold } from './cell.types.js';
import { type Columns, type TableFormat } from './table.format.js';

export interface Header<C extends Columns> {
  /** For each column of the format the place of its cell in a row, or undefined when the file lacks it. */
  readonly places: ReadonlyMap<keyof C & string, number | undefined>;
  readonly ignored: readonly string[];
  readonly width: number;
  /** A row of a CSV file with fewer cells has lost some: a file that breaks off, a line break without quotes. */
  readonly least: number;
}

/** @param width how many cells each row has, where that is fewer than there are columns: the last ones are empty. */
export function positionalHeader<C extends Columns>(
  { columns }: TableFormat<C>,
  width = Object.keys(columns).length,
): Header<C> {
  const names = Object.keys(columns) as (keyof C & string)[];
  return { places: new Map(names.map((name, place) => [name, place])), ignored: [], width, least: width };
}

/**
 * Matches header names without regard to case, spaces, hyphens and underscores.
 * @throws InvalidInputError `missing-columns` or `duplicate-columns`, listing what the file has.
 */
export function matchHeader<C extends Columns>(
  cells: readonly string[],
  format: TableFormat<C>,
  file: { readonly name: string; readonly note: string },
): Header<C> {
  const found = cells.map((cell) => cleanCell(cell, () => undefined).replace(/\s+/g, ' '));
  const folded = found.map(fold);
  const wanted = Object.keys(format.columns) as (keyof C & string)[];
  const places = new Map(wanted.map((name) => [name, placeOf(folded, name)]));
  const missing = wanted.filter((name) => format.columns[name]?.required && places.get(name) === undefined);
  if (missing.length > 0) {
    throw new InvalidInputError(
      'missing-columns',
      `${file.name} is not a complete ${format.name} file: it has no column ${missing.join(', ')}. ${whatItHas(found, places)}${file.note}`,
    );
  }
  const known = new Set(wanted.map(fold));
  const twice = found.filter((name, index) => known.has(fold(name)) && folded.indexOf(fold(name)) !== index);
  if (twice.length > 0) {
    const names = [...new Set(twice)].map(shown).join(', ');
    throw new InvalidInputError(
      'duplicate-columns',
      `${file.name} has more than one column called ${names}.${file.note}`,
    );
  }
  const ignored = found.filter((name) => name !== '' && !known.has(fold(name)));
  const least = Math.max(...wanted.map((name) => (format.columns[name]?.required ? (places.get(name) ?? 0) + 1 : 0)));
  return { places, ignored, width: cells.length, least };
}

function placeOf(folded: readonly string[], name: string): number | undefined {
  const place = folded.indexOf(fold(name));
  return place < 0 ? undefined : place;
}

/** A file without a header has people in its first row: only what is surely a header is repeated. */
function whatItHas(found: readonly string[], places: ReadonlyMap<string, number | undefined>): string {
  const isHeader = [...places.values()].some((place) => place !== undefined);
  if (!isHeader) return `None of the ${found.length} cells of its first row is a column name that is known.`;
  return `Its header row has: ${found.slice(0, 40).map(shown).join(', ')}.`;
}

function shown(name: string): string {
  return name === '' ? '(empty)' : name.slice(0, 40);
}
