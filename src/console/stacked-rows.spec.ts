import { stackedRows } from './stacked-rows.js';

describe('the rows of a table on a phone', () => {
  it('carry the heading of each column, and their roles', () => {
    const row = '<tr class="r"><th scope="row">A</th><td class="n">1</td><td><a href="/x">b</a> c</td></tr>';
    expect(stackedRows(row, ['Name', { text: 'Sent & seen' }, { hidden: 'Decision' }])).toBe(
      '<tr role="row" class="r">' +
        '<th scope="row" role="rowheader"><span class="nhsuk-table__heading" aria-hidden="true">Name</span><div>A</div></th>' +
        '<td class="n" role="cell"><span class="nhsuk-table__heading" aria-hidden="true">Sent &amp; seen</span><div>1</div></td>' +
        '<td role="cell"><div><a href="/x">b</a> c</div></td></tr>',
    );
  });

  it('begin anew with each row, and leave a cell over several columns alone', () => {
    const cells = stackedRows('<tr><td>1</td></tr>\n<tr><td colspan="2">None.</td></tr>', ['One', 'Two']);
    expect(cells.match(/>One</g)).toHaveLength(1);
    expect(cells).toContain('<td colspan="2" role="cell"><div>None.</div></td>');
  });
});
