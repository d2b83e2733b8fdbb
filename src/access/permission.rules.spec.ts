import { ACCESS_ROLES, type AccessRole, type Permission, PERMISSIONS, permissionsOf } from './permission.rules.js';

/** The whole table once more, by permission: who may do it. A change of either must be made in both. */
const MAY: Record<Permission, readonly AccessRole[]> = {
  'campaign:read': ['viewer', 'author', 'approver', 'operator', 'admin'],
  'campaign:write': ['author', 'admin'],
  'campaign:approve': ['approver', 'admin'],
  'campaign:operate': ['operator', 'admin'],
  'message:read': ['viewer', 'author', 'approver', 'operator', 'admin'],
  'directory:read': ['viewer', 'author', 'approver', 'operator', 'admin'],
  'directory:import': ['author', 'operator', 'admin'],
  'window:read': ['viewer', 'author', 'approver', 'operator', 'admin'],
  'window:write': ['author', 'admin'],
  'status:report': ['operator', 'admin'],
  'cascade:read': ['viewer', 'author', 'approver', 'operator', 'admin'],
  'cascade:operate': ['operator', 'admin'],
  'suppression:read': ['viewer', 'author', 'approver', 'operator', 'admin'],
  'suppression:write': ['operator', 'admin'],
  'template:read': ['viewer', 'author', 'approver', 'operator', 'admin'],
  'webhook:manage': ['admin'],
  'queue:operate': ['operator', 'admin'],
  'metrics:read': ['operator', 'admin'],
  'audit:read': ['approver', 'admin'],
  'key:manage': ['admin'],
  'person:manage': ['admin'],
};

describe('the permission table', () => {
  for (const permission of Object.keys(PERMISSIONS) as Permission[]) {
    for (const role of ACCESS_ROLES) {
      const allowed = MAY[permission].includes(role);
      it(`${allowed ? 'allows' : 'denies'} ${permission} to ${role}`, () => {
        expect(permissionsOf([role]).includes(permission)).toBe(allowed);
      });
    }
  }

  it('gives several roles what each of them has, once', () => {
    const both = permissionsOf(['author', 'approver']);
    expect(new Set(both)).toEqual(new Set([...permissionsOf(['author']), ...permissionsOf(['approver'])]));
    expect(new Set(both).size).toBe(both.length);
  });

  it('gives nobody anything without a role', () => {
    expect(permissionsOf([])).toEqual([]);
  });

  it('keeps drafting and approving apart in every role but the administrator', () => {
    const withBoth = ACCESS_ROLES.filter((role) => {
      const permissions = permissionsOf([role]);
      return permissions.includes('campaign:write') && permissions.includes('campaign:approve');
    });
    expect(withBoth).toEqual(['admin']);
  });
});
