import { looksLikeMisreadUtf8 } from '../shared/windows-1252.js';

/** What was taken out of a cell before it was read. Counted by cell in the report, because each is a sign of careless data. */
export type CellCleanUp = 'invisible-characters' | 'no-break-spaces' | 'surrounding-spaces' | 'text-formulas';

// Soft hyphen, zero-width spaces and joiners, direction marks, word joiner, byte-order mark.
const INVISIBLE = /[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;
const ODD_SPACE = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;
/** Nothing in here: no cleaning, no fault. Most cells of most files. */
const PLAIN = /^(?:[!"$-<>-~](?:[ -~]*[!-~])?)?$/;
/** `="01234"`: how exports keep a spreadsheet from reading a code as a number. */
const TEXT_FORMULA = /^="((?:[^"]|"")*)"$/;

export function cleanCell(written: string, count: (what: CellCleanUp) => void): string {
  if (PLAIN.test(written)) return written;
  const visible = written.replace(INVISIBLE, '');
  if (visible !== written) count('invisible-characters');
  const spaced = visible.replace(ODD_SPACE, ' ');
  if (spaced !== visible) count('no-break-spaces');
  const trimmed = spaced.trim();
  if (trimmed !== spaced) count('surrounding-spaces');
  const text = TEXT_FORMULA.exec(trimmed)?.[1];
  if (text === undefined) return trimmed;
  count('text-formulas');
  return text.replaceAll('""', '"').trim();
}

/** Nothing in it, or only the mark with which DOS programs ended a file. */
export function isBlank(cell: string): boolean {
  return /^[\s\u001a]*$/.test(cell);
}

export interface CellFault {
  readonly message: string;
  readonly remedy: string;
}

const RE_EXPORT = 'Export the file again as UTF-8';

/** What shows that the characters of a cell are not those that were typed. */
export function encodingFault(text: string, encoding: 'utf-8' | 'windows-1252'): CellFault | undefined {
  if (PLAIN.test(text)) return undefined;
  if (text.includes('\ufffd')) {
    return {
      message: 'A character was lost in an earlier conversion (it shows as a question mark)',
      remedy: RE_EXPORT,
    };
  }
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text)) {
    return { message: 'A byte that is no character in the encoding of the file', remedy: RE_EXPORT };
  }
  if (encoding === 'windows-1252' && looksLikeMisreadUtf8(text)) {
    return { message: 'UTF-8 in a file that is otherwise Windows-1252: two encodings in one file', remedy: RE_EXPORT };
  }
  return undefined;
}

/** What Excel shows, and saves, where a formula failed. The last one it has where a formula is still to be worked out. */
const FORMULA_ERROR =
  /^#(?:N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NUM!|NULL!|SPILL!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|GETTING_DATA|CALC!)$/i;
export const NOT_WORKED_OUT = '#CALC!';

/** A lookup that found nothing would otherwise be somebody's name, role or address. */
export function formulaFault(text: string): CellFault | undefined {
  if (!FORMULA_ERROR.test(text)) return undefined;
  return {
    message: 'A formula that failed, or was never worked out, stands in place of the value',
    remedy: 'Put right the formula in the spreadsheet, or write the value itself, and save the file again',
  };
}

/** What kind of thing a value is, for reports that must not hold the value itself: it may be somebody's name. */
export function valueClass(text: string): string {
  if (text === '') return 'empty';
  const { length } = Array.from(text);
  const size = `${length} character${length === 1 ? '' : 's'}`;
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return `number, ${size}`;
  if (/^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?$/.test(text)) return `date or time, ${size}`;
  if (text.includes('@')) return `text with @, ${size}`;
  return `text, ${size}`;
}
