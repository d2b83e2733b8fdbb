import { type AccessRole, permissionsOf, type Principal } from '../access/index.js';

/** Invented colleagues: an approval needs two people. */
export const SIMULATED = {
  author: invented('author'),
  approver: invented('approver'),
  operator: invented('operator'),
};

function invented(role: AccessRole): Principal {
  return {
    id: `person:simulated-${role}`,
    kind: 'person',
    name: `The simulation's ${role}`,
    roles: [role],
    permissions: permissionsOf([role]),
  };
}
