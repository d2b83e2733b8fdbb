import { createRequire } from 'node:module';
import { join } from 'node:path';
import mjml2html from 'mjml';
import { broken, type ExpandedSource } from './template.faults.js';

const TOKEN = /\{\{(?!!)[^}]*\}\}/g;

/** The version of the compiler, which belongs to what decides the bytes of a message. */
export const MJML_VERSION = (
  createRequire(join(import.meta.dirname, 'mjml.compiler.js'))('mjml/package.json') as { version: string }
).version;

/**
 * Turns MJML into HTML in which the Handlebars expressions stand as they were. Remote fonts are left out: an e-mail
 * fetches nothing.
 * @throws InvalidInputError `template-broken` for invalid MJML, and for an expression that MJML dropped (it silently
 * drops text between its elements).
 */
export async function compileMjml(source: ExpandedSource): Promise<string> {
  const html = await toHtml(source);
  const kept = new Map<string, number>();
  for (const [token] of html.matchAll(TOKEN)) kept.set(token, (kept.get(token) ?? 0) + 1);
  source.text.split('\n').forEach((line, i) => {
    for (const [token] of line.matchAll(TOKEN)) {
      const left = kept.get(token) ?? 0;
      if (left === 0)
        throw broken(source.origin(i + 1), `MJML drops ${token} here: put it into mj-text, mj-table or mj-raw`);
      kept.set(token, left - 1);
    }
  });
  return tidied(html);
}

async function toHtml(source: ExpandedSource): Promise<string> {
  try {
    const { html } = await mjml2html(source.text, { validationLevel: 'strict', fonts: {}, keepComments: false });
    return html;
  } catch (error) {
    const [first] = (error as { errors?: { line: number; message: string }[] }).errors ?? [];
    if (first) throw broken(source.origin(first.line), first.message, error);
    throw broken(source.origin(1), (error as Error).message, error);
  }
}

/**
 * Drops the indentation and the empty lines that MJML leaves. No more than that: a minifier that joins lines or strips
 * quotes has broken Outlook before.
 */
function tidied(html: string): string {
  return `${html
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n')}\n`;
}
