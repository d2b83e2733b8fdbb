import { type AccessRole, permissionsOf, type Principal } from '../access/index.js';

/** Invented colleagues: an approval needs two people. */
export const DEMO = colleagues('demo', 'The demo');
export const SIMULATED = colleagues('simulated', 'The simulation');

function colleagues(of: string, whose: string) {
  const invented = (role: AccessRole): Principal => ({
    id: `person:${of}-${role}`,
    kind: 'person',
    name: `${whose}'s ${role}`,
    roles: [role],
    permissions: permissionsOf([role]),
  });
  return { author: invented('author'), approver: invented('approver'), operator: invented('operator') };
}
