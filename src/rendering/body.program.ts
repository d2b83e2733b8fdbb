import Handlebars from 'handlebars';
import { InvalidInputError } from '../shared/errors.js';
import type { TemplateValues } from './placeholder.rules.js';
import { canonicalText, encodePiece } from './quoted-printable.js';
import { WORDING } from './wording.rules.js';

/**
 * How a value is written into the output. Values reach the output through these alone, so that escaping does not depend
 * on what an author typed.
 */
const PRINTERS = {
  html: (value: unknown) => Handlebars.escapeExpression(printed(value)),
  text: printed,
  encodedHtml: (value: unknown) => encodePiece(Handlebars.escapeExpression(printed(value))),
  encodedText: (value: unknown) => encodePiece(printed(value)),
};
export type Printer = keyof typeof PRINTERS;

const environment = Handlebars.create();
for (const [name, word] of Object.entries(WORDING))
  // Handlebars hands every function its options as one more argument.
  environment.registerHelper(name, (...values: unknown[]) => word(...values.slice(0, -1)));
for (const [name, print] of Object.entries(PRINTERS))
  environment.registerHelper(name, (value: unknown) => print(value));

const KNOWN_HELPERS = Object.fromEntries(
  [...Object.keys(WORDING), ...Object.keys(PRINTERS)].map((name) => [name, true]),
);

export type Program = (values: TemplateValues) => string;

/** @throws Error from Handlebars, with `lineNumber`, when the source cannot be parsed. */
export function parseProgram(source: string): hbs.AST.Program {
  return environment.parse(source);
}

/**
 * Compiles a source once into a function. With an encoding printer its static text is turned into quoted-printable
 * here, and only values are encoded for each recipient.
 */
export function compileProgram(source: string, printer: Printer): Program {
  const program = parseProgram(source);
  rewrite(program, printer);
  const run = environment.compile<TemplateValues>(program, {
    strict: true,
    knownHelpers: KNOWN_HELPERS,
    knownHelpersOnly: true,
    preventIndent: true,
  });
  return (values) => run(values);
}

function rewrite(program: hbs.AST.Program, printer: Printer): void {
  for (const statement of program.body) {
    if (statement.type === 'ContentStatement') {
      const content = statement as hbs.AST.ContentStatement;
      if (printer === 'encodedHtml' || printer === 'encodedText') content.value = encodePiece(content.value);
    } else if (statement.type === 'MustacheStatement') {
      printThrough(statement as hbs.AST.MustacheStatement, printer);
    } else if (statement.type === 'BlockStatement') {
      const block = statement as hbs.AST.BlockStatement;
      rewrite(block.program, printer);
      const inverse = block.inverse as hbs.AST.Program | undefined;
      if (inverse) rewrite(inverse, printer);
    }
  }
}

/** `{{value}}` becomes `{{{printer value}}}`, `{{longDate day}}` becomes `{{{printer (longDate day)}}}`. */
function printThrough(mustache: hbs.AST.MustacheStatement, printer: Printer): void {
  const { path, params, hash, loc } = mustache;
  const isCall = path.type === 'PathExpression' && Object.hasOwn(WORDING, (path as hbs.AST.PathExpression).original);
  const call = { type: 'SubExpression', path, params, hash, loc } as hbs.AST.SubExpression;
  mustache.params = [isCall ? call : path];
  mustache.path = {
    type: 'PathExpression',
    data: false,
    depth: 0,
    parts: [printer],
    original: printer,
    loc,
  } satisfies hbs.AST.PathExpression;
  mustache.escaped = false;
}

function printed(value: unknown): string {
  if (typeof value === 'string') return canonicalText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new InvalidInputError('blank-value', 'A template printed a value that is not there: guard it with {{#if}}');
}
