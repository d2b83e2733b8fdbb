import { ADDRESS } from './address.pattern.js';

/** How far apart the pieces of one phrase may stand, in characters: about one line of an SMTP answer. */
const GAP = 120;
/** A first piece that occurs more often than this is not worth following. */
const STARTS = 16;

const anyAddress = new RegExp(`<?${ADDRESS}>?`, 'g');

/** A phrase cut at its gaps, once for all messages. */
export interface Phrase {
  readonly pieces: readonly string[];
  /** Two of the marks that a text with this phrase in it leaves (see {@link marksOf}), or twice none. */
  readonly begin: number;
  readonly end: number;
}

export function compilePhrase(phrase: string): Phrase {
  const pieces = phrase.split('*');
  const longest = pieces.toSorted((a, b) => b.length - a.length)[0] ?? '';
  if (longest.length < 3) return { pieces, begin: NONE, end: NONE };
  return { pieces, begin: markAt(longest, 0), end: markAt(longest, longest.length - 3) };
}

/** Marks for all that stands in a text, three characters at a time: most phrases are told from them not to be there. */
const MARKS = 8_192;
const NONE = MARKS;
const markAt = (text: string, at: number): number =>
  ((text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2)) % MARKS;

/** The text that was asked for last: it is asked for hundreds of phrases in a row. */
let marked = { text: '', marks: new Uint8Array(MARKS) };

function marksOf(text: string): Uint8Array {
  if (text === marked.text) return marked.marks;
  const marks = new Uint8Array(MARKS);
  for (let at = 0; at + 3 <= text.length; at++) marks[markAt(text, at)] = 1;
  marked = { text, marks };
  return marks;
}

/**
 * Tells whether `text` holds `phrase`, in which `*` stands for up to 120 characters of anything. Plain substring search,
 * so the time is linear whatever a stranger sends: the reason why the rules are phrases and not regular expressions.
 */
export function holds(text: string, { pieces, begin, end }: Phrase): boolean {
  const marks = marksOf(text);
  if (marks[begin] === 0 || marks[end] === 0) return false;
  const [first = '', ...rest] = pieces;
  if (rest.length === 0) return text.includes(first);
  let start = text.indexOf(first);
  for (let tries = 0; start !== -1 && tries < STARTS; tries++) {
    if (follows(text, start + first.length, rest)) return true;
    start = text.indexOf(first, start + 1);
  }
  return false;
}

function follows(text: string, from: number, pieces: readonly string[]): boolean {
  let at = from;
  for (const piece of pieces) {
    const found = text.slice(at, at + GAP + piece.length).indexOf(piece);
    if (found === -1) return false;
    at += found + piece.length;
  }
  return true;
}

/**
 * Text as the rules see it: lower case, single spaces (one before the first word too), straight quotes, `<@>` for every
 * address, and the codes that repeat on each line of a multi-line SMTP answer ("550-5.1.1 ") taken out of the sentence
 * they cut in two.
 */
export function normalise(text: string): string {
  return ` ${text}`
    .toLowerCase()
    .replace(/[\u2018\u2019\u201b`]/g, "'")
    .replace(anyAddress, '<@>')
    .replace(/\b[245]\d\d-(?: ?[245]\.\d{1,3}\.\d{1,3}\b)?/g, ' ')
    .replace(/\s+/g, ' ');
}
