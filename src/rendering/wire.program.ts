/// <reference types="handlebars" />
import { ByteWriter } from '../shared/byte-writer.js';
import { InvalidInputError } from '../shared/errors.js';
import { parseProgram, type Print, PRINTERS } from './body.program.js';
import type { TemplateValues } from './placeholder.rules.js';
import { encodePiece } from './quoted-printable.js';
import { WORDING } from './wording.rules.js';

/** What is fixed for many messages is run once; the rest for each. */
export interface WireProgram<Out> {
  /** The top-level values that a run reads; `*` for all of them. */
  readonly reads: ReadonlySet<string>;
  run(values: TemplateValues, out: Out): void;
  /** The same program for messages that all have these values among their own: what reads no others is run now. */
  bind(shared: TemplateValues): WireProgram<Out>;
}

/**
 * The way of the real send. Handlebars parses, and `checkExpressions` has refused everything but printed values, #if,
 * #unless, #each and the wording functions; this runs just these. Static text is encoded here, once, what all messages
 * of a dispatch share once for each window of them, and only a recipient's own values for each. Handlebars' own
 * run-time stays the reference: the tests hold the two against each other for every template and whatever values.
 */
export function compileBody(source: string, print: Print): WireProgram<ByteWriter> {
  const fixed = (bytes: Buffer) => (out: ByteWriter) => {
    out.bytes(bytes);
  };
  // Memory of its own for each window (a megabyte, for a few kilobytes of text) had the whole heap marked after every
  // 2,000 messages: a fifth of what a message cost (95 of 500 us).
  const scratch = new ByteWriter();
  return wireProgram(parseProgram(source), {
    fixed: (text) => fixed(Buffer.from(encodePiece(text), 'latin1')),
    value(value, out) {
      out.ascii(encodePiece(print(value)));
    },
    once(write) {
      scratch.clear();
      write(scratch);
      return fixed(Buffer.from(scratch.take()));
    },
  });
}

/** A line of plain text, in pieces. */
export function compileLine(source: string): WireProgram<string[]> {
  return wireProgram(parseProgram(source), {
    fixed: (text) => (out) => out.push(text),
    value: (value, out) => out.push(PRINTERS.text(value)),
    once(write) {
      const pieces: string[] = [];
      write(pieces);
      const text = pieces.join('');
      return (out) => out.push(text);
    },
  });
}

/** How text reaches an output. */
interface Medium<Out> {
  fixed(text: string): (out: Out) => void;
  value(value: unknown, out: Out): void;
  /** What `write` writes, to be written again and again. */
  once(write: (out: Out) => void): (out: Out) => void;
}

type Step<Out> = (scope: Scope, out: Out) => void;

type Reader = (scope: Scope) => unknown;

/** What paths are read from: the values themselves, or one entry of a list, within an outer scope. */
interface Scope {
  readonly context: unknown;
  readonly entry?: { readonly above: Scope; readonly index: number; readonly last: boolean };
}

/** Where an expression stands. */
interface Place {
  /** The names (`as |entry index|`) of each list around, the innermost last. */
  readonly lists: readonly (readonly string[])[];
  /** Collects the top-level values that are read there. */
  readonly reads: Set<string>;
}

interface Statement<Out> {
  readonly step: Step<Out>;
  readonly reads: ReadonlySet<string>;
}

function wireProgram<Out>(program: hbs.AST.Program, medium: Medium<Out>): WireProgram<Out> {
  const statements = program.body.flatMap((node): Statement<Out>[] => {
    const reads = new Set<string>();
    const step = stepOf(node, { lists: [], reads }, medium);
    return step ? [{ step, reads }] : [];
  });
  return running(statements, medium);
}

function running<Out>(statements: readonly Statement<Out>[], medium: Medium<Out>): WireProgram<Out> {
  return {
    reads: new Set(statements.flatMap(({ reads }) => [...reads])),
    run(values, out) {
      const scope = { context: values };
      for (const { step } of statements) step(scope, out);
    },
    bind(shared) {
      const bound: Statement<Out>[] = [];
      let open: Statement<Out>[] = [];
      const close = (): void => {
        if (open.length > 0) bound.push(...bindAll(open, shared, medium));
        open = [];
      };
      for (const statement of statements) {
        if ([...statement.reads].every((name) => Object.hasOwn(shared, name))) {
          open.push(statement);
        } else {
          close();
          bound.push(statement);
        }
      }
      close();
      return running(bound, medium);
    },
  };
}

/** Neighbours that read nothing but shared values, as one step. */
function bindAll<Out>(
  statements: readonly Statement<Out>[],
  shared: TemplateValues,
  medium: Medium<Out>,
): readonly Statement<Out>[] {
  const scope = { context: shared };
  try {
    const write = medium.once((out) => {
      for (const { step } of statements) step(scope, out);
    });
    const step: Step<Out> = (_, out) => {
      write(out);
    };
    return [{ step, reads: new Set() }];
  } catch (error) {
    // It will fail for each message by itself, with the same words.
    if (error instanceof InvalidInputError) return statements;
    throw error;
  }
}

function programOf<Out>(program: hbs.AST.Program, place: Place, medium: Medium<Out>): Step<Out> {
  const steps = program.body.flatMap((statement) => stepOf(statement, place, medium) ?? []);
  return (scope, out) => {
    for (const step of steps) step(scope, out);
  };
}

function stepOf<Out>(statement: hbs.AST.Statement, place: Place, medium: Medium<Out>): Step<Out> | undefined {
  switch (statement.type) {
    case 'ContentStatement': {
      const write = medium.fixed((statement as hbs.AST.ContentStatement).value);
      return (_, out) => {
        write(out);
      };
    }
    case 'MustacheStatement': {
      const read = readerOf(statement, place);
      return (scope, out) => {
        medium.value(read(scope), out);
      };
    }
    case 'BlockStatement':
      return blockOf(statement as hbs.AST.BlockStatement, place, medium);
    case 'CommentStatement':
      return undefined;
    default:
      throw new Error(`${statement.type} is not allowed in a template`);
  }
}

function blockOf<Out>(block: hbs.AST.BlockStatement, place: Place, medium: Medium<Out>): Step<Out> {
  const [param] = block.params;
  const read = param && readerOf(param, place);
  const inverse = block.inverse as hbs.AST.Program | undefined;
  const otherwise: Step<Out> = inverse ? programOf(inverse, place, medium) : () => undefined;
  const name = block.path.original;
  if (read && name === 'each') {
    const names = (block.program.blockParams as string[] | undefined) ?? [];
    return repetition(read, programOf(block.program, { ...place, lists: [...place.lists, names] }, medium), otherwise);
  }
  const then = programOf(block.program, place, medium);
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

function readerOf(node: hbs.AST.Node, place: Place): Reader {
  switch (node.type) {
    case 'MustacheStatement':
    case 'SubExpression':
      return callOf(node as hbs.AST.SubExpression, place);
    case 'PathExpression':
      return pathOf(node as hbs.AST.PathExpression, place);
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

function callOf({ path, params }: hbs.AST.SubExpression, place: Place): Reader {
  const word = Object.hasOwn(WORDING, path.original) && WORDING[path.original];
  if (!word) return readerOf(path, place);
  const readers = params.map((param) => readerOf(param, place));
  return (scope) => word(...readers.map((read) => read(scope)));
}

function pathOf(path: hbs.AST.PathExpression, { lists, reads }: Place): Reader {
  const { parts, depth, data, original } = path;
  if (data) {
    const what = ENTRY_FACTS[parts.join('.')];
    if (!what) throw new Error(`@${parts.join('.')} is not allowed in a template`);
    return (scope) => what(climb(scope, depth));
  }
  const [head, ...tail] = parts;
  const level =
    depth > 0 || original.startsWith('this') ? -1 : lists.findLastIndex((names) => names.includes(head ?? ''));
  if (level < 0) {
    // A path without a name is everything.
    if (depth >= lists.length) reads.add(head ?? '*');
    return (scope) => follow(climb(scope, depth).context, parts);
  }
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
