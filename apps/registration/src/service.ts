import {
  addErrorPages,
  brandOf,
  defineService,
  refuseForeignOrigins,
  refuseNulInAddress,
} from '@payer/service';
import { useBrand } from '@payer/ui';
import { serveOpenApi } from './api-reference/openapi.js';
import { readConfig } from './config.js';
import { controllers } from './controllers.js';
import { databaseOptions } from './database/database-options.js';
import { appFacts } from './facts/app-facts.js';
import { appRecovery } from './facts/app-recovery.js';
import { readJsonBodies } from './http/json-body.js';
import { readLogoBodies } from './logos/logo-body.js';
import { providers } from './providers.js';
import { scheduledJobs } from './scheduled-jobs.js';

/** Paths with bearer tokens, which a browser never sends by itself. The pages use a cookie. */
const api = /^\/(api|register)(\/|$)/;

/** The service that owns developers, apps, subscriptions and production requests: the developer portal. */
export const registration = defineService({
  name: 'registration',
  readConfig,
  database: (config) => ({
    options: databaseOptions(config.DATABASE_URL),
    owner: appRecovery,
    feed: appFacts,
    journal: config.REVOCATION_JOURNAL,
  }),
  events: 'group',
  controllers,
  parts({ config }) {
    useBrand(brandOf(config));
    return { providers, jobs: scheduledJobs };
  },
  configure(app, config) {
    const fastify = app.getHttpAdapter().getInstance();
    addErrorPages(fastify as never, config.REGISTRATION_URL, (path) => path === '/register');
    readJsonBodies(app);
    readLogoBodies(app);
    refuseNulInAddress(fastify as never);
    refuseForeignOrigins(fastify as never, config.REGISTRATION_URL, (path) => !api.test(path));
    serveOpenApi(app, config.REGISTRATION_URL);
  },
});
