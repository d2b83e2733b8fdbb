import { type z } from 'zod';

/** One column of a file: how its header is called, what its cells mean, and what to do about a cell that is wrong. */
export interface Column<T> {
  /** `required`: the header must be there. Whether a cell may be empty is up to `cell`. */
  readonly required: boolean;
  /** From the cleaned text of the cell ('' when empty or when an optional column is missing). */
  readonly cell: z.ZodType<T, string>;
  /** One sentence for whoever must mend the file. Never holds a value. */
  readonly remedy: string;
}

export type Columns = Readonly<Record<string, Column<unknown>>>;

/** A kind of file. The keys of `columns` are the names in its header row. */
export interface TableFormat<C extends Columns> {
  /** As in messages: "the accounts file". */
  readonly name: string;
  readonly columns: C;
  /** No header row: every row has exactly these columns, in this order. */
  readonly headerless?: true;
  /** Of a file without a header: whether its first row is one all the same. It is passed over then. */
  readonly isHeader?: (cells: readonly string[]) => boolean;
}

export type RowValues<C extends Columns> = { readonly [K in keyof C]: C[K] extends Column<infer T> ? T : never };

export interface TableRow<C extends Columns> {
  /** As a spreadsheet numbers it. */
  readonly row: number;
  readonly values: RowValues<C>;
}

/** A row that cannot be taken, in words that hold no personal data. */
export interface RowFault {
  readonly file: string;
  readonly row: number;
  /** Null when the fault is of the whole row. */
  readonly column: string | null;
  /** For example "text, 12 characters": never the value. */
  readonly valueClass: string;
  readonly message: string;
  readonly remedy: string;
}

export function tableFormat<C extends Columns>(format: TableFormat<C>): TableFormat<C> {
  return format;
}

export function required<T>(cell: z.ZodType<T, string>, remedy: string): Column<T> {
  return { required: true, cell, remedy };
}

export function optional<T>(cell: z.ZodType<T, string>, remedy: string): Column<T> {
  return { required: false, cell, remedy };
}
