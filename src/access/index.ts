export { AccessModule } from './access.module.js';
export { ApiKeys } from './api-key.service.js';
export { type ApiKey, type CreatedApiKey, type NewApiKey } from './api-key.schema.js';
export { type Json } from '../shared/canonical-json.js';
export { type AuditEntry, type AuditFault, type NewAuditEntry } from './audit-chain.rules.js';
export { AuditModule } from './audit.module.js';
export { type AuditQuery, AuditRepository } from './audit.repository.js';
export { AuditTrail, type AuditVerdict } from './audit-trail.js';
export { viewerOf } from './csrf.js';
export { KeyMakers, KeyMakersModule } from './key-makers.js';
export { OneTimeLink } from './one-time-link.js';
export { type Person, type PersonChange } from './person.schema.js';
export { People } from './people.service.js';
export { type SignInPage, SignInPages } from './sign-in.pages.js';
export { RequirePermission, SignedIn, WholeCountry } from './permission.guard.js';
export {
  ACCESS_ROLES,
  type AccessRole,
  type Permission,
  PERMISSIONS,
  permissionsOf,
  ROLE_PERMISSIONS,
} from './permission.rules.js';
export {
  answerableFor,
  CurrentPrincipal,
  type Principal,
  requireRegion,
  type Session,
  systemPrincipal,
} from './principal.js';
export { Public } from '../platform/http/index.js';
