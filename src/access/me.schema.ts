import { z } from 'zod';
import { accessRoleSchema, permissionSchema } from './permission.rules.js';

export const meSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['person', 'key', 'system']),
    name: z.string(),
    roles: z.array(accessRoleSchema),
    permissions: z.array(permissionSchema),
    region: z.string().optional().describe('The one region you act for; absent is the whole country'),
  })
  .meta({
    id: 'Me',
    examples: [
      {
        id: 'key:9f3a1c0b77de',
        kind: 'key',
        name: 'CQRS platform: declaration status',
        roles: [],
        permissions: ['status:report'],
      },
    ],
  });
export type Me = z.infer<typeof meSchema>;
