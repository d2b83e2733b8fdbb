import ExcelJS from 'exceljs';
import fc from 'fast-check';
import yauzl from 'yauzl';
import { toCsv, toWorkbook } from './table.export.js';
import { workbook } from './workbook.writer.js';
import { zip } from './zip.writer.js';

const AT = new Date('2026-09-07T08:00:00Z');

async function read(bytes: Buffer): Promise<unknown[][]> {
  const book = new ExcelJS.Workbook();
  await book.xlsx.load(bytes as unknown as ArrayBuffer);
  const sheet = book.worksheets[0];
  const rows: unknown[][] = [];
  sheet?.eachRow({ includeEmpty: true }, (row) => rows.push((row.values as unknown[]).slice(1)));
  return rows;
}

async function unzip(bytes: Buffer): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const archive = await yauzl.fromBufferPromise(bytes);
  for await (const entry of archive.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    files[entry.fileName] = Buffer.concat(chunks).toString('utf8');
  }
  return files;
}

describe('zip', () => {
  it('makes archives that another program reads back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}\.txt$/), fc.string({ unit: 'grapheme' }), { maxKeys: 5 }),
        async (files) => {
          const entries = Object.entries(files).map(([name, content]) => ({ name, content }));
          expect(await unzip(zip(entries, AT))).toEqual({ ...files });
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('workbook', () => {
  it('is read by a spreadsheet program as the texts and numbers that went in', async () => {
    const rows = [
      ['A81001', 'THE <DENSHAM> & "CO" SURGERY', 3],
      ['Zoë', ' two  spaces ', -2.5],
    ];
    const bytes = workbook([{ name: 'Practices & more', header: ['Code', 'Name', 'People'], rows }], AT);
    expect(await read(bytes)).toEqual([['Code', 'Name', 'People'], ...rows]);
  });

  it('holds no formula, whatever the texts are', async () => {
    const rows = [['=cmd|calc', '+1', '@SUM(A1)', '\u0000bad']];
    expect(await read(workbook([{ name: 'S', header: ['a', 'b', 'c', 'd'], rows }], AT))).toEqual([
      ['a', 'b', 'c', 'd'],
      ["'=cmd|calc", "'+1", "'@SUM(A1)", 'bad'],
    ]);
  });
});

describe('an export', () => {
  const table = {
    title: 'Worklist',
    header: ['Code', 'Name'],
    rows: [['A81001', '=HYPERLINK("x")']],
    madeAt: AT,
    snapshot: 'accounts import 4',
  };

  it('says in every row of the CSV when and from which snapshot it was made, and neutralises formulas', () => {
    expect(toCsv(table)).toBe(
      '\ufeffCode,Name,Made at,Made from\r\nA81001,"\'=HYPERLINK(""x"")",2026-09-07T08:00:00.000Z,accounts import 4\r\n',
    );
  });

  it('says so on a sheet of the workbook', async () => {
    const book = new ExcelJS.Workbook();
    await book.xlsx.load(toWorkbook(table) as unknown as ArrayBuffer);
    expect(book.getWorksheet('About')?.getCell('B3').text).toBe('accounts import 4');
  });
});
