export interface KnownCell {
  readonly is: unknown;
}

/** How many values of a column are remembered: somewhat more than there are codes of practices. */
const MOST_KNOWN = 8_192;
/** A column that has repeated itself too seldom by then, such as one of addresses, is not remembered any more. */
const TRIAL = 1_000;

interface KnownColumn {
  found: number;
  missed: number;
  readonly cells: Map<string, KnownCell>;
}

/**
 * What the valid texts of each column mean. Most columns of an export repeat few values: to validate each of them once
 * saves most of the objects that validation makes, and an import of 30,000 accounts 70 MB at its peak.
 */
export class KnownCells {
  private readonly columns = new Map<string, KnownColumn>();

  find(column: string, text: string): KnownCell | undefined {
    const known = this.column(column);
    const cell = known.cells.get(text);
    if (cell) known.found += 1;
    else known.missed += 1;
    return cell;
  }

  keep(column: string, text: string, cell: KnownCell): KnownCell {
    const { cells, found, missed } = this.column(column);
    if (missed > TRIAL && found < missed) cells.clear();
    else if (cells.size < MOST_KNOWN) cells.set(text, cell);
    return cell;
  }

  private column(name: string): KnownColumn {
    let known = this.columns.get(name);
    if (!known) this.columns.set(name, (known = { found: 0, missed: 0, cells: new Map() }));
    return known;
  }
}
