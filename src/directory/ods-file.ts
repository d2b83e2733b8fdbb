import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InvalidInputError } from '../shared/errors.js';
import { readCsv } from './csv.reader.js';
import { type OdsFileKind } from './ods.format.js';
import { inspectTableFile } from './table-file.js';

export type OdsFile = { readonly path: string } & (
  | { readonly kind: OdsFileKind }
  | { readonly kind: 'icb-names'; readonly year: string }
  /** A file in a folder that is no ODS file at all: not read, and said so. */
  | { readonly kind: 'skipped' }
);

const WIDTH = 27;
const SAMPLE = 5_000;

/** The organisation files among the given paths; a folder stands for the .csv files in it. */
export async function findOdsFiles(paths: readonly string[]): Promise<OdsFile[]> {
  const files: OdsFile[] = [];
  for (const path of paths) {
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    const members = isFolder ? (await readdir(path)).filter((name) => /\.csv$/i.test(name)).sort() : [];
    if (isFolder && members.length === 0) {
      throw new InvalidInputError('no-ods-files', `The folder ${basename(path)} holds no CSV files.`);
    }
    if (!isFolder) files.push(await recognise(path, false));
    for (const name of members) files.push(await recognise(join(path, name), true));
  }
  if (files.some(({ kind }) => kind !== 'skipped')) return files;
  throw new InvalidInputError('no-ods-files', 'Found no ODS file: expected epraccur, eccg, etr or ICB names as CSV.');
}

/** By content, as these files get renamed. @throws InvalidInputError `not-ods` naming the file. */
async function recognise(path: string, isFolderMember: boolean): Promise<OdsFile> {
  const file = await inspectTableFile(path);
  const rows: (readonly string[])[] = [];
  if (file.format === 'csv') {
    for await (const batch of readCsv(file)) {
      rows.push(...batch.rows.map(({ cells }) => cells).filter((cells) => cells.some((cell) => cell !== '')));
      if (rows.length >= SAMPLE) break;
    }
  }
  const year = icbYear(rows[0] ?? []);
  if (year !== undefined) return { path, kind: 'icb-names', year };
  if (rows[0]?.length === WIDTH) {
    const kind = kindOf(rows);
    if (kind) return { path, kind };
    throw new InvalidInputError(
      'not-ods',
      `${file.name} is an ODS file, but none of those that are used: epraccur (GP practices), eccg (commissioners), etr (trusts).`,
    );
  }
  if (isFolderMember) return { path, kind: 'skipped' };
  throw new InvalidInputError(
    'not-ods',
    `${file.name} is no ODS file: expected ${WIDTH} columns without a header (epraccur, eccg, etr), or ICB names.`,
  );
}

function icbYear(header: readonly string[]): string | undefined {
  const years = header.map((cell) => /^\s*ICB(\d\d)CDH\s*$/i.exec(cell)?.[1]);
  return years.find((year) => year !== undefined);
}

/** Each tests one row. A file is of a kind when nine of ten rows are: one bad row is reported as a row, not as a file. */
const SHAPES: Readonly<Record<OdsFileKind, (cells: readonly string[]) => boolean>> = {
  // Status, sub-type B (belongs to a commissioner) or Z (to none), numeric prescribing setting.
  practices: (cells) =>
    /^[ACDP]$/.test(cells[12] ?? '') && /^[BZ]?$/.test(cells[13] ?? '') && /^\d+$/.test(cells[25] ?? ''),
  // No status; a role code, or a name that says what it is (closed CCGs have no role).
  commissioners: (cells) =>
    cells[12] === '' && (/^RO\d+/.test(cells[13] ?? '') || /\bCCG\b|\bICB\b|COMMISSIONING/i.test(cells[1] ?? '')),
  trusts: (cells) =>
    cells[12] === '' && cells[13] === '' && /\bTRUST\b/i.test(cells[1] ?? '') && /^[A-Z]$/.test(cells[23] ?? ''),
};

function kindOf(rows: readonly (readonly string[])[]): OdsFileKind | undefined {
  const kinds = Object.keys(SHAPES) as OdsFileKind[];
  return kinds.find((kind) => rows.filter(SHAPES[kind]).length >= rows.length * 0.9);
}
