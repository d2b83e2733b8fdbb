/** What to write in an address instead of a sign that would end the user name or password there. */
export const ENCODED_SIGNS = 'in a user name or password / # ? @ % are written %2F %23 %3F %40 %25';

/** A part of a URL without its percent-encoding; undefined when a % in it stands for itself. */
export function decodedPart(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
