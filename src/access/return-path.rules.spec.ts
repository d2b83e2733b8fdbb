import fc from 'fast-check';
import { safeReturnPath } from './return-path.rules.js';

describe('the page to go back to', () => {
  it.each(['/', '/campaigns', '/campaigns/7?tab=plan&x=%2F', '/sign-ins'])('keeps %s', (path) => {
    expect(safeReturnPath(path)).toBe(path);
  });

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    ' //evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    'javascript:alert(1)',
    'campaigns',
    '',
    undefined,
    ['/a', '/b'],
    '/sign-in',
    '/sign-in?to=/sign-in',
    '/sign-out',
    '/sign-in/callback?code=x',
    `/${'a'.repeat(3_000)}`,
  ])('turns %j into the start page', (path) => {
    expect(safeReturnPath(path)).toBe('/');
  });

  it('never leads to another site, whatever is asked for', () => {
    const nasty = fc.array(
      fc.constantFrom('/', '\\', '.', '..', ':', '@', '?', '#', '%2f', '\t', '\n', ' ', 'evil.example', 'https:', 'a'),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          nasty.map((parts) => `/${parts.join('')}`),
        ),
        (text) => {
          const target = new URL(safeReturnPath(text), 'https://ours.example');
          expect(target.origin).toBe('https://ours.example');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
