export { CONFIG } from './definition.js';
export type {
  Made,
  OwnedDatabase,
  ServiceConfig,
  ServiceDefinition,
  ServiceKit,
  ServiceParts,
} from './definition.js';
export { defineService, type DefinedService } from './define-service.js';
export { Lifecycle, type RunningPart } from './lifecycle.js';
export { migrationOf, ownDatabaseVariables } from './migration.js';
export { runRestore } from './restore.js';
export type { ScheduledJob } from './scheduled-jobs.js';
