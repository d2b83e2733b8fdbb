import { z } from 'zod';
import { odsCodeSchema } from '../shared/ods-code.js';
import { pageQuery, pageSchema } from '../platform/http/index.js';
import { accessRoleSchema } from './permission.rules.js';

export const personChangeSchema = z
  .strictObject({
    roles: z.array(accessRoleSchema).max(10),
    region: odsCodeSchema.nullable().describe('Confines the person to one region; null is the whole country'),
    active: z.boolean().optional().describe('false closes their access at once; left out, it stays as it is'),
  })
  .meta({ id: 'PersonChange', examples: [{ roles: ['author'], region: null }] });
export type PersonChange = z.infer<typeof personChangeSchema>;

export const personSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    roles: z.array(accessRoleSchema),
    region: z.string().optional(),
    active: z.boolean().describe('false: an administrator has closed their access'),
    version: z.number().int().describe('Also the ETag, as If-Match wants it'),
    createdAt: z.iso.datetime(),
  })
  .meta({
    id: 'Person',
    examples: [
      {
        id: '0198f4c0-11aa-7b2e-8c1d-5a4f3e2d1c0b',
        name: 'Testa Sample',
        roles: ['author'],
        active: true,
        version: 2,
        createdAt: '2026-09-14T07:00:00.000Z',
      },
    ],
  });
export type Person = z.infer<typeof personSchema>;

export const personQuerySchema = pageQuery(z.uuid(), {});
export const personPageSchema = pageSchema(personSchema).meta({ id: 'PersonPage' });
