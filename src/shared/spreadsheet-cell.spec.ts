import fc from 'fast-check';
import { neutralise } from './spreadsheet-cell.js';

describe('neutralise', () => {
  it.each([
    '=1+1',
    '+44 20 7946 0000',
    '-2+3',
    '@SUM(A1)',
    '|calc',
    ' =1',
    '\u00a0=1',
    '\ufeff=1',
    '\t1',
    '\r=1',
    '\n1',
    '＝1',
    '－1',
  ])('marks %j as text', (cell) => {
    expect(neutralise(cell)).toBe(`'${cell}`);
  });

  it.each(['', 'Testa Sample', 'A81001', 'a=b', '12', "O'Sample", 'x@example.com'])('leaves %j alone', (cell) => {
    expect(neutralise(cell)).toBe(cell);
  });

  it('never yields a cell that starts a formula', () => {
    fc.assert(
      fc.property(fc.string(), (cell) => {
        expect(neutralise(cell)).not.toMatch(/^\s*[=+\-@]/);
      }),
    );
  });
});
