import { parse } from 'yaml';
import { z } from 'zod';
import { type Placeholder, placeholderOf, placeholderSourceSchema } from './placeholder.rules.js';

const attachmentSchema = z
  .object({
    file: z.string().regex(/^[\w.-]+$/, 'An attachment lies in the folder of its template'),
    contentType: z.string().regex(/^[\w.+-]+\/[\w.+-]+$/, 'Expected a content type such as application/pdf'),
    /** What the recipient sees; the name of the file when absent. */
    filename: z
      .string()
      .regex(/^[\w .()-]+$/)
      .optional(),
  })
  .strict();

const declarationSchema = z
  .object({
    title: z.string().min(1),
    purpose: z.string().min(1),
    kind: z.enum(['service', 'optional']),
    audience: z
      .object({
        organisations: z.array(z.enum(['practice', 'commissioner', 'region'])).min(1),
        /** Segment names; empty when the template is for every segment. */
        segments: z.array(z.string()).default([]),
      })
      .strict(),
    placeholders: z.record(z.string(), z.union([z.enum(['required', 'optional']), placeholderSourceSchema])),
    attachments: z.array(attachmentSchema).default([]),
  })
  .strict();

/**
 * `service`: the recipient needs it to do their work and cannot opt out. `optional`: it carries an unsubscribe link.
 */
export type TemplateKind = 'service' | 'optional';

/** For whom a template is written. No segments means every segment. */
export interface TemplateAudience {
  organisations: ('practice' | 'commissioner' | 'region')[];
  segments: string[];
}

export interface TemplateDeclaration {
  title: string;
  purpose: string;
  kind: TemplateKind;
  audience: TemplateAudience;
  placeholders: Placeholder[];
  attachments: z.infer<typeof attachmentSchema>[];
}

/** Reads placeholders.yaml: the values that every template may ask for by name alone. */
export function parseVocabulary(source: string): Placeholder[] {
  const declared = z.record(z.string(), placeholderSourceSchema).parse(parse(source));
  return Object.entries(declared).map(([path, placeholder]) => placeholderOf(path, placeholder));
}

/** Reads template.yaml. A placeholder says `required` or `optional`, or describes itself when the vocabulary lacks it. */
export function parseDeclaration(source: string, vocabulary: readonly Placeholder[]): TemplateDeclaration {
  const { placeholders, ...declaration } = declarationSchema.parse(parse(source));
  return {
    ...declaration,
    placeholders: Object.entries(placeholders).map(([path, declared]) => {
      const known = vocabulary.find((placeholder) => placeholder.path === path);
      if (typeof declared !== 'string') {
        if (known) throw new Error(`placeholder ${path} is described in placeholders.yaml: say required or optional`);
        return placeholderOf(path, declared);
      }
      if (!known) throw new Error(`placeholder ${path} is not in placeholders.yaml: describe it here`);
      return { ...known, required: declared === 'required' };
    }),
  };
}
