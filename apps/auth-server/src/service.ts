import { addErrorPages, defineService, refuseForeignOrigins } from '@payer/service';
import { Apps } from './clients/apps.js';
import { readConfig } from './config.js';
import { controllers } from './controllers.js';
import { databaseOptions } from './database/database-options.js';
import { revocationFacts } from './facts/revocation-facts.js';
import { revocationRecovery } from './facts/revocation-recovery.js';
import { authServerParts } from './parts.js';
import { FailedAuthorizations } from './authorization/failed-authorizations.js';
import { addEngineRoutes } from './engine/engine-routes.js';
import { Providers } from './engine/providers.js';
import { NextErrors } from './levers/next-errors.js';
import { PushedRequests } from './pushed-requests/pushed-requests.js';
import { RequestLimits } from './rate-limits/request-limits.js';
import { answerLanguageSwitch } from './http/languages.js';

/** The service that owns sign-in, authorization codes, tokens and signing keys. */
export const authServer = defineService({
  name: 'auth-server',
  readConfig,
  database: (config) => ({
    options: databaseOptions(config.DATABASE_URL),
    owner: revocationRecovery,
    feed: revocationFacts,
    journal: config.REVOCATION_JOURNAL,
  }),
  events: 'group',
  controllers,
  parts: authServerParts,
  configure(app, config) {
    const fastify = app.getHttpAdapter().getInstance();
    answerLanguageSwitch(fastify as never, config.AUTH_SERVER_URL);
    refuseForeignOrigins(fastify as never, config.AUTH_SERVER_URL, (path) =>
      /\/interaction\/|\/second-factor/.test(path),
    );
    addErrorPages(fastify as never, config.REGISTRATION_URL, (path) => !path.startsWith('/internal/'));
    addEngineRoutes(fastify as never, {
      config,
      apps: app.get(Apps),
      failures: app.get(FailedAuthorizations),
      limits: app.get(RequestLimits),
      nextErrors: app.get(NextErrors),
      pushed: app.get(PushedRequests),
      providers: () => app.get(Providers),
    });
  },
});
