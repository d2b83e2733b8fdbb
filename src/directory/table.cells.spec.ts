import { KnownCells } from './table.cells.js';

describe('the cells that were read before', () => {
  it('are known by their column and text', () => {
    const known = new KnownCells();
    expect(known.find('status', 'Active')).toBeUndefined();
    const cell = known.keep('status', 'Active', { is: 'active' });
    expect(known.find('status', 'Active')).toBe(cell);
    expect(known.find('status', 'active')).toBeUndefined();
    expect(known.find('last_name', 'Active')).toBeUndefined();
  });

  it('are forgotten where a column never repeats itself, and kept where it does', () => {
    const known = new KnownCells();
    for (let row = 0; row < 5_000; row += 1) {
      for (const [column, text] of [
        ['email', `testa.sample${row}@nhs.net`],
        ['organisation_code', `A8${1_000 + (row % 900)}`],
      ] as const) {
        if (!known.find(column, text)) known.keep(column, text, { is: text });
      }
    }
    expect(known.find('email', 'testa.sample1@nhs.net')).toBeUndefined();
    expect(known.find('email', 'testa.sample4999@nhs.net')).toBeUndefined();
    expect(known.find('organisation_code', 'A81000')).toEqual({ is: 'A81000' });
  });
});
