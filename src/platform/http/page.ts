import { z } from 'zod';
import { unstorableText } from './unstorable-text.js';
import { wholeNumberOr } from './whole-number.js';

/**
 * Opaque keyset cursors: the sort key of the last row, as base64url JSON. They are not secret and need no signature,
 * as a forged one only starts a page elsewhere; they are parsed like any other input.
 */
export function cursorSchema<K>(key: z.ZodType<K>) {
  return z
    .string()
    .max(1_000)
    .transform((text, context): K => {
      const decoded = decode(text);
      const parsed = key.safeParse(decoded);
      if (parsed.success && unstorableText(decoded, []) === undefined) return parsed.data;
      context.addIssue({ code: 'custom', message: 'Expected a cursor from "next" of the page before' });
      return z.NEVER;
    })
    .meta({ pattern: '^[A-Za-z0-9_-]+$', description: '"next" of the page before' });
}

export function encodeCursor(key: unknown): string {
  return Buffer.from(JSON.stringify(key), 'utf8').toString('base64url');
}

/** Query schema of a list: `limit` (1 to 200, 50 by default), `cursor`, and the list's own filters. */
export function pageQuery<K, F extends z.ZodRawShape>(key: z.ZodType<K>, filters: F) {
  return z.strictObject({
    limit: wholeNumberOr(50, 1, 200),
    cursor: cursorSchema(key).optional(),
    ...filters,
  });
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the page that follows; absent on the last one. */
  readonly next?: string;
}

/** Schema of a page, for the API description. An example of an item makes one of a page. */
export function pageSchema<T>(item: z.ZodType<T>) {
  const examples = z.globalRegistry.get(item)?.examples;
  return z
    .object({
      items: z.array(item),
      next: z.string().optional().describe('Cursor of the page that follows; absent on the last one'),
    })
    .meta(Array.isArray(examples) ? { examples: [{ items: examples }] } : {});
}

/** Makes a page of `limit` items out of rows read with a limit of one more; `key` is the sort key of a row. */
export function pageOf<T>(rows: readonly T[], limit: number, key: (row: T) => unknown): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, next: encodeCursor(key(last)) } : { items };
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
