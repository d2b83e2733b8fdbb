import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anyText, dateOrNone, odsCode, oneOf } from './cell.types.js';
import { optional, required, tableFormat } from './table.format.js';
import { TableReader } from './table.reader.js';

const format = tableFormat({
  name: 'people',
  columns: {
    person_id: required(
      anyText.refine((text) => text !== '', 'The cell is empty'),
      'Give every person an id',
    ),
    name: required(anyText, 'Write the name'),
    code: required(odsCode, 'Use the ODS code'),
    status: required(oneOf(['active', 'not-active']), 'Use active or not-active'),
    since: optional(dateOrNone, 'Write the date as YYYY-MM-DD'),
  },
});
const HEADER = 'person_id,name,code,status,since\n';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'table-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: string | Buffer, name = 'people.csv'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function read(content: string | Buffer) {
  const table = await TableReader.open(await file(content), format);
  const rows = [];
  for await (const batch of table.batches()) rows.push(...batch);
  return { table, rows };
}

const one = { person_id: '1', name: 'Zoë Sample', code: 'A81001', status: 'active', since: '2026-01-31' };

describe('reading a table', () => {
  const text = `${HEADER}1,Zoë Sample,a81001,Active,2026-01-31\n`;

  it.each([
    ['UTF-8', Buffer.from(text), 'utf-8'],
    ['UTF-8 with a byte-order mark', Buffer.from(`\ufeff${text}`), 'utf-8'],
    ['Windows-1252', Buffer.from(text, 'latin1'), 'windows-1252'],
    ['CRLF', Buffer.from(text.replaceAll('\n', '\r\n')), 'utf-8'],
    ['the line ends of old Macs', Buffer.from(text.replaceAll('\n', '\r')), 'utf-8'],
    ['no line end at the end', Buffer.from(text.trimEnd()), 'utf-8'],
    ['semi-colons', Buffer.from(text.replaceAll(',', ';')), 'utf-8'],
    ['tabs', Buffer.from(text.replaceAll(',', '\t')), 'utf-8'],
    ['a line that tells Excel the delimiter', Buffer.from(`\ufeffsep=;\r\n${text.replaceAll(',', ';')}`), 'utf-8'],
    ['the mark with which DOS ended a file', Buffer.from(`${text}\x1a`), 'utf-8'],
    [
      'other header spelling',
      Buffer.from(text.replace(HEADER.trim(), 'Person ID,NAME,"Co-de", Sta_tus ,SINCE')),
      'utf-8',
    ],
  ])('%s gives the same row', async (_, content, encoding) => {
    const { table, rows } = await read(content);
    expect(table.faults).toEqual([]);
    expect(rows).toEqual([{ row: 2, values: one }]);
    expect(table.summary).toMatchObject({ name: 'people.csv', format: 'csv', rows: 1, encoding });
  });

  it('finds one Windows-1252 byte after a long stretch of ASCII', async () => {
    const plain = '1,Testa Sample,A81001,active,\n'.repeat(20_000);
    const { table, rows } = await read(Buffer.from(`${HEADER}${plain}2,Anaïs \x96 Sample,A81001,active,\n`, 'latin1'));
    expect(table.summary).toMatchObject({ encoding: 'windows-1252', rows: 20_001 });
    expect(rows.at(-1)?.values.name).toBe('Anaïs – Sample');
  });

  it('numbers rows as a spreadsheet does: blank lines count, line breaks inside quotes do not', async () => {
    const { rows } = await read(`${HEADER}1,"Testa\nSample",A81001,active,\n\n,,,,\n2,"O""Test; x",A81002,active,\n`);
    expect(rows.map(({ row, values }) => [row, values.name])).toEqual([
      [2, 'Testa Sample'],
      [5, 'O"Test; x'],
    ]);
  });

  it('reads an absent optional column as empty and reports unknown columns as ignored', async () => {
    const { table, rows } = await read('shoe size,person_id,name,code,status\n44,1,Testa,A81001,active\n');
    expect(rows[0]?.values.since).toBeNull();
    expect(table.ignoredColumns).toEqual(['shoe size']);
  });

  it('takes away what nobody can see, and counts it', async () => {
    const { table, rows } = await read(`${HEADER}1,\u200bTesta\u00a0Sample ,\u00a0A81001,active\ufeff,\n`);
    expect(rows[0]?.values).toMatchObject({ name: 'Testa Sample', code: 'A81001', status: 'active' });
    expect(table.cleanUps).toEqual({ 'invisible-characters': 2, 'no-break-spaces': 2, 'surrounding-spaces': 2 });
  });

  it('takes ="…" for the text that it keeps from a spreadsheet, with and without quotation marks around it', async () => {
    const { table, rows } = await read(`${HEADER}="0123",="Zoë",="A81001",active,\n"=""0124""",Testa,A81001,active,\n`);
    expect(rows.map(({ values }) => values)).toMatchObject([
      { person_id: '0123', name: 'Zoë', code: 'A81001' },
      { person_id: '0124' },
    ]);
    expect(table.cleanUps).toEqual({ 'text-formulas': 4 });
  });

  it('names the cell with a formula that failed, in columns that are read', async () => {
    const { table, rows } = await read(
      'person_id,name,code,status,note\n1,#N/A,A81001,active,\n2,Testa,A81001,active,#REF!\n',
    );
    expect(table.faults).toMatchObject([{ row: 2, column: 'name', valueClass: 'text, 4 characters' }]);
    expect(rows.map(({ row }) => row)).toEqual([3]);
  });

  it('lists every bad cell with row, column, class of value and remedy, and never the value', async () => {
    const { table, rows } = await read(
      `${HEADER}1,Testa,not a code,activ,31/01/2026\n2,Testa,A81001,active,\n,Testa,A81001,active,2026-02-30\n`,
    );
    expect(rows.map(({ row }) => row)).toEqual([3]);
    expect(table.faultCount).toBe(5);
    expect(table.faults.map(({ row, column, valueClass }) => [row, column, valueClass])).toEqual([
      [2, 'code', 'text, 10 characters'],
      [2, 'status', 'text, 5 characters'],
      [2, 'since', 'date or time, 10 characters'],
      [4, 'person_id', 'empty'],
      [4, 'since', 'date or time, 10 characters'],
    ]);
    expect(table.faults[0]).toMatchObject({ file: 'people.csv', remedy: 'Use the ODS code' });
    expect(JSON.stringify(table.faults)).not.toContain('not a code');
  });

  it('names the row that holds a stray delimiter', async () => {
    const { table } = await read(`${HEADER}1,Sample, Testa,A81001,active,2026-01-31\n`);
    expect(table.faults).toMatchObject([{ row: 2, column: null, valueClass: '6 cells' }]);
  });

  it('names the row that breaks off, but needs no cells of columns that may be missing', async () => {
    const { table, rows } = await read(`${HEADER}1,Testa,A81001,active\n2,Testa,A8`);
    expect(rows.map(({ row }) => row)).toEqual([2]);
    expect(table.faults).toMatchObject([
      { row: 3, column: null, valueClass: '3 cells', remedy: 'Export the file again: the row breaks off' },
    ]);
  });

  it('names the cell that is too long to be kept', async () => {
    const { table } = await read(`${HEADER}1,${'x'.repeat(501)},A81001,active,\n`);
    expect(table.faults).toMatchObject([{ row: 2, column: 'name', message: 'Expected at most 500 characters' }]);
  });

  it.each([
    ['a byte that Windows-1252 leaves undefined', '\xef', Buffer.from('Zo\x81', 'latin1')],
    ['UTF-8 among Windows-1252', '\xef', Buffer.from('Zoë')],
    ['a character lost before', 'i', Buffer.from('Zo\ufffd')],
    ['a control character', 'i', Buffer.from('Zo\x07')],
  ])('names the row with %s', async (_, letter, name) => {
    const before = Buffer.from(`${HEADER}1,Ana${letter}s,A81001,active,\n2,`, 'latin1');
    const { table } = await read(Buffer.concat([before, name, Buffer.from(',A81001,active,\n')]));
    expect(table.faults).toMatchObject([{ row: 3, column: 'name', remedy: 'Export the file again as UTF-8' }]);
  });

  it('tells how far it has come, and ends at the end', async () => {
    const seen: number[][] = [];
    const path = await file(HEADER + '1,Testa,A81001,active,\n'.repeat(5_000));
    const table = await TableReader.open(path, format, ({ rows, bytes, totalBytes }) => {
      seen.push([rows, bytes / totalBytes]);
    });
    for await (const _ of table.batches());
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual([5_000, 1]);
  });
});

describe('what is no table is one clear line', () => {
  it.each<[string, string | Buffer, string]>([
    ['an empty file', '', 'file-empty'],
    ['only blanks', '\ufeff \r\n\r\n', 'file-empty'],
    ['only a header', HEADER, 'file-empty'],
    ['PDF', '%PDF-1.7 …', 'not-a-table'],
    ['a web page', '<!DOCTYPE html><html>', 'not-a-table'],
    ['a web page without a type', '\n <html>', 'not-a-table'],
    ['JSON', '[{"person_id": 1}]', 'not-a-table'],
    ['UTF-16', Buffer.from('\ufeffperson_id', 'utf16le'), 'not-a-table'],
    ['UTF-16 without a mark', Buffer.from(`${HEADER}1,Testa\n`, 'utf16le'), 'not-a-table'],
    ['an .xls or locked workbook', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'not-a-table'],
    ['gzip', Buffer.from('1f8b0800', 'hex'), 'not-a-table'],
    ['bytes', Buffer.from('ab\0\0c'), 'not-a-table'],
    ['half a zip file', 'PK\x03\x04 but no zip', 'workbook-damaged'],
    ['a missing column', 'person_id,name\n1,Testa\n', 'missing-columns'],
    ['no header', '1,Testa,A81001,active,\n', 'missing-columns'],
    ['a doubled column', `${HEADER.trim()},Person-Id\n1,Testa,A81001,active,,1\n`, 'duplicate-columns'],
    ['an open quotation mark', `${HEADER}1,"Testa,A81001,active,\n2,Testa,A81001,active,\n`, 'csv-unreadable'],
    ['an endless cell', `${HEADER}1,"${'x\n'.repeat(600_000)}`, 'csv-unreadable'],
    ['a row of commas', `${HEADER}1,Testa,A81001,active,\n${','.repeat(990_000)}\n`, 'csv-unreadable'],
  ])('%s', async (_, content, code) => {
    const refusal = read(content);
    await expect(refusal).rejects.toMatchObject({ code });
    await expect(refusal).rejects.toThrow(/^people\.csv .*\.$/);
  });

  it('says of UTF-16 what it is, with a byte-order mark or without', async () => {
    for (const text of [`\ufeff${HEADER}1,Testa\n`, `${HEADER}1,Testa\n`]) {
      await expect(read(Buffer.from(text, 'utf16le'))).rejects.toThrow('is encoded as UTF-16');
      await expect(read(Buffer.from(text, 'utf16le').swap16())).rejects.toThrow('is encoded as UTF-16');
    }
  });

  it('takes a stray null byte for a fault of its cell, not for a binary file', async () => {
    const { table, rows } = await read(`${HEADER}1,Te\0sta,A81001,active,\n2,Testa,A81001,active,\n`);
    expect(table.faults).toMatchObject(
      [{ row: 2, column: 'name', message: /no character/ }].map((fault) => ({
        ...fault,
        message: expect.stringMatching(fault.message) as string,
      })),
    );
    expect(rows).toHaveLength(1);
  });

  it('minds no column twice that it does not read', async () => {
    const { table, rows } = await read(`${HEADER.trim()},note,Note\n1,Testa,A81001,active,,x,y\n`);
    expect(rows).toHaveLength(1);
    expect(table.ignoredColumns).toEqual(['note', 'Note']);
  });

  it('lists what the header has when columns are missing, and nothing of a first row that is no header', async () => {
    await expect(read('person_id,name,town\n1,Testa,x\n')).rejects.toThrow(
      'no column code, status. Its header row has: person_id, name, town.',
    );
    await expect(read('1,Testa Sample,A81001\n')).rejects.toThrow('None of the 3 cells of its first row');
  });

  it('a file that cannot be read', async () => {
    // Root may read every file, but for this one.
    const path = process.getuid?.() === 0 ? '/proc/self/mem' : await file(HEADER, 'locked.csv');
    if (path.endsWith('.csv')) await chmod(path, 0);
    const refusal = TableReader.open(path, format);
    await expect(refusal).rejects.toMatchObject({ code: 'file-unreadable' });
    await expect(refusal).rejects.toThrow(/^(?:mem|locked\.csv) cannot be read: .*(?:EIO|EACCES).*\.$/);
  });

  it('a missing file and a folder', async () => {
    await expect(TableReader.open(join(folder, 'none.csv'), format)).rejects.toMatchObject({ code: 'file-missing' });
    await mkdir(join(folder, 'sub.csv'));
    await expect(TableReader.open(join(folder, 'sub.csv'), format)).rejects.toMatchObject({ code: 'file-is-a-folder' });
  });
});
