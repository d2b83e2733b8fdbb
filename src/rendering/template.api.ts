import { z } from 'zod';
import { type CompiledTemplate } from './compiled.template.js';

export const templateNameSchema = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Expected the name of a template in kebab case')
  .max(100);

const templateShape = {
  name: z.string(),
  version: z.string().describe('SHA-256 over everything that can change a message'),
  title: z.string(),
  purpose: z.string(),
  kind: z.enum(['service', 'optional']),
  audience: z.object({ organisations: z.array(z.string()), segments: z.array(z.string()) }),
};
const EXAMPLE = {
  name: 'sign-in-nhsmail',
  version: '069a57dd5bc998426b789dc5e5f314617d5ea02181511670e496f3cf73f99036',
  title: 'Sign-in change: NHSmail account',
  purpose: 'Sign-in change for a person whose CQRS account is registered with their own NHSmail address.',
  kind: 'service',
  audience: { organisations: ['practice'], segments: ['nhsmail'] },
};
export const templateListSchema = z
  .object({ items: z.array(z.object(templateShape).meta({ id: 'TemplateSummary' })) })
  .meta({ id: 'TemplateList', examples: [{ items: [EXAMPLE] }] });
export type TemplateSummary = Pick<CompiledTemplate, 'name' | 'version' | 'title' | 'purpose' | 'kind' | 'audience'>;

export const templateSchema = z
  .object({
    ...templateShape,
    placeholders: z.array(
      z.looseObject({
        path: z.string(),
        type: z.string(),
        required: z.boolean(),
        description: z.string(),
      }),
    ),
    attachments: z.array(
      z.object({ filename: z.string(), contentType: z.string(), size: z.number().int(), sha256: z.string() }),
    ),
    sample: z.record(z.string(), z.unknown()).describe('Invented values, for previews'),
  })
  .meta({
    id: 'Template',
    examples: [
      {
        ...EXAMPLE,
        placeholders: [
          {
            path: 'person.firstName',
            type: 'text',
            required: true,
            description: 'What the person is called in the greeting',
          },
        ],
        attachments: [],
        sample: { person: { firstName: 'Testa', fullName: 'Testa Sample' } },
      },
    ],
  });
export type TemplateView = TemplateSummary &
  Pick<CompiledTemplate, 'placeholders' | 'sample'> & {
    readonly attachments: readonly { filename: string; contentType: string; size: number; sha256: string }[];
  };

export function templateSummary({ name, version, title, purpose, kind, audience }: CompiledTemplate): TemplateSummary {
  return { name, version, title, purpose, kind, audience };
}

export const templateView = (template: CompiledTemplate): TemplateView => ({
  ...templateSummary(template),
  placeholders: template.placeholders,
  attachments: template.attachments.map(({ filename, contentType, size, sha256 }) => ({
    filename,
    contentType,
    size,
    sha256,
  })),
  sample: template.sample,
});

export const previewSchema = z
  .strictObject({
    values: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Without them the template is rendered with its sample'),
  })
  .meta({ id: 'TemplatePreview', examples: [{}] });
export const renderedSchema = z.object({ subject: z.string(), html: z.string(), text: z.string() }).meta({
  id: 'RenderedMessage',
  examples: [
    {
      subject: 'Declare before midday on Friday 18 September 2026',
      html: '<!doctype html><html lang="en">…</html>',
      text: 'Dear Testa, …',
    },
  ],
});

export const lintSchema = z
  .object({
    findings: z.array(z.object({ rule: z.string(), line: z.number().int(), message: z.string() })),
  })
  .meta({ id: 'LintFindings', examples: [{ findings: [] }] });
