import { AccessHistoryController } from './access-history/access-history.controller.js';
import { AccessEvents } from './access-history/access-history.events.js';
import { ConnectedAppsController } from './connected-apps/connected-apps.controller.js';
import { ConsentController } from './consent-screen/consent.controller.js';
import { EducationController } from './education/education.controller.js';
import { ReceiveController } from './consent-screen/receive.controller.js';
import { GrantEvents } from './grants/grant.events.js';
import { GrantStatusController } from './grants/grant-status.controller.js';
import { GrantsApiController } from './grants/grants-api.controller.js';
import { JwksController } from './keys/jwks.controller.js';
import { LogoController } from './logos/logo.controller.js';
import { SignedOutController } from './connected-apps/signed-out.controller.js';
import { RecordCountEvents } from './record-counts/record-counts.events.js';

/** HTTP routes and event handlers of consent. */
export const controllers = [
  AccessEvents,
  AccessHistoryController,
  ConnectedAppsController,
  ConsentController,
  EducationController,
  ReceiveController,
  GrantEvents,
  GrantsApiController,
  GrantStatusController,
  JwksController,
  LogoController,
  RecordCountEvents,
  SignedOutController,
];
