/**
 * Where a value holds text that PostgreSQL cannot store: U+0000 or half a surrogate pair. Found in what a caller sent they
 * are the caller's fault, later ours. Undefined when there is none.
 */
export function unstorableText(value: unknown, path: readonly unknown[]): readonly unknown[] | undefined {
  if (typeof value === 'string') return /\0|\p{Surrogate}/u.test(value) ? path : undefined;
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = unstorableText(key, path) ?? unstorableText(item, [...path, key]);
    if (found) return found;
  }
  return undefined;
}
