/**
 * Where a value holds text that PostgreSQL cannot store: U+0000 or half a surrogate pair. Found in what a caller sent they
 * are the caller's fault, later ours. Undefined when there is none.
 */
export function unstorableText(value: unknown, path: readonly unknown[]): readonly unknown[] | undefined {
  const way = wayTo(value);
  return way && [...path, ...way];
}

/** The way is made on the way back: almost always there is none, and the values may be 250,000. */
function wayTo(value: unknown): unknown[] | undefined {
  if (typeof value === 'string') return isUnstorable(value) ? [] : undefined;
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return undefined;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    if (!isList && isUnstorable(key)) return [];
    const way = wayTo(item);
    if (way) return [key, ...way];
  }
  return undefined;
}

const isUnstorable = (text: string): boolean => /\0|\p{Surrogate}/u.test(text);
