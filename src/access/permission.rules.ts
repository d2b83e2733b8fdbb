import { z } from 'zod';
import { ACCESS_ROLES, type AccessRole } from '../shared/access-role.js';

export { ACCESS_ROLES, type AccessRole };

/** Everything that may be allowed, as `thing:action`, and what it opens. */
export const PERMISSIONS = {
  'campaign:read': 'See campaigns, plans and reports',
  'campaign:write': 'Draft and change campaigns, and submit them for review',
  'campaign:approve': "Approve or reject somebody else's campaign",
  'campaign:operate': 'Schedule, launch, pause, resume, release and cancel approved campaigns',
  'message:read': 'See who was written to, at which address, and what became of it',
  'directory:read': 'See organisations, accounts and segments',
  'directory:import': 'Import organisations, accounts and the NHSmail directory',
  'window:read': 'See declaration windows and who has declared and approved',
  'window:write': 'Create and move declaration windows',
  'status:report': 'Report who has declared and approved',
  'cascade:read': 'See how far a cascade has come',
  'cascade:operate': 'Record acknowledgements for others, and escalate',
  'suppression:read': 'See addresses that are not written to, and why',
  'suppression:write': 'Add and lift suppressions',
  'template:read': 'See and preview templates',
  'webhook:manage': 'Register webhooks, and see their deliveries',
  'queue:operate': 'See and operate the job queues',
  'metrics:read': 'Read the metrics of the service',
  'audit:read': 'Read and verify the audit trail',
  'key:manage': 'Create, list and revoke API keys',
  'person:manage': 'Give roles to people',
} as const;
export type Permission = keyof typeof PERMISSIONS;

const ALL = Object.keys(PERMISSIONS) as Permission[];

const VIEWER: readonly Permission[] = [
  'campaign:read',
  'message:read',
  'directory:read',
  'window:read',
  'cascade:read',
  'suppression:read',
  'template:read',
];

/** Which role may do what. Author and approver differ so that the second pair of eyes is a second person. */
export const ROLE_PERMISSIONS: Record<AccessRole, readonly Permission[]> = {
  viewer: VIEWER,
  author: [...VIEWER, 'campaign:write', 'directory:import', 'window:write'],
  approver: [...VIEWER, 'campaign:approve', 'audit:read'],
  operator: [
    ...VIEWER,
    'campaign:operate',
    'directory:import',
    'status:report',
    'cascade:operate',
    'suppression:write',
    'queue:operate',
    'metrics:read',
  ],
  admin: ALL,
};

/** What the roles allow together, each permission once, in the order of PERMISSIONS. */
export function permissionsOf(roles: readonly AccessRole[]): Permission[] {
  return ALL.filter((permission) => roles.some((role) => ROLE_PERMISSIONS[role].includes(permission)));
}

export const accessRoleSchema = z.enum(ACCESS_ROLES).meta({ id: 'Role' });
export const permissionSchema = z.enum(ALL as [Permission, ...Permission[]]).meta({ id: 'Permission' });
