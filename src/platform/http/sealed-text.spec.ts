import fc from 'fast-check';
import { TextSealer } from './sealed-text.js';

describe('sealed text', () => {
  const sealer = new TextSealer('a secret', 'one purpose');

  it('opens to what was sealed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(sealer.open(sealer.seal(text))).toBe(text);
      }),
    );
  });

  it('opens with no other secret, for no other purpose, and not after a change of any byte', () => {
    const sealed = sealer.seal('hello');
    expect(new TextSealer('another secret', 'one purpose').open(sealed)).toBeUndefined();
    expect(new TextSealer('a secret', 'another purpose').open(sealed)).toBeUndefined();
    const bytes = Buffer.from(sealed, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(sealer.open(changed.toString('base64url'))).toBeUndefined();
    }
    expect(sealer.open('')).toBeUndefined();
  });
});
