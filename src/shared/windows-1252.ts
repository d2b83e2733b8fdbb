// The bytes 80 to 9F, where Windows-1252 differs from ISO 8859-1. A space stands for the five it leaves undefined
// (81, 8D, 8F, 90, 9D), which stay the control characters they are in ISO 8859-1, so that the cell is refused.
const HIGH = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

/** Text that was read as ISO 8859-1, as Windows-1252. (Some versions of Node's own decoder take one for the other.) */
export function fromWindows1252(latin1: string): string {
  return latin1.replace(/[\x80-\x9f]/g, (char) => {
    const real = HIGH[char.charCodeAt(0) - 0x80] ?? char;
    return real === ' ' ? char : real;
  });
}

const BYTES = new Map(Array.from(HIGH).flatMap((char, index) => (char === ' ' ? [] : [[char, 0x80 + index] as const])));

/**
 * True when text read as Windows-1252 is really UTF-8 ("ZoÃ«"): a file pasted together from both. Nobody writes
 * such a sequence on purpose.
 */
export function looksLikeMisreadUtf8(text: string): boolean {
  if (!/[\u00c2-\u00f4]/.test(text)) return false;
  const bytes = Uint8Array.from(Array.from(text), (char) => BYTES.get(char) ?? char.charCodeAt(0));
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false; // honest Windows-1252: the usual case
  }
}
