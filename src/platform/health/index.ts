export { HealthModule } from './health.module.js';
export { type ReadinessCheck, ReadinessChecks } from './readiness-checks.js';
export { SchedulerHeartbeat } from './scheduler-heartbeat.js';
