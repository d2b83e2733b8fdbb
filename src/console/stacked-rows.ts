/** The heading of a column; `hidden` ones are for screen readers. */
export type Heading = string | { readonly text?: string; readonly hidden?: string };

const ROW = /<tr\b(?![^>]*\brole=)/g;
const CELLS = /<(td|th)\b([^>]*)>([\s\S]*?)<\/\1>/g;

/**
 * Prepares the rows of a table for a phone, where the style sheet makes of each row a block of lines: every cell gets
 * the heading of its column in front, for the eye only, and the roles that it loses by being laid out otherwise.
 * `rows` is our own HTML: no table stands in a cell, and every row begins with its first column.
 */
export function stackedRows(rows: string, headings: readonly Heading[]): string {
  return rows
    .split(/(?=<tr\b)/)
    .map((row) => {
      let column = 0;
      return row
        .replace(ROW, '<tr role="row"')
        .replace(CELLS, (_, tag: string, attributes: string, content: string) => {
          const role = tag === 'th' ? 'rowheader' : 'cell';
          const heading = attributes.includes('colspan') ? '' : visible(headings[column++]);
          const front =
            heading === '' ? '' : `<span class="nhsuk-table__heading" aria-hidden="true">${escaped(heading)}</span>`;
          return `<${tag}${attributes} role="${role}">${front}<div>${content}</div></${tag}>`;
        });
    })
    .join('');
}

function visible(heading: Heading | undefined): string {
  return (typeof heading === 'string' ? heading : heading?.text) ?? '';
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
