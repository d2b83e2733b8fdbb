import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileMjml, MJML_VERSION } from './mjml.compiler.js';
import { expandPieces } from './piece.expansion.js';
import { type ExpandedSource } from './template.faults.js';
import { type TemplateSources } from './template.sources.js';

/** Goes with the compiled code, as it is only good for that: every build begins with an empty `dist`. */
const BUILT = join(import.meta.dirname, '..', '..', 'dist', 'mjml');

/**
 * The HTML of a body: what the build has made of the very same text, or else compiled here and now. Loading MJML and
 * compiling `templates/` took each process a second of a processor at its start, and 40 MB for as long as it ran.
 * @throws InvalidInputError as `compileMjml`.
 */
export async function htmlOf(body: ExpandedSource): Promise<string> {
  try {
    return await readFile(pathOf(body), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return compileMjml(body);
  }
}

/** For the build. @throws InvalidInputError `template-broken`. */
export async function buildHtml(sources: TemplateSources): Promise<void> {
  const body = expandPieces(sources, 'body');
  const html = await compileMjml(body);
  await mkdir(BUILT, { recursive: true });
  // Whole or not there, also for a build that is cut off.
  await writeFile(`${pathOf(body)}.new`, html);
  await rename(`${pathOf(body)}.new`, pathOf(body));
}

function pathOf({ text }: ExpandedSource): string {
  return join(BUILT, `${createHash('sha256').update(`${MJML_VERSION}\n${text}`).digest('hex')}.html`);
}
