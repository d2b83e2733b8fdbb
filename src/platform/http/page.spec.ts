import fc from 'fast-check';
import { z } from 'zod';
import { encodeCursor, pageOf, pageQuery } from './page.js';

describe('cursors', () => {
  const query = pageQuery(z.tuple([z.string(), z.number()]), { subject: z.string().optional() });

  it('bring back the key that they were made from', () => {
    fc.assert(
      fc.property(fc.tuple(fc.string({ maxLength: 50 }), fc.integer()), (key) => {
        expect(query.parse({ cursor: encodeCursor(key) }).cursor).toEqual(key);
      }),
    );
  });

  it('are refused when they hold something else, never thrown over', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(query.safeParse({ cursor: text }).error?.issues[0]?.path).toEqual(['cursor']);
      }),
    );
    expect(query.safeParse({ cursor: encodeCursor([1, 'a']) }).success).toBe(false);
    expect(query.safeParse({ cursor: encodeCursor(['a\0', 1]) }).success).toBe(false);
  });

  it('come with a limit in digits and nothing else', () => {
    expect(query.parse({})).toEqual({ limit: 50 });
    expect(query.parse({ limit: '007' })).toEqual({ limit: 7 });
    for (const limit of ['0x10', '1e2', ' 5', '5 ', '+5', '5.0', '', '٥', '0', '201', '-1', ['5'], ['5', '6']]) {
      expect(query.safeParse({ limit }).error?.issues[0]?.path).toEqual(['limit']);
    }
    expect(query.safeParse({ limit: '0x10' }).error?.issues[0]?.message).toBe('Expected a whole number in digits');
  });

  it('are given while there is more', () => {
    const key = (n: number): number => n;
    expect(pageOf([1, 2, 3], 2, key)).toEqual({ items: [1, 2], next: encodeCursor(2) });
    expect(pageOf([1, 2], 2, key)).toEqual({ items: [1, 2] });
    expect(pageOf([], 2, key)).toEqual({ items: [] });
  });
});
