import { ADDRESS } from './address.pattern.js';

/** How far apart the pieces of one phrase may stand, in characters: about one line of an SMTP answer. */
const GAP = 120;
/** A first piece that occurs more often than this is not worth following. */
const STARTS = 16;

const anyAddress = new RegExp(`<?${ADDRESS}>?`, 'g');

/** A phrase cut at its gaps, once for all messages. */
export type Phrase = readonly string[];

export const compilePhrase = (phrase: string): Phrase => phrase.split('*');

/**
 * Tells whether `text` holds `phrase`, in which `*` stands for up to 120 characters of anything. Plain substring search,
 * so the time is linear whatever a stranger sends: the reason why the rules are phrases and not regular expressions.
 */
export function holds(text: string, phrase: Phrase): boolean {
  const first = phrase[0] ?? '';
  if (phrase.length === 1) return text.includes(first);
  const rest = phrase.slice(1);
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
