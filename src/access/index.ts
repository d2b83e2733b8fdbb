export { type AuditEntry, type AuditFault, type Json, type NewAuditEntry } from './audit-chain.rules.js';
export { type AuditQuery, AuditRepository } from './audit.repository.js';
export { AuditTrail, type AuditVerdict } from './audit-trail.js';
export { AuditModule } from './audit.module.js';
