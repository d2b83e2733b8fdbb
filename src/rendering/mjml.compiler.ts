import { createRequire } from 'node:module';
import { join } from 'node:path';
import { broken, type ExpandedSource } from './template.faults.js';

const TOKEN = /\{\{(?!!)[^}]*\}\}/g;

/** The version of the compiler, which belongs to what decides the bytes of a message. */
export const MJML_VERSION = (
  createRequire(join(import.meta.dirname, 'mjml.compiler.js'))('mjml/package.json') as { version: string }
).version;

/**
 * Turns MJML into HTML in which the Handlebars expressions stand as they were. Remote fonts are left out: an email
 * fetches nothing.
 * @throws InvalidInputError `template-broken` for invalid MJML, for an element of MJML that it left as it is, and for an
 * expression that it dropped (it silently drops text between its elements).
 */
export async function compileMjml(source: ExpandedSource): Promise<string> {
  // MJML sees numbers in place of the expressions: it cannot stumble over a quote in one, and none can go unnoticed.
  const tokens: { token: string; line: number }[] = [];
  const numbered = source.text
    .split('\n')
    .map((text, i) => text.replace(TOKEN, (token) => `{{${tokens.push({ token, line: i + 1 }) - 1}}}`))
    .join('\n');
  const kept = new Set<number>();
  const compiled = await toHtml({ ...source, text: numbered });
  refuseLeftOver(compiled, numbered, source);
  const html = compiled.replace(/\{\{(\d+)\}\}/g, (_, number: string) => {
    kept.add(Number(number));
    return tokens[Number(number)]?.token ?? '';
  });
  const dropped = tokens.find((_, number) => !kept.has(number));
  if (dropped)
    throw broken(
      source.origin(dropped.line),
      `MJML drops ${dropped.token} here: put it into mj-text, mj-table or mj-raw`,
    );
  return tidied(html);
}

/** Inside mj-text, mj-table and mj-raw MJML takes its own elements for HTML and sends them as they are. */
function refuseLeftOver(html: string, mjml: string, source: ExpandedSource): void {
  const [leftOver, name] = /<(mj-[a-z-]+)[^<\n]*/.exec(html) ?? [];
  if (leftOver === undefined) return;
  const line = mjml.split('\n').findIndex((text) => text.includes(leftOver)) + 1;
  throw broken(source.origin(Math.max(1, line)), `${name ?? ''} inside text would be sent as it is: write HTML there`);
}

async function toHtml(source: ExpandedSource): Promise<string> {
  // Takes a second to load: only whoever compiles pays for it.
  const { default: mjml2html } = await import('mjml');
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
