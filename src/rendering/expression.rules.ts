/// <reference types="handlebars" />
import { itemShape, type Placeholder, type Shape } from './placeholder.rules.js';
import { WORDING } from './wording.rules.js';

type Node = hbs.AST.Node;
type Path = hbs.AST.PathExpression;

/** Something that a template may not say, at a line of its (expanded) source. */
export interface ExpressionFault {
  line: number;
  reason: string;
}

interface Scope {
  shape: Shape;
  prefix: string;
  insideList: boolean;
  blockParams: Map<string, { shape: Shape; prefix: string } | 'index'>;
}

/**
 * Checks every expression of a template against its declared placeholders, before any value exists: only declared
 * paths, `{{#if}}`, `{{#unless}}`, `{{#each}}` and the wording functions. Unescaped output, partials, decorators and
 * `@root` are refused. Returns the faults, and the top-level placeholders that were used.
 */
export function checkExpressions(
  program: hbs.AST.Program,
  declared: Shape,
): { faults: ExpressionFault[]; used: Set<string> } {
  const faults: ExpressionFault[] = [];
  const used = new Set<string>();
  visitProgram(program, [{ shape: declared, prefix: '', insideList: false, blockParams: new Map() }]);
  return { faults, used };

  function fault(node: Node, reason: string): void {
    faults.push({ line: node.loc.start.line, reason });
  }

  function visitProgram(body: hbs.AST.Program, scopes: Scope[]): void {
    for (const statement of body.body) visitStatement(statement, scopes);
  }

  function visitStatement(statement: Node, scopes: Scope[]): void {
    switch (statement.type) {
      case 'ContentStatement':
      case 'CommentStatement':
        return;
      case 'MustacheStatement': {
        const mustache = statement as hbs.AST.MustacheStatement;
        if (!mustache.escaped) fault(statement, 'unescaped output {{{ }}} is not allowed');
        visitCall(mustache, scopes);
        return;
      }
      case 'BlockStatement':
        visitBlock(statement as hbs.AST.BlockStatement, scopes);
        return;
      default:
        fault(statement, `${statement.type} is not allowed in a template`);
    }
  }

  function visitBlock(block: hbs.AST.BlockStatement, scopes: Scope[]): void {
    const [param, ...rest] = block.params;
    const name = block.path.original;
    if (!param || rest.length > 0 || !['if', 'unless', 'each'].includes(name)) {
      fault(block, `{{#${name}}} is not allowed: use #if, #unless or #each with one value`);
      return;
    }
    const found = visitExpression(param, scopes);
    if (name === 'each') visitProgram(block.program, [...scopes, eachScope(block, param, found)]);
    else visitProgram(block.program, scopes);
    // Handlebars leaves `inverse` undefined when there is no else, whatever its types say.
    const inverse = block.inverse as hbs.AST.Program | undefined;
    if (inverse) visitProgram(inverse, scopes);
  }

  function eachScope(block: hbs.AST.BlockStatement, param: Node, found: Found | undefined): Scope {
    const list = found?.placeholder;
    if (found && list?.type !== 'list') fault(block, `{{#each ${shown(param)}}} wants a declared list`);
    const shape = list ? itemShape(list) : new Map<string, Placeholder | Shape>();
    const prefix = `${found?.path ?? ''}[].`;
    const [item, index] = (block.program.blockParams as string[] | undefined) ?? [];
    const blockParams: Scope['blockParams'] = new Map();
    if (item) blockParams.set(item, { shape, prefix });
    if (index) blockParams.set(index, 'index');
    return { shape, prefix, insideList: true, blockParams };
  }

  function visitCall(call: { path: Node; params: Node[]; hash?: hbs.AST.Hash }, scopes: Scope[]): void {
    const name = call.path.type === 'PathExpression' ? (call.path as Path).original : undefined;
    if (name !== undefined && Object.hasOwn(WORDING, name)) {
      if (call.params.length === 0) fault(call.path, `${name} wants a value`);
      for (const param of call.params) visitExpression(param, scopes);
    } else if (call.params.length > 0) {
      fault(call.path, `there is no function ${shown(call.path)}; there are: ${Object.keys(WORDING).join(', ')}`);
    } else {
      const found = visitExpression(call.path, scopes);
      if (found && (!found.placeholder || found.placeholder.type === 'list'))
        fault(call.path, `${shown(call.path)} is not one value that can be printed`);
    }
    if (call.hash && call.hash.pairs.length > 0) fault(call.path, 'named arguments are not used here');
  }

  function visitExpression(node: Node, scopes: Scope[]): Found | undefined {
    if (node.type === 'SubExpression') {
      visitCall(node as hbs.AST.SubExpression, scopes);
      return undefined;
    }
    if (node.type !== 'PathExpression') return undefined;
    return resolve(node as Path, scopes);
  }

  function resolve(path: Path, scopes: Scope[]): Found | undefined {
    if (path.data) {
      const inList = scopes.some((scope) => scope.insideList);
      if (!inList || !['index', 'first', 'last'].includes(path.parts.join('.')))
        fault(path, `@${path.parts.join('.')} is not allowed here; inside #each there are @index, @first and @last`);
      return undefined;
    }
    const start = startOf(path, scopes);
    if (start === 'index') return undefined;
    if (!start) {
      fault(path, `${path.original} reaches outside the values`);
      return undefined;
    }
    return walk(path, start.shape, start.prefix, start.parts);
  }

  function startOf(
    path: Path,
    scopes: Scope[],
  ): { shape: Shape; prefix: string; parts: string[] } | 'index' | undefined {
    const [head, ...tail] = path.parts;
    if (path.depth === 0 && head !== undefined && !path.original.startsWith('this')) {
      for (const scope of scopes.toReversed()) {
        const bound = scope.blockParams.get(head);
        if (bound === 'index') return 'index';
        if (bound) return { ...bound, parts: tail };
      }
    }
    const scope = scopes[scopes.length - 1 - path.depth];
    return scope && { shape: scope.shape, prefix: scope.prefix, parts: path.parts };
  }

  function walk(path: Path, shape: Shape, prefix: string, parts: string[]): Found | undefined {
    let at: Shape = shape;
    for (const [i, part] of parts.entries()) {
      const next = at.get(part);
      const full = prefix + parts.slice(0, i + 1).join('.');
      if (next instanceof Map) at = next;
      else if (next && i === parts.length - 1) {
        used.add(full);
        return { path: full, placeholder: next };
      } else {
        fault(path, `${prefix + parts.join('.')} is not a declared placeholder`);
        return undefined;
      }
    }
    return { path: prefix + parts.join('.') };
  }
}

interface Found {
  path: string;
  /** Absent when the path names a group such as `person`. */
  placeholder?: Placeholder;
}

function shown(node: Node): string {
  return 'original' in node ? String(node.original) : node.type;
}
