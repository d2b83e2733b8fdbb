import { z } from 'zod';
import { wholeNumberOr } from './whole-number.js';

/**
 * Keyset cursors: the sort key of the last row, its parts as text with commas between. They are not secret and need no
 * signature, as a forged one only starts a page elsewhere. Whatever fits the described pattern is one: a program that makes
 * requests out of the description is refused none.
 */
export function cursorSchema<K>(key: z.ZodType<K>) {
  const isTuple = key instanceof z.ZodTuple;
  const forms = (isTuple ? (key.def.items as readonly z.ZodType[]) : [key]).map(formOf);
  const pattern = `^${forms.map((form) => form.pattern).join(',')}$`;
  const fits = new RegExp(pattern);
  return z
    .string()
    .min(1)
    .max(1_000)
    .transform((text, context): K => {
      const parts = text.split(',').map((part, i) => forms[i]?.read(part));
      const parsed = fits.test(text) ? key.safeParse(isTuple ? parts : parts[0]) : undefined;
      if (parsed?.success) return parsed.data;
      context.addIssue({ code: 'custom', message: 'Expected a cursor from "next" of the page before' });
      return z.NEVER;
    })
    .meta({ pattern, description: '"next" of the page before' });
}

export function encodeCursor(key: unknown): string {
  return (Array.isArray(key) ? (key as unknown[]) : [key])
    .map((part) => (part instanceof Date ? part.toISOString() : written(String(part))))
    .join(',');
}

/** What of a text may stand in an address as it is; each other byte is `~` and two hexadecimal digits, and none is NUL. */
const PLAIN = 'A-Za-z0-9._:-';
const TEXT = `(?:[${PLAIN}]|~(?:0[1-9a-f]|[1-9a-f][0-9a-f]))*`;

const ESCAPED = new RegExp(`[^${PLAIN}]`, 'g');

const written = (text: string): string =>
  Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(ESCAPED, (byte) => `~${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);

const read = (text: string): string =>
  Buffer.from(
    text.replace(/~(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString();

interface Form {
  readonly pattern: string;
  read(text: string): unknown;
}

function formOf(part: z.ZodType): Form {
  if (part instanceof z.ZodBoolean) return { pattern: '(?:true|false)', read: (text) => text === 'true' };
  if (part instanceof z.ZodNumber) return { pattern: '[1-9][0-9]{0,14}', read: Number };
  const { pattern } = z.toJSONSchema(part, { io: 'input' });
  return { pattern: pattern === undefined ? TEXT : `(?:${pattern.replace(/^\^|\$$/g, '')})`, read };
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
