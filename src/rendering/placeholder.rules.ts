import { z } from 'zod';
import { InvalidInputError } from '../shared/errors.js';
import { LondonTime, parseCalendarDate } from '../shared/london-time.js';

const scalarTypeSchema = z.enum(['text', 'number', 'boolean', 'date', 'date-time', 'time', 'url']);
export type ScalarType = z.infer<typeof scalarTypeSchema>;

/** One value that a template wants. `items` describes the fields of each entry of a list. */
export interface Placeholder {
  /** Where the value is found: `person.firstName`. */
  path: string;
  /**
   * `date` is a London day (`2026-09-23`, or a London time of which only the day is said), `date-time` a London
   * wall-clock time (`2026-09-18T12:00`), `time` is `HH:mm`, `url` an absolute http(s) address, `list` a list of objects.
   */
  type: ScalarType | 'list';
  required: boolean;
  description: string;
  items?: Placeholder[];
}

/** What is wrong with the value at a path. */
export interface ValueProblem {
  path: string;
  problem: 'missing' | 'undeclared' | 'wrong-type';
  expected: string;
}

export type TemplateValues = Readonly<Record<string, unknown>>;

/** A placeholder as YAML writes it, without its path. */
export interface PlaceholderSource {
  type: ScalarType | 'list';
  required: boolean;
  description: string;
  items?: Record<string, PlaceholderSource> | undefined;
}

export const placeholderSourceSchema: z.ZodType<PlaceholderSource> = z.lazy(() =>
  z
    .object({
      type: z.union([scalarTypeSchema, z.literal('list')]),
      required: z.boolean().default(true),
      description: z.string().min(1),
      items: z.record(z.string(), placeholderSourceSchema).optional(),
    })
    .strict()
    .refine((placeholder) => (placeholder.type === 'list') === (placeholder.items !== undefined), {
      message: 'A list declares its items, and nothing else does',
    }),
);

export function placeholderOf(path: string, source: PlaceholderSource): Placeholder {
  const { type, required, description, items } = source;
  if (!items) return { path, type, required, description };
  return {
    path,
    type,
    required,
    description,
    items: Object.entries(items).map(([name, item]) => placeholderOf(name, item)),
  };
}

/** Placeholders arranged as the object that holds them: `person.firstName` under `person`. */
export type Shape = Map<string, Placeholder | Shape>;

export function shapeOf(placeholders: readonly Placeholder[]): Shape {
  const root: Shape = new Map();
  for (const placeholder of placeholders) {
    const names = placeholder.path.split('.');
    const last = names.pop() ?? placeholder.path;
    let shape = root;
    for (const name of names) {
      const inner = shape.get(name) ?? new Map<string, Placeholder | Shape>();
      if (!(inner instanceof Map)) throw overlap(placeholder.path, inner.path);
      shape.set(name, inner);
      shape = inner;
    }
    const taken = shape.get(last);
    if (taken) throw overlap(placeholder.path, taken instanceof Map ? `${placeholder.path}.…` : taken.path);
    shape.set(last, placeholder);
  }
  return root;
}

function overlap(path: string, other: string): InvalidInputError {
  return new InvalidInputError('placeholder-overlap', `Placeholder ${path} overlaps with ${other}`);
}

/**
 * Everything wrong with the values, as a list; never throws. Wanted are the declared placeholders; `known` is the whole
 * vocabulary, so that one object may serve several templates: what the vocabulary names is welcome though unused, what
 * it does not name is reported.
 */
export function valueProblems(declared: Shape, known: Shape, values: unknown): ValueProblem[] {
  const problems: ValueProblem[] = [];
  checkShape(declared, values, '', problems);
  findUndeclared(known, values, '', problems);
  return problems;
}

function checkShape(shape: Shape, values: unknown, prefix: string, problems: ValueProblem[]): void {
  for (const [name, wanted] of shape) {
    const value = isRecord(values) && Object.hasOwn(values, name) ? values[name] : undefined;
    if (wanted instanceof Map) {
      checkShape(wanted, value, `${prefix}${name}.`, problems);
      continue;
    }
    const problem = isBlank(value) ? wanted.required && 'missing' : !fits(wanted, value) && 'wrong-type';
    if (problem) problems.push({ path: prefix + name, problem, expected: EXPECTED[wanted.type] });
    else if (wanted.type === 'list' && Array.isArray(value)) {
      const items = itemShape(wanted);
      for (const [i, item] of value.entries()) checkShape(items, item, `${prefix}${name}[${i}].`, problems);
    }
  }
}

function fits({ type }: Placeholder, value: unknown): boolean {
  return type === 'list' ? Array.isArray(value) : FITS[type](value);
}

function findUndeclared(known: Shape, values: unknown, prefix: string, problems: ValueProblem[]): void {
  if (!isRecord(values)) return;
  for (const name of Object.keys(values)) {
    const found = known.get(name);
    const value = values[name];
    if (!found) problems.push({ path: prefix + name, problem: 'undeclared', expected: 'a declared placeholder' });
    else if (found instanceof Map) findUndeclared(found, value, `${prefix}${name}.`, problems);
    else if (found.items && Array.isArray(value)) {
      const items = itemShape(found);
      for (const [i, item] of value.entries()) findUndeclared(items, item, `${prefix}${name}[${i}].`, problems);
    }
  }
}

const shapes = new WeakMap<Placeholder, Shape>();

export function itemShape(list: Placeholder): Shape {
  let shape = shapes.get(list);
  if (!shape) {
    shape = shapeOf(list.items ?? []);
    shapes.set(list, shape);
  }
  return shape;
}

/** A copy of the values without what no template needs. */
export function withoutOptional(values: TemplateValues, placeholders: readonly Placeholder[]): TemplateValues {
  const bare: Record<string, unknown> = structuredClone(values);
  for (const { path, required, items } of placeholders) {
    const names = path.split('.');
    const last = names.pop() ?? path;
    const holder = names.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], bare) as
      Record<string, unknown> | undefined;
    if (!holder || !(last in holder)) continue;
    const value = holder[last];
    if (!required) holder[last] = undefined;
    else if (items && Array.isArray(value)) {
      holder[last] = value.map((item: TemplateValues) => withoutOptional(item, items));
    }
  }
  return bare;
}

function isBlank(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const FITS: Record<ScalarType, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  date: remembered((text) => {
    parseCalendarDate(text.slice(0, 10));
    if (text.length > 10) LondonTime.parse(text);
  }),
  'date-time': remembered((text) => {
    LondonTime.parse(text);
  }),
  time: (value) => typeof value === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(value),
  url: (value) => typeof value === 'string' && /^https?:\/\/[^\s]+$/i.test(value) && URL.canParse(value),
};

const EXPECTED: Record<Placeholder['type'], string> = {
  text: 'text that is not blank',
  number: 'a number',
  boolean: 'true or false',
  date: 'a London day such as 2026-09-23',
  'date-time': 'a London wall-clock time such as 2026-09-18T12:00',
  time: 'a time of day such as 17:30',
  url: 'an absolute http or https address',
  list: 'a list of objects with at least one entry',
};

/** A campaign says the same few dates to everybody; parsing each of them once per recipient would cost more than the rest. */
function remembered(parse: (text: string) => void): (value: unknown) => boolean {
  const good = new Set<string>();
  return (value) => {
    if (typeof value !== 'string') return false;
    if (good.has(value)) return true;
    try {
      parse(value);
    } catch (error) {
      if (error instanceof InvalidInputError) return false;
      throw error;
    }
    if (good.size >= 1000) good.clear();
    good.add(value);
    return true;
  };
}
