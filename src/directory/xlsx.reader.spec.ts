import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import ExcelJS from 'exceljs';
import { ACCOUNT_FORMAT } from './account.format.js';
import { TableReader } from './table.reader.js';

const HEADER = [
  'Account ID',
  'First Name',
  'Last Name',
  'E-mail',
  'Status',
  'Last sign in',
  'Organisation Code',
  'Roles',
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xlsx-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(path: string) {
  const table = await TableReader.open(path, ACCOUNT_FORMAT);
  const rows = [];
  for await (const batch of table.batches()) rows.push(...batch);
  return { rows, faults: table.faults, summary: table.summary };
}

async function workbook(fill: (book: ExcelJS.Workbook) => void, name = 'accounts.xlsx'): Promise<string> {
  const book = new ExcelJS.Workbook();
  fill(book);
  const path = join(folder, name);
  await book.xlsx.writeFile(path);
  return path;
}

describe('reading a workbook', () => {
  it('gives the same rows and the same faults as its CSV twin', async () => {
    const cells = [
      [1001, 'Zoë', "O'Test", 'Zoe.OTest@NHS.net ', 'Active', new Date('2026-08-30'), 'A81001', 'View|Finance View'],
      ['U-2', 'Test\nTwo', 'Sample;Example', '', 'disabled', null, '', ''],
      [],
      ['U 3', 'T', 'S', 'x', 'gone', 'yesterday', 'a81002', 'Odd "one"'],
      ['U4', 'T', 'S', 'x@example.com', 'active', new Date('2024-02-29'), '16C', 'Approval Management'],
    ];
    const path = await workbook((book) => {
      const sheet = book.addWorksheet('Export');
      sheet.addRow(HEADER);
      for (const row of cells) sheet.addRow(row);
      sheet.getColumn(6).numFmt = 'dd/mm/yyyy';
    });
    const text = [HEADER, ...cells]
      .map((row) => row.map((cell) => (cell instanceof Date ? cell.toISOString().slice(0, 10) : (cell ?? ''))))
      .map((row) => row.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(','))
      .join('\r\n');
    const twin = join(folder, 'accounts.csv');
    await writeFile(twin, text);

    const fromWorkbook = await read(path);
    const fromCsv = await read(twin);
    expect(fromWorkbook.rows).toEqual(fromCsv.rows);
    expect(fromWorkbook.rows.map(({ row, values }) => [row, values.account_id, values.last_sign_in])).toEqual([
      [2, '1001', '2026-08-30'],
      [3, 'U-2', null],
      [6, 'U4', '2024-02-29'],
    ]);
    const places = (faults: typeof fromCsv.faults) =>
      faults.map(({ row, column, valueClass }) => [row, column, valueClass]);
    expect(places(fromWorkbook.faults)).toEqual(places(fromCsv.faults));
    expect(fromWorkbook.summary).toMatchObject({ format: 'xlsx', sheet: 'Export', otherSheets: 0, rows: 4 });
  });

  it('reads rich text, formulas by their value, and dates counted from 1904; takes the first visible sheet', async () => {
    const path = await workbook((book) => {
      book.properties.date1904 = true;
      book.addWorksheet('Hidden', { state: 'hidden' }).addRow(['nothing']);
      const sheet = book.addWorksheet('People');
      sheet.addRow(HEADER);
      const name = { richText: [{ text: 'Te' }, { text: 'sta', font: { bold: true } }] };
      const id = { formula: '"U"&5', result: 'U5' };
      sheet.addRow([id, name, 'Sample', '', 'active', new Date('2026-01-31'), '', '']);
      book.addWorksheet('Notes').addRow(['nothing']);
    });
    const { rows, summary } = await read(path);
    expect(rows[0]?.values).toMatchObject({ account_id: 'U5', first_name: 'Testa', last_sign_in: '2026-01-31' });
    expect(summary).toMatchObject({ sheet: 'People', otherSheets: 1 });
  });

  it('takes a formula that failed, or was never worked out, for no value; one whose value is nothing for nothing', async () => {
    const path = await workbook((book) => {
      const sheet = book.addWorksheet('Export');
      sheet.addRow(HEADER);
      const failed = { formula: 'VLOOKUP(1,A:A,1)', result: { error: '#N/A' as const } };
      sheet.addRow(['U1', 'T', 'S', { formula: 'A1&"@nhs.net"' }, 'active', '', '', '']);
      sheet.addRow(['U2', 'T', failed, '', 'active', '', '', '']);
      sheet.addRow(['U3', 'T', 'S', { formula: '""', result: '' }, 'active', '', '', '']);
    });
    const { rows, faults } = await read(path);
    expect(faults.map(({ row, column }) => [row, column])).toEqual([
      [2, 'email'],
      [3, 'last_name'],
    ]);
    expect(faults[0]?.message).toMatch(/^A formula that failed, or was never worked out/);
    expect(rows.map(({ values }) => [values.account_id, values.email])).toEqual([['U3', '']]);
  });

  it('says which sheet was read when that is not the table', async () => {
    const path = await workbook((book) => {
      book.addWorksheet('Read me').addRow(['About this export']);
      book.addWorksheet('Export').addRow(HEADER);
    });
    await expect(read(path)).rejects.toThrow(
      'Only the first sheet that is not empty is read (Read me); put the table there.',
    );
  });

  it('passes over empty sheets before the table', async () => {
    const path = await workbook((book) => {
      book.addWorksheet('Sheet1');
      book.addWorksheet('Sheet2').addRow(['', ' ']);
      const sheet = book.addWorksheet('Export');
      sheet.addRow(HEADER);
      sheet.addRow(['U1', 'T', 'S', '', 'active', '', '', '']);
      book.addWorksheet('Notes').addRow(['About this export']);
    });
    const { rows, summary } = await read(path);
    expect(rows.map(({ values }) => values.account_id)).toEqual(['U1']);
    expect(summary).toMatchObject({ sheet: 'Export', otherSheets: 3, rows: 1 });
  });

  it('is empty where all its sheets are', async () => {
    const path = await workbook((book) => {
      book.addWorksheet('Sheet1');
      book.addWorksheet('Sheet2');
    });
    await expect(read(path)).rejects.toMatchObject({ code: 'file-empty' });
  });

  it('streams 5,000 rows in batches, with the row numbers of the sheet', async () => {
    const path = await workbook((book) => {
      const sheet = book.addWorksheet('Export');
      sheet.addRow(HEADER);
      for (let row = 2; row <= 5_001; row += 1) sheet.addRow([`U${row}`, 'T', `S${row}`, '', 'active', '', '', '']);
    });
    const { rows } = await read(path);
    expect(rows).toHaveLength(5_000);
    expect(rows.every(({ row, values }) => values.account_id === `U${row}`)).toBe(true);
  });

  it('a workbook cut short is one clear line', async () => {
    const path = await workbook((book) => book.addWorksheet('Export').addRow(HEADER), 'whole.xlsx');
    const bytes = await readFile(path);
    const cut = join(folder, 'cut.xlsx');
    await writeFile(cut, bytes.subarray(0, bytes.length / 2));
    await expect(read(cut)).rejects.toMatchObject({ code: 'workbook-damaged' });
  });
});

/** A zip file of our own making: what no honest program writes. */
function zip(parts: Record<string, { packed: Buffer; size: number; flags?: number }>): Buffer {
  const body: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, { packed, size, flags = 0 }] of Object.entries(parts)) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(size, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), fields, tail, Buffer.from(name)]));
    body.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(18);
  const entries = Buffer.concat(directory);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...body, entries, Buffer.from('PK\x05\x06'), end]);
}

describe('a hostile workbook is refused before it is unpacked', () => {
  const bomb = deflateRawSync(Buffer.alloc(40_000_000, ' '));
  const part = (text: string) => ({ packed: deflateRawSync(text), size: text.length });
  const workbookXml = part('<workbook xmlns:r="r"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>');
  const relations = part('<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>');
  const honest = { 'xl/workbook.xml': workbookXml, 'xl/_rels/workbook.xml.rels': relations };

  it('finds the sheet of a writer that calls the namespace of its relations otherwise', async () => {
    const path = join(folder, 'namespace.xlsx');
    const sheets = '<workbook xmlns:rel="r"><sheets><sheet name="S" rel:id="r1"/></sheets></workbook>';
    const sheet = '<worksheet><row><c t="inlineStr"><is><t>status</t></is></c></row></worksheet>';
    const parts = { ...honest, 'xl/workbook.xml': part(sheets), 'xl/worksheets/sheet1.xml': part(sheet) };
    await writeFile(path, zip(parts));
    await expect(read(path)).rejects.toThrow('Its header row has: status.');
  });

  it.each([
    [
      'packed a thousand times',
      { ...honest, 'xl/worksheets/sheet1.xml': { packed: bomb, size: 40_000_000 } },
      'workbook-refused',
    ],
    [
      'larger than it says',
      { ...honest, 'xl/worksheets/sheet1.xml': { packed: bomb, size: 1_000 } },
      'workbook-damaged',
    ],
    ['2 GB in honest pieces', { a: { packed: Buffer.alloc(20_000_000), size: 2_000_000_000 } }, 'workbook-refused'],
    ['locked', { ...honest, 'xl/worksheets/sheet1.xml': { ...part('<x/>'), flags: 1 } }, 'workbook-refused'],
    ['another kind of zip', { 'word/document.xml': part('<x/>') }, 'not-a-table'],
    ['without its sheet', honest, 'not-a-table'],
    [
      'of entities that multiply',
      {
        ...honest,
        'xl/worksheets/sheet1.xml': part('<!DOCTYPE x [<!ENTITY a "aa">]><worksheet><c><v>&a;</v></c></worksheet>'),
      },
      'workbook-damaged',
    ],
    [
      'that points at shared text it lacks',
      {
        ...honest,
        'xl/worksheets/sheet1.xml': part('<worksheet><row r="1"><c r="A1" t="s"><v>7</v></c></row></worksheet>'),
      },
      'workbook-damaged',
    ],
    [
      'a million columns wide',
      {
        ...honest,
        'xl/worksheets/sheet1.xml': part('<worksheet><row r="1"><c r="ZZZZ1"><v>7</v></c></row></worksheet>'),
      },
      'workbook-refused',
    ],
    [
      'a million columns wide without a word about it',
      {
        ...honest,
        'xl/worksheets/sheet1.xml': part(`<worksheet><row>${'<c/>'.repeat(1_000_000)}</row></worksheet>`),
      },
      'workbook-refused',
    ],
  ])('%s', async (_, parts, code) => {
    const path = join(folder, 'hostile.xlsx');
    await writeFile(path, zip(parts));
    const before = process.memoryUsage().rss;
    await expect(read(path)).rejects.toMatchObject({ code });
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });
});
