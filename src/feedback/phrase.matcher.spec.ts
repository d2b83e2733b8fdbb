import fc from 'fast-check';
import { compilePhrase, holds } from './phrase.matcher.js';

describe('holds', () => {
  it('finds every phrase that is there, wherever and however short', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.nat(300), fc.integer({ min: 1, max: 20 }), (text, from, length) => {
        const piece = text.slice(from, from + length).replaceAll('*', '');
        if (text.includes(piece)) expect(holds(text, compilePhrase(piece))).toBe(true);
      }),
    );
  });

  it('finds what a reading of the text would find, and nothing more', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 12 });
    fc.assert(
      fc.property(few, few, (text, phrase) => {
        expect(holds(text, compilePhrase(phrase))).toBe(text.includes(phrase));
      }),
    );
  });

  it.each([
    ['mailbox of anna is full', true],
    ['mailbox is full', false],
    [`mailbox ${'a'.repeat(119)} is full`, true],
    [`mailbox ${'a'.repeat(130)} is full`, false],
    ['is full, the mailbox ', false],
  ])('bridges a gap of one line: %s', (text, found) => {
    expect(holds(text, compilePhrase('mailbox * is full'))).toBe(found);
  });
});
