import { AppEventsController } from './apps/app-events.controller.js';
import { AccessRecordsController } from './audit/access-records.controller.js';
import { ShortenedGrantsController } from './consents/shortened-grants.controller.js';
import { LoadsController } from './loads/loads.controller.js';
import { RevocationEventsController } from './revocations/revocation-events.controller.js';

/**
 * Event handlers and routes for other services. The FHIR API itself is on the bare server
 * (`registerFhirRoutes`).
 */
export const controllers = [
  AccessRecordsController,
  AppEventsController,
  LoadsController,
  RevocationEventsController,
  ShortenedGrantsController,
];
