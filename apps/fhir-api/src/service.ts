import { addressesFrom, defineService } from '@payer/service';
import { readConfig } from './config.js';
import { controllers } from './controllers.js';
import { databaseUrl } from './databases.js';
import { fhirApiParts } from './parts.js';
import { answerUnreadable, registerFhirRoutes } from './rest/fhir-routes.js';
import { FhirServer } from './rest/fhir-server.js';
import { revocationMemory } from './revocations/revocations.js';

/** The service that owns FHIR resources of each environment, with the gateway in front of them. */
export const fhirApi = defineService({
  name: 'fhir-api',
  readConfig,
  outboxes: (config) => config.ENVIRONMENTS.map((environment) => databaseUrl(config, environment)),
  events: { topics: ['grant-revoked', 'token-revoked'], seconds: revocationMemory },
  controllers,
  parts: fhirApiParts,
  http: { pages: false, isFollowed: false, answerUnreadable: answerUnreadable as never },
  configure(app, config) {
    registerFhirRoutes(
      app.getHttpAdapter().getInstance() as never,
      addressesFrom(config),
      app.get(FhirServer),
    );
  },
});
