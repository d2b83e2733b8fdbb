import { createHash } from 'node:crypto';
import Handlebars from 'handlebars';
import { z } from 'zod';
import { compileProgram, parseProgram, type Printer, PRINTERS, type Program } from './body.program.js';
import { htmlOf } from './built.html.js';
import { type Attachment, CompiledTemplate, type TemplateParts } from './compiled.template.js';
import { checkExpressions } from './expression.rules.js';
import { MJML_VERSION } from './mjml.compiler.js';
import { expandPieces } from './piece.expansion.js';
import { type Placeholder, shapeOf, withoutOptional } from './placeholder.rules.js';
import { broken, type ExpandedSource, parsing, reading } from './template.faults.js';
import { parseDeclaration, parseVocabulary, type TemplateDeclaration } from './template.declaration.js';
import { type SharedSources, SOURCE_FILES, type SourceFile, type TemplateSources } from './template.sources.js';
import { compileBody, compileLine } from './wire.program.js';

/** Together; most gateways refuse mail above 10 MB, and base64 adds a third. */
const MAX_ATTACHMENTS = 5 * 1024 * 1024;

/**
 * Compiles a template, once per version. Everything that can be wrong with it is found here, before any recipient.
 * @throws InvalidInputError `template-broken`, naming template, file and line.
 */
export async function compileTemplate(sources: TemplateSources): Promise<CompiledTemplate> {
  const vocabulary = vocabularyOf(sources.shared);
  const declaration = reading(where(sources, 'declaration'), () => parseDeclaration(sources.declaration, vocabulary));
  const sample = reading(where(sources, 'sample'), () =>
    z.record(z.string(), z.unknown()).parse(JSON.parse(sources.sample)),
  );
  const declared = shapeOf(declaration.placeholders);
  const vocabularyPaths = new Set(vocabulary.map(({ path }) => path));
  const subject: ExpandedSource = {
    text: sources.subject.trim(),
    origin: (line) => ({ file: where(sources, 'subject'), line }),
  };
  const body = expandPieces(sources, 'body');
  const text = expandPieces(sources, 'text');

  const used = new Set([subject, body, text].flatMap((source) => [...checkedPaths(source, declared)]));
  const html = await htmlOf(body);
  const parts: TemplateParts = {
    ...declaration,
    name: sources.name,
    version: '',
    attachments: attachmentsOf(sources, declaration),
    sample,
    unused: declaration.placeholders.map(({ path }) => path).filter((path) => !used.has(path)),
    sources: [subject, body, text],
    declared,
    known: shapeOf([...vocabulary, ...declaration.placeholders.filter(({ path }) => !vocabularyPaths.has(path))]),
    programs: {
      subject: program(subject, 'text'),
      html: compileProgram(html, 'html'),
      text: program(text, 'text'),
    },
    wire: {
      subject: compileLine(subject.text),
      html: compileBody(html, PRINTERS.html),
      text: compileBody(text.text, PRINTERS.text),
    },
  };
  const rendered = renderSamples(sources, parts);
  return new CompiledTemplate({
    ...parts,
    version: versionOf(sources, parts, [subject.text, html, text.text, rendered]),
  });
}

/** Read once for all templates that share it. */
const vocabularies = new WeakMap<SharedSources, readonly Placeholder[]>();

function vocabularyOf(shared: SharedSources): readonly Placeholder[] {
  const known = vocabularies.get(shared);
  if (known) return known;
  const vocabulary = reading('partials/placeholders.yaml', () => parseVocabulary(shared.vocabulary));
  vocabularies.set(shared, vocabulary);
  return vocabulary;
}

function checkedPaths(source: ExpandedSource, declared: ReturnType<typeof shapeOf>): Set<string> {
  const { faults, used } = checkExpressions(
    parsing(source, () => parseProgram(source.text)),
    declared,
  );
  const [first] = faults;
  if (first) throw broken(source.origin(first.line), first.reason);
  return used;
}

function program(source: ExpandedSource, printer: Printer): Program {
  return parsing(source, () => compileProgram(source.text, printer));
}

/** The sample must render, and so must the sample without anything optional: an unguarded optional value shows here. */
function renderSamples(sources: TemplateSources, parts: TemplateParts): string {
  const template = new CompiledTemplate(parts);
  return [parts.sample, withoutOptional(parts.sample, parts.placeholders)]
    .map((values) => reading(where(sources, 'sample'), () => JSON.stringify(template.render(values))))
    .join('\n');
}

function attachmentsOf(sources: TemplateSources, declaration: TemplateDeclaration): Attachment[] {
  const attachments = declaration.attachments.map(({ file, filename, contentType }) => {
    const content = sources.files.get(file);
    if (!content || content.length === 0)
      throw broken(where(sources, 'declaration'), `the attachment ${file} is ${content ? 'empty' : 'not there'}`);
    return { filename: filename ?? file, contentType, content, size: content.length, sha256: sha256(content) };
  });
  const total = attachments.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_ATTACHMENTS)
    throw broken(
      where(sources, 'declaration'),
      `attachments of ${total} bytes; at most ${MAX_ATTACHMENTS} may be sent`,
    );
  return attachments;
}

function versionOf(sources: TemplateSources, parts: TemplateParts, outputs: string[]): string {
  const pieces = [
    `mjml ${MJML_VERSION}`,
    `handlebars ${Handlebars.VERSION}`,
    sources.name,
    sources.declaration,
    JSON.stringify(parts.placeholders),
    ...outputs,
    ...parts.attachments.map(({ filename, contentType, sha256 }) => `${filename} ${contentType} ${sha256}`),
  ];
  // Each piece is hashed by itself, so that moving a byte from one to the next changes the result.
  return sha256(pieces.map(sha256).join('\n'));
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function where(sources: TemplateSources, file: SourceFile): string {
  return `${sources.name}/${SOURCE_FILES[file]}`;
}
