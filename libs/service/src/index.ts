// Brings the plugin's additions to Fastify's request and reply types to whoever uses this library.
import '@fastify/cookie';

export * from './audit/audit.js';
export { CreateAuditTrail1764000000006, refuseChangesFunction } from './audit/audit.migration.js';
export * from './config/addresses.js';
export * from './config/config.js';
export * from './config/variables.js';
export * from './database/app-model.js';
export * from './database/database.js';
export * from './database/migrations.js';
export * from './health/health.js';
export type { ObservedRequests } from './http/observe-requests.js';
export * from './http/not-found.js';
export * from './http/problem.js';
export * from './http/same-origin.js';
export * from './metrics/metric.js';
export * from './metrics/sign-ins.js';
export * from './security/internal-token.js';
export * from './security/passwords.js';
export * from './security/sealed.js';
export * from './security/sessions.js';
export * from './security/signing-keys.js';
export * from './security/throttle.js';
export * from './security/used-messages.js';
export * from './start/logger.js';
export * from './start/start.js';
export { startTracing, stopTracing } from './tracing/open-telemetry.js';
export { currentRequestId } from './tracing/request-context.js';
