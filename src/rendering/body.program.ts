import Handlebars from 'handlebars';
import { InvalidInputError } from '../shared/errors.js';
import type { TemplateValues } from './placeholder.rules.js';
import { canonicalText } from './quoted-printable.js';
import { WORDING } from './wording.rules.js';

export type Print = (value: unknown) => string;

/**
 * How a value is written into the output. Values reach the output through these alone, so that escaping does not depend
 * on what an author typed.
 */
export const PRINTERS = {
  html: (value: unknown) => Handlebars.escapeExpression(printed(value)),
  text: printed,
} satisfies Record<string, Print>;
export type Printer = keyof typeof PRINTERS;

export type Program = (values: TemplateValues) => string;

/** @throws Error from Handlebars, with `lineNumber`, when the source cannot be parsed. */
export function parseProgram(source: string): hbs.AST.Program {
  return Handlebars.parse(source);
}

/** Compiles a source once into a function. */
export function compileProgram(source: string, printer: Printer): Program {
  const program = parseProgram(source);
  const called = new Set<string>();
  rewrite(program, printer, called);
  const run = environmentWith(printer, called).compile<TemplateValues>(program, {
    strict: true,
    knownHelpers: Object.fromEntries([printer, ...called].map((name) => [name, true])),
    knownHelpersOnly: true,
    preventIndent: true,
  });
  return (values) => run(values);
}

/** Handlebars wraps every registered function anew on every run, so a program has those that it calls and no others. */
function environmentWith(printer: Printer, called: ReadonlySet<string>): typeof Handlebars {
  const environment = Handlebars.create();
  for (const name of Object.keys(environment.helpers)) if (!BLOCKS.has(name)) environment.unregisterHelper(name);
  environment.registerHelper(printer, (value: unknown) => PRINTERS[printer](value));
  for (const name of called) {
    const word = WORDING[name];
    // Handlebars hands every function its options as one more argument.
    if (word) environment.registerHelper(name, (...values: unknown[]) => word(...values.slice(0, -1)));
  }
  return environment;
}

const BLOCKS = new Set(['if', 'unless', 'each']);

/** Points every printed expression at the printer, and notes which wording functions are called. */
function rewrite(program: hbs.AST.Program, printer: Printer, called: Set<string>): void {
  for (const statement of program.body) {
    if (statement.type === 'MustacheStatement') {
      printThrough(statement as hbs.AST.MustacheStatement, printer, called);
    } else if (statement.type === 'BlockStatement') {
      const block = statement as hbs.AST.BlockStatement;
      noteCalls(block.params, called);
      rewrite(block.program, printer, called);
      const inverse = block.inverse as hbs.AST.Program | undefined;
      if (inverse) rewrite(inverse, printer, called);
    }
  }
}

/** `{{value}}` becomes `{{{printer value}}}`, `{{longDate day}}` becomes `{{{printer (longDate day)}}}`. */
function printThrough(mustache: hbs.AST.MustacheStatement, printer: Printer, called: Set<string>): void {
  const { path, params, hash, loc } = mustache;
  const isCall = path.type === 'PathExpression' && Object.hasOwn(WORDING, (path as hbs.AST.PathExpression).original);
  const call = { type: 'SubExpression', path, params, hash, loc } as hbs.AST.SubExpression;
  mustache.params = [isCall ? call : path];
  noteCalls(mustache.params, called);
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

function noteCalls(expressions: readonly hbs.AST.Expression[], called: Set<string>): void {
  for (const expression of expressions) {
    if (expression.type !== 'SubExpression') continue;
    const call = expression as hbs.AST.SubExpression;
    called.add(call.path.original);
    noteCalls(call.params, called);
  }
}

function printed(value: unknown): string {
  if (typeof value === 'string') return canonicalText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new InvalidInputError('blank-value', 'A template printed a value that is not there: guard it with {{#if}}');
}
