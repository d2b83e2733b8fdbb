import { type ByteWriter } from '../shared/byte-writer.js';
import { InvalidInputError } from '../shared/errors.js';
import type { Program } from './body.program.js';
import {
  type Placeholder,
  type Shape,
  type TemplateValues,
  type ValueProblem,
  valueProblems,
} from './placeholder.rules.js';
import type { ExpandedSource } from './template.faults.js';
import type { TemplateAudience, TemplateKind } from './template.declaration.js';
import type { WireProgram } from './wire.program.js';

export interface Attachment {
  filename: string;
  contentType: string;
  content: Buffer;
  /** In bytes. */
  size: number;
  /** Of the content, in hex. */
  sha256: string;
}

/** A message as it will be read. Line ends are line feeds. */
export interface RenderedMessage {
  subject: string;
  html: string;
  text: string;
}

/** A message as it will be sent. */
export interface EncodedMessage {
  /** Raw text on one line; encoding it for the header is the sender's work. */
  subject: string;
  /**
   * Write a whole quoted-printable body: ASCII, CRLF, at most 76 characters a line, no line begins with a dot.
   * @throws InvalidInputError `blank-value`
   */
  html: (out: ByteWriter) => void;
  text: (out: ByteWriter) => void;
}

/** As `CompiledTemplate.render`, ready for the wire. The same errors. */
export type MessageEncoder = (values: TemplateValues) => EncodedMessage;

export interface WirePrograms {
  subject: WireProgram<string[]>;
  html: WireProgram<ByteWriter>;
  text: WireProgram<ByteWriter>;
}

/** What the compiler made of a template. */
export interface TemplateParts {
  name: string;
  version: string;
  title: string;
  purpose: string;
  kind: TemplateKind;
  audience: TemplateAudience;
  placeholders: readonly Placeholder[];
  attachments: readonly Attachment[];
  sample: TemplateValues;
  /** Placeholders that are declared and used nowhere. */
  unused: readonly string[];
  /** Subject, body and text as they were written, shared pieces in place. */
  sources: readonly ExpandedSource[];
  declared: Shape;
  known: Shape;
  programs: Record<'subject' | 'html' | 'text', Program>;
  wire: WirePrograms;
}

/**
 * A template that can be rendered, compiled once. Preview, test send and real send all come from here: `render` and
 * `encoder` give the same message, and decoding the second gives the first.
 */
export class CompiledTemplate {
  readonly name: string;
  /**
   * SHA-256 (hex) over sources, shared pieces, declarations, attachments, compiler versions and the rendered sample:
   * it changes when anything changes that can change a message.
   */
  readonly version: string;
  readonly title: string;
  readonly purpose: string;
  readonly kind: TemplateKind;
  readonly audience: TemplateAudience;
  readonly placeholders: readonly Placeholder[];
  readonly attachments: readonly Attachment[];
  /** The values of sample.json: invented people, for previews. */
  readonly sample: TemplateValues;
  /** Placeholders that are declared and used nowhere. */
  readonly unused: readonly string[];
  /** Subject, body and text as they were written, shared pieces in place: for the linter. */
  readonly sources: readonly ExpandedSource[];

  constructor(private readonly parts: TemplateParts) {
    this.name = parts.name;
    this.version = parts.version;
    this.title = parts.title;
    this.purpose = parts.purpose;
    this.kind = parts.kind;
    this.audience = parts.audience;
    this.placeholders = parts.placeholders;
    this.attachments = parts.attachments;
    this.sample = parts.sample;
    this.unused = parts.unused;
    this.sources = parts.sources;
  }

  /** The paths of values that are missing, undeclared or of the wrong type; empty when the message can be rendered. */
  missing(values: unknown): string[] {
    return this.problems(values).map((problem) => problem.path);
  }

  /** What is wrong at each of those paths, and what was expected. */
  problems(values: unknown): ValueProblem[] {
    return valueProblems(this.parts.declared, this.parts.known, values);
  }

  /** @throws InvalidInputError `missing-values` naming the paths; `broken-subject` for a line break in the subject. */
  render(values: TemplateValues): RenderedMessage {
    this.requireNone(this.problems(values));
    const { subject, html, text } = this.parts.programs;
    return { subject: this.oneLine(subject(values)), html: html(values), text: text(values) };
  }

  /**
   * A renderer for the messages of one dispatch: what all of them share is checked and encoded here, once. A value that
   * a message has itself wins over the shared one of that name.
   */
  encoder(sharedValues: TemplateValues): MessageEncoder {
    const { wire, declared, known } = this.parts;
    const bound = {
      subject: wire.subject.bind(sharedValues),
      html: wire.html.bind(sharedValues),
      text: wire.text.bind(sharedValues),
    };
    const isShared = (name: string): boolean => Object.hasOwn(sharedValues, name);
    const own = new Map([...declared].filter(([name]) => !isShared(name)));
    const shared = new Map([...declared].filter(([name]) => isShared(name)));
    const wrong = valueProblems(shared, known, sharedValues);
    const stillRead = Object.values(bound).flatMap(({ reads }) => [...reads]);
    const mixed = Object.fromEntries(
      Object.entries(sharedValues).filter(([name]) => stillRead.includes(name) || stillRead.includes('*')),
    );
    const isMixed = Object.keys(mixed).length > 0;
    return (values) => {
      if (Object.keys(values).some(isShared)) {
        const all = { ...sharedValues, ...values };
        this.requireNone(this.problems(all));
        return this.encoded(wire, all);
      }
      this.requireNone(wrong);
      this.requireNone(valueProblems(own, known, values));
      return this.encoded(bound, isMixed ? { ...mixed, ...values } : values);
    };
  }

  private encoded({ subject, html, text }: WirePrograms, values: TemplateValues): EncodedMessage {
    const line: string[] = [];
    subject.run(values, line);
    return {
      subject: this.oneLine(line.join('')),
      html: (out) => {
        html.run(values, out);
      },
      text: (out) => {
        text.run(values, out);
      },
    };
  }

  private requireNone(problems: readonly ValueProblem[]): void {
    if (problems.length === 0) return;
    const list = problems.map(({ path, problem, expected }) => `${path} (${problem}, expected ${expected})`).join(', ');
    throw new InvalidInputError('missing-values', `Template ${this.name} cannot be rendered: ${list}`);
  }

  private oneLine(subject: string): string {
    if (CONTROL.test(subject))
      throw new InvalidInputError(
        'broken-subject',
        `Template ${this.name}: a value would put a line break or control character into the subject`,
      );
    return subject;
  }
}

const CONTROL = /[\p{Cc}\u2028\u2029]/u;
