import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InvalidInputError } from '../shared/errors.js';
import { cleanCell, isBlank } from './cell.rules.js';
import { COMMISSIONING_ROLES, isOdsHeader, type OdsFileKind } from './ods.format.js';
import { inspectTableFile, type TableFile, unreadable } from './table-file.js';
import { readRows } from './table.rows.js';
import { type SheetChoice } from './xlsx.reader.js';
import { isCsvName, unpackCsv } from './zip.unpacker.js';

export type OdsFile = { readonly path: string } & (
  | { readonly kind: OdsFileKind }
  | { readonly kind: 'icb-names'; readonly year: string }
  /** A file in a folder or zip file that is no ODS file at all: not read, and said so. */
  | { readonly kind: 'skipped' }
);

const WIDTH = 27;
const SAMPLE = 5_000;

/**
 * The organisation files among the given paths. A folder stands for the .csv files in it, and so does a zip file as ODS
 * publishes them; those are unpacked into `scratch`.
 */
export async function findOdsFiles(paths: readonly string[], scratch: string): Promise<OdsFile[]> {
  const files: OdsFile[] = [];
  for (const path of paths) {
    const members = (await isFolder(path)) ? await folderMembers(path) : await unpackCsv(path, scratch);
    if (members === undefined) files.push(await recognise(path, false));
    else if (members.length > 0) for (const member of members) files.push(await recognise(member, true));
    else throw new InvalidInputError('no-ods-files', `${basename(path)} holds no CSV files.`);
  }
  if (files.some(({ kind }) => kind !== 'skipped')) return files;
  throw new InvalidInputError('no-ods-files', 'Found no ODS file: expected epraccur, eccg, etr or ICB names as CSV.');
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function folderMembers(path: string): Promise<string[]> {
  const names = await readdir(path).catch((error: unknown) => {
    throw unreadable(basename(path), error);
  });
  return names
    .filter(isCsvName)
    .sort()
    .map((name) => join(path, name));
}

/** By content, as these files get renamed. @throws InvalidInputError `not-ods` naming the file. */
async function recognise(path: string, isMember: boolean): Promise<OdsFile> {
  const file = await inspectTableFile(path);
  let sheets: SheetChoice | undefined;
  const rows = await firstRows(file, (choice) => (sheets = choice));
  const year = icbYear(rows[0] ?? []);
  if (year !== undefined) return { path, kind: 'icb-names', year };
  if (isOdsHeader(rows[0] ?? [])) rows.shift();
  if (hasOdsWidth(rows[0] ?? [])) {
    const kind = kindOf(rows);
    if (kind) return { path, kind };
    throw new InvalidInputError(
      'not-ods',
      `${file.name} is an ODS file, but none of those that are used: epraccur (GP practices), eccg (commissioners), etr (trusts).`,
    );
  }
  if (isMember) return { path, kind: 'skipped' };
  const found = `${rows[0]?.length ?? 0}${sheets === undefined ? '' : ` on the sheet that is read (${sheets.sheet})`}`;
  throw new InvalidInputError(
    'not-ods',
    `${file.name} is no ODS file: expected ${WIDTH} columns without a header (epraccur, eccg, etr), or ICB names. Its first row has ${found}.`,
  );
}

async function firstRows(file: TableFile, onSheet: (choice: SheetChoice) => void): Promise<string[][]> {
  const rows: string[][] = [];
  for await (const batch of readRows(file, onSheet)) {
    const written = batch.rows.filter(({ cells }) => !cells.every(isBlank));
    rows.push(...written.map(({ cells }) => cells.map((cell) => cleanCell(cell, () => undefined))));
    if (rows.length >= SAMPLE) break;
  }
  return rows;
}

/** A spreadsheet keeps no empty columns at the end; column 22 is filled in every ODS file. */
function hasOdsWidth({ length }: readonly string[]): boolean {
  return length >= 22 && length <= WIDTH;
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
  // No status, no parent (the sites of commissioners have one); a role, or a name that says what it is.
  commissioners: (cells) =>
    cells[12] === '' &&
    cells[14] === '' &&
    (/^RO\d/.test(cells[13] ?? '')
      ? (cells[13] ?? '').split('|').some((role) => COMMISSIONING_ROLES.includes(role))
      : /\bCCG\b|\bICB - |COMMISSIONING (?:GROUP|HUB)/i.test(cells[1] ?? '')),
  trusts: (cells) =>
    cells[12] === '' &&
    cells[14] === '' &&
    /^(?:RO\d[\dRO|]*)?$/.test(cells[13] ?? '') &&
    /\bTRUST\b/i.test(cells[1] ?? '') &&
    /^[A-Z]?$/.test(cells[23] ?? ''),
};

function kindOf(rows: readonly (readonly string[])[]): OdsFileKind | undefined {
  const kinds = Object.keys(SHAPES) as OdsFileKind[];
  return kinds.find((kind) => rows.filter(SHAPES[kind]).length >= rows.length * 0.9);
}
