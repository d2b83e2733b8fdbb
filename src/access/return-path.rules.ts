const HERE = 'http://here.invalid';

/**
 * The page to go back to after sign-in, when it is one of ours; '/' otherwise. Only a path is let through: what
 * browsers read as another site (`//host`, `/\host`, a scheme, a tab or newline between) is not.
 */
export function safeReturnPath(text: unknown): string {
  if (typeof text !== 'string' || text.length > 2_000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text)) return '/';
  if (!URL.canParse(text, HERE)) return '/';
  const url = new URL(text, HERE);
  const path = `${url.pathname}${url.search}`;
  if (url.origin !== HERE || path.startsWith('//') || /^\/sign-(in|out)(\/|\?|$)/.test(path)) return '/';
  return path;
}
