import { posix } from 'node:path';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { InvalidInputError } from '../shared/errors.js';
import { type XlsxArchive } from './xlsx.archive.js';
import { type CellStyles, isDateFormat, localName } from './xlsx.cell.js';

export interface Sheet {
  readonly name: string;
  readonly part: string;
}

export interface Workbook extends CellStyles {
  /** Those that are visible, in their order: never none. */
  readonly sheets: readonly Sheet[];
  readonly strings: readonly string[];
}

const WORKBOOK = 'xl/workbook.xml';
/** Characters of shared text held in memory: what 1,000,000 accounts with distinct names and addresses stay under. */
const MAX_SHARED_TEXT = 64_000_000;

export async function readWorkbook(archive: XlsxArchive, fileName: string): Promise<Workbook> {
  if (!archive.has(WORKBOOK)) {
    throw new InvalidInputError('not-a-table', `${fileName} is a zip file without an Excel workbook in it.`);
  }
  const sheets: { name: string; relation: string }[] = [];
  let since1904 = false;
  await eachTag(archive, WORKBOOK, ({ name, attributes }) => {
    if (name === 'workbookPr') since1904 = /^(?:1|true)$/.test(attributes['date1904'] ?? '');
    if (name === 'sheet' && (attributes['state'] ?? 'visible') === 'visible') {
      sheets.push({ name: attributes['name'] ?? '', relation: relationOf(attributes) });
    }
  });
  const targets = new Map<string, string>();
  await eachTag(archive, 'xl/_rels/workbook.xml.rels', ({ name, attributes }) => {
    if (name === 'Relationship') targets.set(attributes['Id'] ?? '', posix.resolve('/xl', attributes['Target'] ?? ''));
  });
  const parts = sheets.map(({ name, relation }) => ({ name, part: targets.get(relation)?.slice(1) ?? '' }));
  const present = parts.filter(({ part }) => archive.has(part));
  if (present.length === 0 || present[0] !== parts[0]) {
    throw new InvalidInputError('not-a-table', `${fileName} has no visible sheet.`);
  }
  return {
    sheets: present,
    since1904,
    dateStyles: await dateStyles(archive),
    strings: await sharedStrings(archive, fileName),
  };
}

/** `r:id`, whatever a program calls the namespace that Excel calls r. */
function relationOf(attributes: Record<string, string>): string {
  return Object.entries(attributes).find(([name]) => name.endsWith(':id'))?.[1] ?? '';
}

async function dateStyles(archive: XlsxArchive): Promise<Set<number>> {
  const part = 'xl/styles.xml';
  const codes = new Map<number, string>();
  const dates = new Set<number>();
  if (!archive.has(part)) return dates;
  let inCellStyles = false;
  let index = 0;
  await eachTag(archive, part, ({ name, attributes }) => {
    if (name === 'numFmt') codes.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '');
    if (name === 'cellStyleXfs' || name === 'cellXfs') inCellStyles = name === 'cellXfs';
    if (name !== 'xf' || !inCellStyles) return;
    const format = Number(attributes['numFmtId'] ?? 0);
    if (isDateFormat(format, codes.get(format))) dates.add(index);
    index += 1;
  });
  return dates;
}

async function sharedStrings(archive: XlsxArchive, fileName: string): Promise<string[]> {
  const part = 'xl/sharedStrings.xml';
  const strings: string[] = [];
  if (!archive.has(part)) return strings;
  const parser = new SaxesParser();
  let text = '';
  let held = 0;
  let depth = { text: 0, phonetic: 0 };
  parser.on('opentag', (tag) => {
    const name = localName(tag.name);
    if (name === 'si') {
      text = '';
      depth = { text: 0, phonetic: 0 };
    }
    if (name === 't') depth.text += 1;
    if (name === 'rPh') depth.phonetic += 1;
  });
  parser.on('text', (chunk) => {
    if (depth.text > 0 && depth.phonetic === 0) text += chunk;
  });
  parser.on('closetag', (tag) => {
    const name = localName(tag.name);
    if (name === 't') depth.text -= 1;
    if (name === 'rPh') depth.phonetic -= 1;
    if (name !== 'si') return;
    strings.push(text);
    held += text.length + 8;
    if (held > MAX_SHARED_TEXT) {
      throw new InvalidInputError(
        'workbook-refused',
        `${fileName} holds too much text for a workbook; save it as CSV.`,
      );
    }
  });
  for await (const _ of archive.parse(part, parser));
  return strings;
}

async function eachTag(archive: XlsxArchive, part: string, visit: (tag: SaxesTagPlain) => void): Promise<void> {
  const parser = new SaxesParser();
  parser.on('opentag', (tag) => {
    visit({ ...tag, name: localName(tag.name) });
  });
  for await (const _ of archive.parse(part, parser));
}
