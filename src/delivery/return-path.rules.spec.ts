import fc from 'fast-check';
import { messageIdOfReturnPath, returnPathsOf } from './return-path.rules.js';

const SENDER = 'cqrs-comms@example.test';
const SECRET = 'a secret of the tests, forty characters!';

describe('the return path', () => {
  it('names its message, whatever the id and however a server writes capitals', () => {
    fc.assert(
      fc.property(fc.array(fc.uuid(), { minLength: 1 }), fc.string({ minLength: 32, maxLength: 80 }), (ids, secret) => {
        const pathOf = returnPathsOf(SENDER, secret);
        for (const [id, path] of ids.map((one) => [one, pathOf(one)] as const)) {
          expect(messageIdOfReturnPath(path, secret)).toBe(id);
          expect(messageIdOfReturnPath(path.toUpperCase(), secret)).toBe(id);
        }
      }),
    );
  });

  it('fits into a local part (RFC 5321 section 4.5.3.1.1)', () => {
    const path = returnPathsOf(SENDER, SECRET)('ffffffff-ffff-ffff-ffff-ffffffffffff');
    expect(path).toMatch(/^cqrs-comms\+b[0-9a-z]{35}@example\.test$/);
    expect(path.indexOf('@')).toBeLessThanOrEqual(64);
  });

  it('is nobody else’s to make', () => {
    const id = '8d1c7a52-0d1e-5b3c-9d59-0f3a4b5c6d7e';
    expect(messageIdOfReturnPath(returnPathsOf(SENDER, 'another secret')(id), SECRET)).toBeUndefined();
    expect(messageIdOfReturnPath(SENDER, SECRET)).toBeUndefined();
    const path = returnPathsOf(SENDER, SECRET)(id);
    const forged = path.replace(/.(?=@)/, (last) => (last === '0' ? '1' : '0'));
    expect(messageIdOfReturnPath(forged, SECRET)).toBeUndefined();
  });
});
