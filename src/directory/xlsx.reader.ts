import { SaxesParser } from 'saxes';
import { InvalidInputError } from '../shared/errors.js';
import { isBlank, NOT_WORKED_OUT } from './cell.rules.js';
import { type RawBatch, type RawRow, ROWS_PER_BATCH } from './csv.reader.js';
import { type TableFile } from './table-file.js';
import { XlsxArchive } from './xlsx.archive.js';
import { type CellKind, cellText, columnIndex, localName } from './xlsx.cell.js';
import { readWorkbook, type Workbook } from './xlsx.workbook.js';

export interface SheetChoice {
  readonly sheet: string;
  readonly otherSheets: number;
}

/**
 * Reads the first visible sheet that is not empty. Formulas count with the value that Excel stored beside them; where a
 * program has left that to Excel, the cell is not empty but holds an error.
 */
export async function* readXlsx(
  file: TableFile & { format: 'xlsx' },
  onSheet: (choice: SheetChoice) => void,
): AsyncGenerator<RawBatch> {
  const archive = await XlsxArchive.open(file.path, file.name);
  try {
    const workbook = await readWorkbook(archive, file.name);
    for (const { name, part } of workbook.sheets) {
      onSheet({ sheet: name, otherSheets: workbook.sheets.length - 1 });
      const collector = new RowCollector(workbook, file.name);
      const totalBytes = archive.sizeOf(part);
      for await (const { bytes } of archive.parse(part, collector.parser)) {
        if (collector.rows.length >= ROWS_PER_BATCH) yield { rows: collector.take(), bytes, totalBytes };
      }
      const rows = collector.take();
      if (rows.length > 0) yield { rows, bytes: totalBytes, totalBytes };
      if (!collector.isEmpty) break;
    }
  } finally {
    archive.close();
  }
}

class RowCollector {
  readonly parser = new SaxesParser();
  rows: RawRow[] = [];
  /** Nothing stands in any row, also of those that were taken. */
  isEmpty = true;
  private row = 0;
  private cells: string[] = [];
  private column = -1;
  private kind: CellKind = 'n';
  private style = 0;
  private text = '';
  private inText = false;
  private isFormula = false;
  private hasValue = false;
  private inPhonetic = false;

  constructor(
    private readonly workbook: Workbook,
    private readonly fileName: string,
  ) {
    this.parser.on('opentag', ({ name, attributes }) => {
      this.open(localName(name), attributes);
    });
    this.parser.on('text', (text) => {
      if (this.inText && !this.inPhonetic) this.text += text;
    });
    this.parser.on('closetag', ({ name }) => {
      this.close(localName(name));
    });
  }

  take(): RawRow[] {
    const { rows } = this;
    this.rows = [];
    return rows;
  }

  private open(name: string, attributes: Record<string, string>): void {
    switch (name) {
      case 'row':
        this.row = attributes['r'] === undefined ? this.row + 1 : Number(attributes['r']);
        this.cells = [];
        this.column = -1;
        break;
      case 'c':
        this.column = columnIndex(attributes['r'], this.column, this.fileName);
        this.kind = (attributes['t'] ?? 'n') as CellKind;
        this.style = Number(attributes['s'] ?? 0);
        this.text = '';
        this.isFormula = this.hasValue = false;
        break;
      case 'f':
        this.isFormula = true;
        break;
      case 'v':
      case 't':
        this.inText = this.hasValue = true;
        break;
      case 'rPh':
        this.inPhonetic = true;
        break;
    }
  }

  private close(name: string): void {
    switch (name) {
      case 'row':
        this.rows.push({ row: this.row, cells: this.cells });
        this.isEmpty &&= this.cells.every(isBlank);
        break;
      case 'c':
        while (this.cells.length < this.column) this.cells.push('');
        this.cells[this.column] = this.value();
        break;
      case 'v':
      case 't':
        this.inText = false;
        break;
      case 'rPh':
        this.inPhonetic = false;
        break;
    }
  }

  private value(): string {
    // An empty text that was worked out is a text, and says so.
    if (this.isFormula && this.text === '' && !(this.hasValue && this.kind === 'str')) return NOT_WORKED_OUT;
    if (this.kind !== 's') return cellText(this.text, this.kind, this.workbook, this.style);
    const shared = this.text === '' ? '' : this.workbook.strings[Number(this.text)];
    if (shared !== undefined) return shared;
    throw new InvalidInputError('workbook-damaged', `${this.fileName} is damaged: row ${this.row} points at no text.`);
  }
}
