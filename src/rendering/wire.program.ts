/// <reference types="handlebars" />
import { type ByteWriter } from '../shared/byte-writer.js';
import { parseProgram, type Print, PRINTERS, type Program } from './body.program.js';
import type { TemplateValues } from './placeholder.rules.js';
import { encodePiece } from './quoted-printable.js';
import { WORDING } from './wording.rules.js';

/** Writes a whole quoted-printable body. */
export type WireProgram = (values: TemplateValues, out: ByteWriter) => void;

/**
 * The way of the real send. Handlebars parses, and `checkExpressions` has refused everything but printed values, #if,
 * #unless, #each and the wording functions; this runs just these. Static text is encoded here, once, and copied as
 * bytes; only values are encoded for each recipient. Handlebars' own run-time, which wraps all its functions anew in
 * every run, took longer than everything else that makes a message. What it prints stays the reference: the tests hold
 * the two against each other for every template and whatever values.
 */
export function compileWireProgram(source: string, print: Print): WireProgram {
  const run = programOf<ByteWriter>(parseProgram(source), [], {
    fixed(text) {
      const bytes = Buffer.from(encodePiece(text), 'latin1');
      return (out) => {
        out.bytes(bytes);
      };
    },
    value(value, out) {
      out.ascii(encodePiece(print(value)));
    },
  });
  return (values, out) => {
    run({ context: values }, out);
  };
}

/** The same for text that is not encoded. */
export function compileLine(source: string): Program {
  const run = programOf<string[]>(parseProgram(source), [], {
    fixed: (text) => (out) => out.push(text),
    value: (value, out) => out.push(PRINTERS.text(value)),
  });
  return (values) => {
    const out: string[] = [];
    run({ context: values }, out);
    return out.join('');
  };
}

/** How text reaches an output. */
interface Medium<Out> {
  fixed(text: string): (out: Out) => void;
  value(value: unknown, out: Out): void;
}

type Step<Out> = (scope: Scope, out: Out) => void;
type Reader = (scope: Scope) => unknown;

/** What paths are read from: the values themselves, or one entry of a list, within an outer scope. */
interface Scope {
  readonly context: unknown;
  readonly entry?: { readonly above: Scope; readonly index: number; readonly last: boolean };
}

/** `lists` holds the names (`as |entry index|`) of each list around, the innermost last. */
type Lists = readonly (readonly string[])[];

function programOf<Out>(program: hbs.AST.Program, lists: Lists, medium: Medium<Out>): Step<Out> {
  const steps = program.body.flatMap((statement) => stepOf(statement, lists, medium) ?? []);
  return (scope, out) => {
    for (const step of steps) step(scope, out);
  };
}

function stepOf<Out>(statement: hbs.AST.Statement, lists: Lists, medium: Medium<Out>): Step<Out> | undefined {
  switch (statement.type) {
    case 'ContentStatement': {
      const write = medium.fixed((statement as hbs.AST.ContentStatement).value);
      return (_, out) => {
        write(out);
      };
    }
    case 'MustacheStatement': {
      const read = readerOf(statement as hbs.AST.MustacheStatement, lists);
      return (scope, out) => {
        medium.value(read(scope), out);
      };
    }
    case 'BlockStatement':
      return blockOf(statement as hbs.AST.BlockStatement, lists, medium);
    case 'CommentStatement':
      return undefined;
    default:
      throw new Error(`${statement.type} is not allowed in a template`);
  }
}

function blockOf<Out>(block: hbs.AST.BlockStatement, lists: Lists, medium: Medium<Out>): Step<Out> {
  const [param] = block.params;
  const read = param && readerOf(param, lists);
  const inverse = block.inverse as hbs.AST.Program | undefined;
  const otherwise: Step<Out> = inverse ? programOf(inverse, lists, medium) : () => undefined;
  const name = block.path.original;
  if (read && name === 'each') {
    const names = (block.program.blockParams as string[] | undefined) ?? [];
    return repetition(read, programOf(block.program, [...lists, names], medium), otherwise);
  }
  const then = programOf(block.program, lists, medium);
  if (read && name === 'if') return choice(read, then, otherwise);
  if (read && name === 'unless') return choice(read, otherwise, then);
  throw new Error(`{{#${name}}} is not allowed in a template`);
}

function choice<Out>(read: Reader, whenFilled: Step<Out>, whenEmpty: Step<Out>): Step<Out> {
  return (scope, out) => {
    const value = read(scope);
    const filled = Array.isArray(value) ? value.length > 0 : Boolean(value);
    (filled ? whenFilled : whenEmpty)(scope, out);
  };
}

function repetition<Out>(read: Reader, each: Step<Out>, whenEmpty: Step<Out>): Step<Out> {
  return (scope, out) => {
    const list = read(scope);
    if (!Array.isArray(list) || list.length === 0) {
      whenEmpty(scope, out);
      return;
    }
    for (let index = 0; index < list.length; index += 1) {
      each({ context: list[index], entry: { above: scope, index, last: index === list.length - 1 } }, out);
    }
  };
}

function readerOf(node: hbs.AST.Node, lists: Lists): Reader {
  switch (node.type) {
    case 'MustacheStatement':
    case 'SubExpression':
      return callOf(node as hbs.AST.SubExpression, lists);
    case 'PathExpression':
      return pathOf(node as hbs.AST.PathExpression, lists);
    case 'StringLiteral':
    case 'NumberLiteral':
    case 'BooleanLiteral': {
      const { value } = node as hbs.AST.StringLiteral | hbs.AST.NumberLiteral | hbs.AST.BooleanLiteral;
      return () => value;
    }
    case 'NullLiteral':
    case 'UndefinedLiteral':
      return () => undefined;
    default:
      throw new Error(`${node.type} is not allowed in a template`);
  }
}

function callOf({ path, params }: hbs.AST.SubExpression, lists: Lists): Reader {
  const word = path.type === 'PathExpression' && Object.hasOwn(WORDING, path.original) && WORDING[path.original];
  if (!word) return readerOf(path, lists);
  const readers = params.map((param) => readerOf(param, lists));
  return (scope) => word(...readers.map((read) => read(scope)));
}

function pathOf(path: hbs.AST.PathExpression, lists: Lists): Reader {
  const { parts, depth, data, original } = path;
  if (data) {
    const what = ENTRY_FACTS[parts.join('.')];
    if (!what) throw new Error(`@${parts.join('.')} is not allowed in a template`);
    return (scope) => what(climb(scope, depth));
  }
  const [head, ...tail] = parts;
  const level =
    depth > 0 || original.startsWith('this') ? -1 : lists.findLastIndex((names) => names.includes(head ?? ''));
  if (level < 0) return (scope) => follow(climb(scope, depth).context, parts);
  const levels = lists.length - 1 - level;
  return lists[level]?.[0] === head
    ? (scope) => follow(climb(scope, levels).context, tail)
    : (scope) => climb(scope, levels).entry?.index;
}

const ENTRY_FACTS: Record<string, (scope: Scope) => unknown> = {
  index: ({ entry }) => entry?.index,
  first: ({ entry }) => entry?.index === 0,
  last: ({ entry }) => entry?.last,
};

function climb(scope: Scope, levels: number): Scope {
  let at = scope;
  for (let i = 0; i < levels && at.entry; i += 1) at = at.entry.above;
  return at;
}

/** Own properties only: a value can never reach what JavaScript itself hangs onto every object. */
function follow(start: unknown, parts: readonly string[]): unknown {
  let at = start;
  for (const part of parts) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}
