/** The pattern of `like` for what has the text in it: `%` and `_` in it stand for themselves. */
export function containing(text: string): string {
  return `%${text.replace(/[%_\\]/g, '\\$&')}%`;
}
