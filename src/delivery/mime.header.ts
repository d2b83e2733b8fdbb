import { InvalidInputError } from '../shared/errors.js';

/** A person or team as a header names it. */
export interface Mailbox {
  readonly name?: string;
  readonly address: string;
}

/** RFC 5322 section 2.1.1: lines should stay within 78 characters; RFC 2047 section 2 allows 76 with encoded words. */
const LINE = 76;
/** RFC 2047 section 2: an encoded word has at most 75 characters, its frame `=?utf-8?Q??=` among them. */
const ENCODED_WORD = 75 - '=?utf-8?Q??='.length;

const PLAIN_TEXT = /^[!-~]+(?: [!-~]+)*$/;
const ATOMS = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
/** Printable ASCII without what would need quoting. */
const ADDRESS = /^[!#-'*+\-./\d=?A-Z^-~]+@[!#-'*+\-./\d=?A-Z^-~]+$/;
const ASCII_PRINTABLE = /^[ -~]*$/;
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** `Name: value`, with CRLF at its end, for a text that any character may stand in. Folded and encoded as needed. */
export function textHeader(name: string, text: string): string {
  refuseControl(name, text);
  if (isPlain(text)) return `${fold(`${name}: `, text.split(' '))}\r\n`;
  return `${fold(`${name}: `, encodedWords(text, LINE - name.length - 2))}\r\n`;
}

/**
 * `Name: "Display name" <address>`, with CRLF at its end.
 * @throws InvalidInputError `unmailable-address` for an address outside ASCII or with a character that would need quoting.
 */
export function mailboxHeader(name: string, mailbox: Mailbox): string {
  const { address } = mailbox;
  // A blank at either end means nothing, and some readers drop it.
  const display = (mailbox.name ?? '').trim();
  if (!isMailable(address)) {
    throw new InvalidInputError('unmailable-address', `${name}: expected one ASCII address without quotes or spaces`);
  }
  refuseControl(name, mailbox.name ?? '');
  if (display === '') return `${name}: ${address}\r\n`;
  return `${fold(`${name}: `, [...phrase(display, LINE - name.length - 2), `<${address}>`])}\r\n`;
}

/** A value that is wholly ours, such as a date or an id. */
export function plainHeader(name: string, value: string): string {
  refuseControl(name, value);
  return `${name}: ${value}\r\n`;
}

/** Whether an address can stand in an envelope and in a header without SMTPUTF8 and without quoting. */
export function isMailable(address: string): boolean {
  return ADDRESS.test(address);
}

/** A parameter of Content-Type or Content-Disposition: quoted where ASCII, RFC 2231 with a plain fallback where not. */
export function fileNameParameter(parameter: string, value: string): string {
  refuseControl(parameter, value);
  const quoted = (text: string): string => `${parameter}="${text.replace(/["\\]/g, '\\$&')}"`;
  if (ASCII_PRINTABLE.test(value)) return quoted(value);
  const encoded = encodeURIComponent(value).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${quoted(value.replace(/[^ -~]/gu, '_'))};\r\n ${parameter}*=utf-8''${encoded}`;
}

/** RFC 5322 date and time, in UTC: `Tue, 24 Nov 2026 14:55:35 +0000`. */
export function headerDate(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

function refuseControl(name: string, value: string): void {
  if (CONTROL.test(value)) {
    throw new InvalidInputError('broken-header', `${name}: a header may hold no line break or control character`);
  }
}

/** Words that can stand as they are: nothing that unfolding would change or that a reader would decode. */
function isPlain(text: string): boolean {
  return PLAIN_TEXT.test(text) && !text.includes('=?') && text.split(' ').every((word) => word.length < LINE);
}

function phrase(display: string, room: number): string[] {
  if (ATOMS.test(display) && isPlain(display)) return display.split(' ');
  if (ASCII_PRINTABLE.test(display) && display.length < LINE && !display.includes('=?')) {
    return [`"${display.replace(/["\\]/g, '\\$&')}"`];
  }
  return encodedWords(display, room);
}

/** Joins words with single spaces, breaking the line in front of a word that would pass its end. */
function fold(start: string, words: readonly string[]): string {
  let out = start;
  let column = start.length;
  words.forEach((word, i) => {
    const gap = i === 0 ? 0 : 1;
    if (i > 0 && column + gap + word.length > LINE) {
      out += `\r\n ${word}`;
      column = 1 + word.length;
    } else {
      out += gap === 0 ? word : ` ${word}`;
      column += gap + word.length;
    }
  });
  return out;
}

/** RFC 2047 Q encoding. A word ends between characters, never within one; the space between two words is not text. */
function encodedWords(text: string, room: number): string[] {
  const words: string[] = [];
  let word = '';
  let limit = Math.min(ENCODED_WORD, room - '=?utf-8?Q??='.length);
  for (const character of text) {
    const encoded = encodeCharacter(character);
    if (word.length + encoded.length > limit) {
      words.push(`=?utf-8?Q?${word}?=`);
      word = '';
      limit = ENCODED_WORD - 1;
    }
    word += encoded;
  }
  return [...words, `=?utf-8?Q?${word}?=`];
}

/** The characters that RFC 2047 section 5 (3) lets stand for themselves even within a display name. */
const SELF = /^[a-z0-9!*+/-]$/i;

function encodeCharacter(character: string): string {
  if (SELF.test(character)) return character;
  if (character === ' ') return '_';
  return Array.from(
    Buffer.from(character, 'utf8'),
    (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
