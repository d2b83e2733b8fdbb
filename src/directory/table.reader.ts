import { InvalidInputError } from '../shared/errors.js';
import { type CellCleanUp, cleanCell, encodingFault, formulaFault, isBlank, valueClass } from './cell.rules.js';
import { type RawRow } from './csv.reader.js';
import { type Delimiter, inspectTableFile, type TableFile, type TextEncoding } from './table-file.js';
import { type KnownCell, KnownCells } from './table.cells.js';
import { type Columns, type RowFault, type RowValues, type TableFormat, type TableRow } from './table.format.js';
import { type Header, matchHeader, positionalHeader } from './table.header.js';
import { readRows } from './table.rows.js';

/** How far the reading of a file has come. For a workbook the bytes are those of the unpacked sheet. */
export interface Progress {
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** A file as the report of an import names it. */
export interface FileSummary {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly format: 'csv' | 'xlsx';
  /** Rows of data: without the header and blank lines. */
  readonly rows: number;
  readonly encoding?: TextEncoding;
  readonly delimiter?: Delimiter;
  /** The sheet that was read, and how many others were not. */
  readonly sheet?: string;
  readonly otherSheets?: number;
}

/** Listed in full up to this many; `faultCount` counts on. Keeps a wholly wrong file of a million rows out of memory. */
export const MAX_LISTED_FAULTS = 100_000;

/**
 * Reads a CSV file or a workbook (first visible sheet that is not empty) as typed rows, streaming: `for await (const
 * rows of table.batches())`. Rows that cannot be read are in `faults` and not among the rows. The other properties are
 * complete once the last batch has been taken.
 */
export class TableReader<C extends Columns> {
  readonly faults: RowFault[] = [];
  faultCount = 0;
  readonly cleanUps: Partial<Record<CellCleanUp, number>> = {};
  ignoredColumns: readonly string[] = [];
  private readonly known = new KnownCells();
  private dataRows = 0;
  private sheet: { sheet: string; otherSheets: number } | undefined;

  private constructor(
    private readonly file: TableFile,
    private readonly format: TableFormat<C>,
    private readonly onProgress: (progress: Progress) => void,
  ) {}

  /** @throws InvalidInputError for a file that is missing, empty, a folder or no table. */
  static async open<C extends Columns>(
    path: string,
    format: TableFormat<C>,
    onProgress: (progress: Progress) => void = () => undefined,
  ): Promise<TableReader<C>> {
    return new TableReader(await inspectTableFile(path), format, onProgress);
  }

  get summary(): FileSummary {
    const { name, sha256, bytes, format } = this.file;
    const about = { name, sha256, bytes, format, rows: this.dataRows };
    if (this.file.format === 'xlsx') return { ...about, ...this.sheet };
    return { ...about, encoding: this.file.encoding, delimiter: this.file.delimiter };
  }

  /** @throws InvalidInputError for missing or doubled columns, a header without rows, and files that break off. */
  async *batches(): AsyncGenerator<TableRow<C>[]> {
    let header: Header<C> | undefined;
    let isFirst = true;
    for await (const batch of readRows(this.file, (choice) => (this.sheet = choice))) {
      const rows: TableRow<C>[] = [];
      for (const raw of batch.rows) {
        if (raw.cells.every(isBlank)) continue;
        const mayBeHeader = isFirst;
        isFirst = false;
        if (this.format.headerless) header ??= positionalHeader(this.format, this.widthOf(raw));
        if (mayBeHeader && this.format.isHeader?.(raw.cells)) continue;
        if (header === undefined) {
          header = matchHeader(raw.cells, this.format, this.described);
          this.ignoredColumns = header.ignored;
          continue;
        }
        this.dataRows += 1;
        const row = this.read(raw, header);
        if (row) rows.push(row);
      }
      if (rows.length > 0) yield rows;
      this.onProgress({ file: this.file.name, rows: this.dataRows, bytes: batch.bytes, totalBytes: batch.totalBytes });
    }
    if (header === undefined) throw new InvalidInputError('file-empty', `${this.file.name} is empty.`);
    if (this.dataRows === 0) {
      throw new InvalidInputError('file-empty', `${this.file.name} has a header row and no rows under it.`);
    }
  }

  /** Where the sheet that was read may be the wrong one, what the others are. */
  private get described(): { name: string; note: string } {
    const { sheet = '', otherSheets = 0 } = this.sheet ?? {};
    return {
      name: this.file.name,
      note: otherSheets > 0 ? ` Only the first sheet that is not empty is read (${sheet}); put the table there.` : '',
    };
  }

  /**
   * A spreadsheet drops the empty columns at the end of a CSV file, from all rows alike; of a workbook each row ends
   * where it will.
   */
  private widthOf({ cells }: RawRow): number | undefined {
    return this.file.format === 'csv' ? cells.length : undefined;
  }

  /** Faults that only the importer can see, such as rows that contradict each other; `total` when not all are listed. */
  addFaults(faults: readonly Omit<RowFault, 'file'>[], total: number): void {
    for (const fault of faults) this.addFault(fault);
    this.faultCount += total - faults.length;
  }

  private addFault(fault: Omit<RowFault, 'file'>): void {
    this.faultCount += 1;
    if (this.faults.length < MAX_LISTED_FAULTS) this.faults.push({ file: this.file.name, ...fault });
  }

  private read({ row, cells }: RawRow, header: Header<C>): TableRow<C> | undefined {
    const tooLong = cells.slice(header.width).some((cell) => !isBlank(cell));
    // A workbook stores no empty cells at the end of a row.
    const tooShort = this.file.format === 'csv' && cells.length < header.least;
    if (tooLong || tooShort || (this.format.headerless && cells.length > header.width)) {
      this.addFault({
        row,
        column: null,
        valueClass: `${cells.length} cells`,
        message: `Expected ${header.width} cells, as in ${this.format.headerless ? 'the first row' : 'the header'}`,
        remedy: tooShort
          ? 'Export the file again: the row breaks off'
          : 'Put quotation marks around a value that holds the delimiter',
      });
      return undefined;
    }
    const values: Record<string, unknown> = {};
    let whole = true;
    for (const [name, place] of header.places) {
      const value = this.readCell(row, name, place === undefined ? '' : (cells[place] ?? ''));
      if (value === undefined) whole = false;
      else values[name] = value.is;
    }
    return whole ? { row, values: values as RowValues<C> } : undefined;
  }

  private readCell(row: number, name: keyof C & string, original: string): KnownCell | undefined {
    const column = this.format.columns[name] as C[keyof C & string];
    const text = cleanCell(original, (what) => (this.cleanUps[what] = (this.cleanUps[what] ?? 0) + 1));
    const broken = encodingFault(text, this.file.format === 'csv' ? this.file.encoding : 'utf-8') ?? formulaFault(text);
    if (broken) {
      this.addFault({ row, column: name, valueClass: valueClass(text), ...broken });
      return undefined;
    }
    const known = this.known.find(name, text);
    if (known) return known;
    const result = column.cell.safeParse(text);
    if (result.success) return this.known.keep(name, text, { is: result.data });
    const message = result.error.issues[0]?.message ?? 'The value cannot be read';
    this.addFault({ row, column: name, valueClass: valueClass(text), message, remedy: column.remedy });
    return undefined;
  }
}
