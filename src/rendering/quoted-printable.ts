/** The longest line that quoted-printable allows, its soft break `=` included (RFC 2045, section 6.7, rule 5). */
const LINE = 76;
const SOFT_BREAK = '=\r\n';
const LF = 0x0a;
const DOT = 0x2e;
const EQUALS = 0x3d;

/** Printable ASCII without `=`: it stands for itself, unless a space ends the line or a dot begins it. */
const PLAIN_VALUE = /^[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?$/;

const CODES = Array.from({ length: 256 }, (_, byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`);

/**
 * Encodes one piece of a body so that it can stand beside any other piece: it begins in column 0 and ends in column 0,
 * with a soft break where the text itself does not end a line. Pieces are therefore encoded apart from each other and
 * joined as they are. Line feeds become CRLF; give it text whose line ends are line feeds alone (`canonicalText`).
 * A dot that begins a line is written =2E, so that SMTP dot-stuffing never has to change a byte.
 */
export function encodePiece(text: string): string {
  if (text === '') return '';
  if (PLAIN_VALUE.test(text) && text.charCodeAt(0) !== DOT) return text + SOFT_BREAK;
  return encodeBytes(Buffer.from(text, 'utf8'));
}

function encodeBytes(bytes: Buffer): string {
  let out = '';
  let column = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === LF) {
      out += '\r\n';
      column = 0;
      continue;
    }
    const token = standsForItself(byte, column, bytes[i + 1]) ? String.fromCharCode(byte) : (CODES[byte] ?? '');
    if (column + token.length > LINE - 1) {
      out += SOFT_BREAK;
      column = 0;
      // The byte now begins a line, where a dot needs its code.
      i--;
      continue;
    }
    out += token;
    column += token.length;
  }
  return column === 0 ? out : out + SOFT_BREAK;
}

function standsForItself(byte: number, column: number, next: number | undefined): boolean {
  if (byte === EQUALS || (byte === DOT && column === 0)) return false;
  if (byte === 0x20 || byte === 0x09) return next !== LF && next !== undefined;
  return byte > 0x20 && byte < 0x7f;
}

/**
 * The text as it will be read again: line ends are line feeds, and half a surrogate pair, which UTF-8 cannot carry,
 * is U+FFFD.
 */
export function canonicalText(text: string): string {
  const unbroken = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  return LONE_SURROGATE.test(unbroken) ? Buffer.from(unbroken, 'utf8').toString('utf8') : unbroken;
}

const LONE_SURROGATE = /\p{Surrogate}/u;
