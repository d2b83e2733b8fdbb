/** A name taken apart for comparison: folded to plain lower-case letters, titles and remarks dropped. */
export interface PersonNameParts {
  /** Given names one by one: `['mary', 'ann']` for "Dr Mary Ann". */
  readonly given: readonly string[];
  /** The family name as one word: `oneil` for "O'Neil", `smithjones` for "Smith-Jones" and "Smith Jones". */
  readonly family: string;
}

const TITLES = new Set([
  'dr',
  'doctor',
  'mr',
  'mrs',
  'ms',
  'miss',
  'mx',
  'prof',
  'professor',
  'sir',
  'dame',
  'rev',
  'revd',
]);

/** Letters that Unicode does not decompose into a plain letter and a mark. */
const FOLDED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ŋ: 'n',
};

/**
 * A key that is equal for two spellings of one full name ("Zoë O'Neil", "Dr ZOE O’NEIL", "Zoe O Neil").
 * For exact equality only: it holds a person's name in clear, and two people may share it.
 * Empty when either name is missing: half a name identifies nobody.
 */
export function personNameKey(first: string, last: string): string {
  const { given, family } = personNameParts(first, last);
  return given.length > 0 && family !== '' ? `${given.join('')} ${family}` : '';
}

/** What an email calls its reader. An account may bear no name, and a greeting is never blank. */
export function addressedAs(name: string): string {
  return name.trim() || 'colleague';
}

export function personNameParts(first: string, last: string): PersonNameParts {
  return { given: withoutTitles(words(first)), family: words(last).join('') };
}

function words(text: string): string[] {
  return text
    .replace(/\([^)]*\)/g, ' ') // "Sample (A81001)", "Testa (Tess)"
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[ßæœøłđðþħıŋ]/g, (letter) => FOLDED[letter] ?? letter)
    .replace(/[\p{M}\p{Cf}'’‘ʼ`´′]/gu, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

function withoutTitles(given: string[]): string[] {
  let start = 0;
  while (start < given.length && TITLES.has(given[start] ?? '')) start += 1;
  return given.slice(start);
}
