import { z } from 'zod';
import { pageQuery, pageSchema, queryFlag } from '../platform/http/index.js';
import { parseEmailAddress } from '../shared/email-address.js';
import { isoInstantSchema } from '../shared/london-time.js';
import { type Suppression } from './suppression.list.js';

const instant = z.iso.datetime();
const address = z
  .string()
  .trim()
  .max(320)
  .refine((text) => parseEmailAddress(text).ok, 'Expected an email address')
  .meta({ format: 'email' });

export const suppressionSchema = z
  .object({
    id: z.number().int(),
    address: z.string(),
    reason: z.string(),
    source: z.string(),
    createdAt: instant,
    expiresAt: instant.nullable(),
    liftedAt: instant.nullable(),
    liftedBy: z.string().nullable(),
  })
  .meta({
    id: 'Suppression',
    examples: [
      {
        id: 12,
        address: 'testa.sample1@nhs.net',
        reason: 'mailbox-full',
        source: '0199a3c2-6d1e-7c3a-9b54-2f6f1f0f9a11',
        createdAt: '2026-09-07T09:00:00.000Z',
        expiresAt: '2026-09-14T09:00:00.000Z',
        liftedAt: null,
        liftedBy: null,
      },
    ],
  });
export type SuppressionView = z.infer<typeof suppressionSchema>;
export const suppressionPageSchema = pageSchema(suppressionSchema).meta({ id: 'SuppressionPage' });
export const suppressionQuerySchema = pageQuery(z.number().int().positive().max(Number.MAX_SAFE_INTEGER), {
  active: queryFlag().default(true).describe('Only those that hold now'),
});

export const newSuppressionSchema = z
  .strictObject({
    address,
    reason: z
      .string()
      .max(60)
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Expected a short reason in kebab case, as asked-not-to'),
    expiresAt: isoInstantSchema.nullable().default(null).describe('Null: until somebody lifts it'),
  })
  .meta({
    id: 'NewSuppression',
    examples: [{ address: 'testa.sample1@nhs.net', reason: 'asked-not-to', expiresAt: '2026-12-31T00:00:00Z' }],
  });
export const liftSchema = z
  .strictObject({ address })
  .meta({ id: 'LiftSuppression', examples: [{ address: 'testa.sample1@nhs.net' }] });
export const liftedSchema = z
  .object({ lifted: z.boolean().describe('Whether there was any') })
  .meta({ id: 'LiftedSuppression', examples: [{ lifted: true }] });

export const suppressionView = (row: Suppression & { readonly id: number }): SuppressionView => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  liftedAt: row.liftedAt?.toISOString() ?? null,
});
