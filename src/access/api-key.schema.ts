import { z } from 'zod';
import { odsCodeSchema } from '../shared/ods-code.js';
import { lineOf } from '../shared/text.schema.js';
import { pageQuery, pageSchema } from '../platform/http/index.js';
import { permissionSchema } from './permission.rules.js';

export const newApiKeySchema = z
  .strictObject({
    name: lineOf({ min: 1, max: 100 }).describe('The program that will hold the key; never a person'),
    permissions: z.array(permissionSchema).min(1).max(50),
    region: odsCodeSchema.optional().describe('Confines the key to one region'),
    expiresInDays: z.number().int().min(1).max(366).default(90),
  })
  .meta({
    id: 'NewApiKey',
    examples: [{ name: 'CQRS platform: declaration status', permissions: ['status:report'], expiresInDays: 90 }],
  });
export type NewApiKey = z.infer<typeof newApiKeySchema>;

const EXAMPLE = {
  id: '0198f4c2-6d1e-7c3a-9b54-2f6f1f0f9a11',
  prefix: '9f3a1c0b77de',
  name: 'CQRS platform: declaration status',
  permissions: ['status:report'],
  createdBy: 'person:0198f4c0-11aa-7b2e-8c1d-5a4f3e2d1c0b',
  createdAt: '2026-09-14T07:00:00.000Z',
  expiresAt: '2026-12-13T07:00:00.000Z',
};

const apiKey = z.object({
  id: z.uuid(),
  prefix: z.string().describe('Public half of the key, as the audit trail names it'),
  name: z.string(),
  permissions: z.array(permissionSchema),
  region: z.string().optional(),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().optional(),
  lastUsedOn: z.iso.date().optional().describe('London day of the last request with it'),
});
export const apiKeySchema = apiKey.meta({ id: 'ApiKey', examples: [EXAMPLE] });
export type ApiKey = z.infer<typeof apiKeySchema>;

export const createdApiKeySchema = apiKey
  .extend({ key: z.string().describe('The key itself: shown this once, send it as a bearer token') })
  .meta({
    id: 'CreatedApiKey',
    examples: [{ ...EXAMPLE, key: `cqrs_${EXAMPLE.prefix}_${'x'.repeat(43)}` }],
  });
export type CreatedApiKey = z.infer<typeof createdApiKeySchema>;

export const apiKeyQuerySchema = pageQuery(z.uuid(), {});
export const apiKeyPageSchema = pageSchema(apiKeySchema).meta({ id: 'ApiKeyPage' });
