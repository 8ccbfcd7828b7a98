import { AppEvents } from './apps/app.events.js';
import { AccessRecordsController } from './access-log/access-records.controller.js';
import { ShortenedGrantEvents } from './consents/shortened-grants.events.js';
import { LoadsController } from './load-status/load-status.controller.js';
import { RevocationEvents } from './revocations/revocation.events.js';

/**
 * Event handlers and routes for other services. The FHIR API itself is on the bare server
 * (`registerFhirRoutes`).
 */
export const controllers = [
  AccessRecordsController,
  AppEvents,
  LoadsController,
  RevocationEvents,
  ShortenedGrantEvents,
];
