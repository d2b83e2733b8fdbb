import fc from 'fast-check';
import { canonicalText, encodePiece } from './quoted-printable.js';

/** RFC 2045 section 6.7, written apart from the encoder. */
function decode(body: string): string {
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: fc.constantFrom('.', ' ', '\t', '\n', '=', 'a', 'é', '😀'), maxLength: 300 }),
);

describe('encodePiece', () => {
  it('gives pieces that stand beside each other: joined and decoded they are the joined text', () => {
    fc.assert(
      fc.property(fc.array(anyText), (pieces) => {
        const texts = pieces.map(canonicalText);
        expect(decode(texts.map(encodePiece).join(''))).toBe(texts.join('').replace(/\n/g, '\r\n'));
      }),
    );
  });

  it('keeps every line within 76 characters, in printable ASCII, without a dot in front or a space at the end', () => {
    fc.assert(
      fc.property(fc.array(anyText), (pieces) => {
        const lines = pieces
          .map((piece) => encodePiece(canonicalText(piece)))
          .join('')
          .split('\r\n');
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(76);
          expect(line).toMatch(/^(?:[!-~\t ]*[!-~])?$/);
          expect(line.startsWith('.')).toBe(false);
        }
      }),
    );
  });

  it('breaks a long word', () => {
    expect(encodePiece('x'.repeat(100))).toBe(`${'x'.repeat(75)}=\r\n${'x'.repeat(25)}=\r\n`);
  });

  it('is nothing for nothing, so that an empty value leaves no mark', () => {
    expect(encodePiece('')).toBe('');
  });
});

describe('canonicalText', () => {
  it.each([
    ['a\r\nb\rc', 'a\nb\nc'],
    ['half \ud800 pair', 'half \ufffd pair'],
    ['whole 😀', 'whole 😀'],
  ])('reads %j as %j', (text, expected) => {
    expect(canonicalText(text)).toBe(expected);
  });
});
