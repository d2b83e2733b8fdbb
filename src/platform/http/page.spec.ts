import fc from 'fast-check';
import { z } from 'zod';
import { cursorSchema, encodeCursor, pageOf, pageQuery } from './page.js';

describe('cursors', () => {
  const key = z.tuple([z.string(), z.number(), z.boolean(), z.uuid(), z.iso.datetime()]);
  const query = pageQuery(key, { subject: z.string().optional() });
  const patternOf = (schema: z.ZodType) => new RegExp(z.toJSONSchema(cursorSchema(schema), { io: 'input' }).pattern!);
  const text = fc.string({ maxLength: 50, unit: 'binary' }).filter((each) => !/\0/.test(each));
  const keys = fc.tuple(
    text,
    fc.integer({ min: 1 }),
    fc.boolean(),
    fc.uuid(),
    fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
  );

  it('bring back the key that they were made from', () => {
    fc.assert(
      fc.property(keys, ([name, number, flag, id, at]) => {
        const cursor = encodeCursor([name, number, flag, id, at]);
        expect(cursor).toMatch(patternOf(key));
        expect(query.parse({ cursor }).cursor).toEqual([name, number, flag, id, at.toISOString()]);
      }),
    );
  });

  it('are whatever fits their pattern, and never text that cannot be stored', () => {
    for (const schema of [key, z.uuid(), z.int().positive(), z.string()] as z.ZodType[]) {
      fc.assert(
        fc.property(fc.stringMatching(patternOf(schema), { maxLength: 200 }), (cursor) => {
          fc.pre(cursor !== '');
          expect(cursorSchema(schema).safeParse(cursor)).toMatchObject({ success: true });
        }),
      );
    }
    expect(cursorSchema(z.string()).parse('~c3~28')).toBe('\ufffd(');
  });

  it('are refused when they hold something else, never thrown over', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (cursor) => {
        expect(query.safeParse({ cursor }).error?.issues[0]?.path).toEqual(['cursor']);
      }),
    );
    for (const cursor of ['', 'a,1', 'a,1,true', '~00', 'a b', 'a\0', '~C3', '~']) {
      expect(cursorSchema(z.string()).safeParse(cursor).success).toBe(false);
    }
    expect(query.safeParse({ cursor: encodeCursor([1, 'a']) }).success).toBe(false);
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
    expect(pageOf([1, 2, 3], 2, (n) => n)).toEqual({ items: [1, 2], next: encodeCursor(2) });
    expect(pageOf([1, 2], 2, (n) => n)).toEqual({ items: [1, 2] });
    expect(pageOf([], 2, (n) => n)).toEqual({ items: [] });
  });
});
