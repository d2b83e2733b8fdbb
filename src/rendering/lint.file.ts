import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { AppError, InvalidInputError } from '../shared/errors.js';
import { lintDates } from './lint.dates.js';
import { inOrder, type LintFinding } from './lint.finding.js';
import { lintMarkup } from './lint.markup.js';
import { lintLiteralDates, lintTemplate } from './lint.template.js';
import { type LintOptions, lintText } from './lint.text.js';
import { visibleText } from './markup.reader.js';
import { DEFAULT_TEMPLATES_DIR, SHARED_FOLDER } from './template.catalogue.js';
import { compileTemplate } from './template.compiler.js';
import { readSharedSources, readTemplateSources, SOURCE_FILES } from './template.sources.js';

/**
 * The faults of a file: of a whole template when the path is its folder or one of its files, else of an HTML body or a
 * plain message text. A template that does not compile is one finding, `broken-template`.
 * @throws InvalidInputError `no-such-file` when there is nothing to read at the path, `not-text` when it is no text.
 */
export async function lintFile(path: string, options: LintOptions = {}): Promise<LintFinding[]> {
  if (await isDirectory(path)) return lintFolder(path, options);
  const ofTemplate = Object.values<string>(SOURCE_FILES).includes(basename(path));
  if (ofTemplate && (await exists(join(dirname(path), SOURCE_FILES.declaration))))
    return lintFolder(dirname(path), options);
  const text = await readText(path);
  const markup = /\.(?:html?|mjml)$/.test(path.replace(/\.hbs$/, ''));
  if (extname(path) === '.hbs') {
    // A lone piece of a template: its dates are values, so only the words around them can be judged.
    return inOrder([...lintLiteralDates(text), ...(markup ? lintMarkup(text) : lintText(withoutDates(text), options))]);
  }
  return markup ? inOrder([...lintMarkup(text), ...lintDates(visibleText(text), options)]) : lintText(text, options);
}

async function readText(path: string): Promise<string> {
  const text = (await readFile(path, 'utf8')).replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  if (text.trim() === '') throw new InvalidInputError('not-text', `${path} is empty`);
  if (text.includes('\0')) {
    throw new InvalidInputError('not-text', `${path} is a binary file; expected a message as plain text or HTML`);
  }
  return text;
}

async function lintFolder(folder: string, { window }: LintOptions): Promise<LintFinding[]> {
  const beside = join(resolve(folder), '..', SHARED_FOLDER);
  const shared = await readSharedSources((await exists(beside)) ? beside : join(DEFAULT_TEMPLATES_DIR, SHARED_FOLDER));
  try {
    const sources = await readTemplateSources(folder, basename(resolve(folder)), shared);
    return lintTemplate(await compileTemplate(sources), window);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const line = Number(/ line (\d+):/.exec(error.message)?.[1] ?? 1);
    return [{ rule: 'broken-template', line, message: error.message }];
  }
}

function withoutDates(text: string): string {
  return text.replace(/\{\{[^}]*\}\}/g, 'x');
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new InvalidInputError('no-such-file', `There is nothing to read at ${path}`, { cause });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
