import { APP_FILTER } from '@nestjs/core';
import {
  RequestLog,
  addressesFrom,
  databaseCheck,
  nestLogger,
  type ServiceKit,
  type ServiceParts,
} from '@payer/service';
import { endpoints, type Addresses } from '@payer/smart';
import { AccessCounts } from './access-counts/access-counts.js';
import { AccessRecorder } from './access-counts/access-recorder.js';
import { Apps } from './apps/apps.js';
import { AccessLog } from './access-log/access-log.js';
import { AccessRecords } from './access-log/access-records.controller.js';
import { AccessWriter } from './access-log/access-writer.js';
import { brandWithPlan } from './brands/brand.js';
import { ShortenedGrants } from './consents/shortened-grants.js';
import { directoryExport, isDirectoryOpen, jwksUrl, type Config } from './config.js';
import { perEnvironment, type PerEnvironment } from './environments.js';
import { AddressLimit } from './fairness/address-limit.js';
import { Fairness } from './fairness/fairness.js';
import { Gateway } from './gateway/gateway.js';
import { IssuerKeys } from './gateway/issuer-keys.js';
import { OpenDirectory } from './gateway/open-directory.js';
import { DataAgeMetrics } from './load-status/data-age-metrics.js';
import { Loads } from './load-status/load-status.controller.js';
import { publicDocuments } from './metadata/public-documents.js';
import { Databases } from './open-databases.js';
import { openRepositories } from './repositories.js';
import { Consents } from './rest/consents.js';
import { FhirServer } from './rest/fhir-server.js';
import type { Offered } from './offered.js';
import { NoBaseHereFilter } from './rest/no-base-here.filter.js';
import { GrantStatus } from './revocations/grant-status.js';
import { RecordCountSweep } from './record-counts/record-counts.js';
import { fhirApiFacts } from './revocations/read-facts.js';
import { NextErrors } from './levers/next-errors.js';
import { UsedProofs } from './gateway/used-proofs.js';
import { RevocationMetrics } from './revocations/revocation-metrics.js';
import { Revocations } from './revocations/revocations.js';

/** Number of access records that are written before the interval ends. */
const accessBatch = 5000;

/** The parts of fhir-api. They stop in reverse order, so that database connections close last. */
export function fhirApiParts(kit: ServiceKit<Config>): ServiceParts {
  const { config, logger, identity, events } = kit;
  const addresses = addressesFrom(config);
  const databases = new Databases(config);
  kit.lifecycle.add(databases);
  const fairness = new Fairness({
    requests: config.APP_REQUESTS_PER_MINUTE,
    resources: config.APP_RESOURCES_PER_MINUTE,
    time: config.APP_TIME_PER_MINUTE,
  });
  const { repositories: engines, checks } = openRepositories(
    config,
    addresses,
    databases,
    fairness,
    kit.lifecycle,
  );
  const [apps, revocations] = [new Apps(), new Revocations()];
  const feeds = fhirApiFacts(config, identity, { apps, revocations }, nestLogger(logger));
  const usedProofs = new UsedProofs(databases.pools);
  const gateway = new Gateway({
    addresses,
    keys: openKeys(kit, addresses, databases),
    apps,
    revocations,
    feeds,
    grantStatus: openGrantStatus(kit),
    events,
    portalUrl: config.REGISTRATION_URL,
    usedProofs,
  });
  const nextErrors = new NextErrors(apps, databases.pools, config.REGISTRATION_URL);
  const openDirectory = new OpenDirectory(databases.served.filter((name) => isDirectoryOpen(config, name)));
  const offered = perEnvironment(databases.served, (name): Offered => ({
    everything: config.EVERYTHING_OPERATION === 'on',
    batch: config.BATCH_INTERACTION === 'on',
    history: config.RESOURCE_HISTORY === 'on',
    openDirectory: openDirectory.isOpen(name),
    publishedFiles: directoryExport(config, name) !== undefined,
  }));
  const about = {
    planName: config.PLAN_NAME,
    brand: brandWithPlan(config.BRAND, config),
    portalUrl: config.REGISTRATION_URL,
    date: new Date(),
  };
  const shortened = new ShortenedGrants();
  const { PLAN_NAME: planName } = config;
  const server = new FhirServer({
    addresses,
    engines,
    consents: perEnvironment(
      databases.served,
      (name) => new Consents({ addresses: addresses[name], planName, shortened }),
    ),
    gateway,
    fairness,
    offered,
    openDirectory,
    nextErrors,
    addressLimit: new AddressLimit(config.OPEN_DIRECTORY_LIMIT_PER_ADDRESS),
    publishedFolders: perEnvironment(databases.served, (name) => directoryExport(config, name)),
    documents: perEnvironment(databases.served, (name) =>
      publicDocuments(addresses[name], engines[name], { ...about, offered: offered[name] }),
    ),
    ...recordAccess(kit, databases),
    logger,
  });
  return {
    providers: [
      { provide: FhirServer, useValue: server },
      { provide: AccessRecords, useValue: new AccessRecords(databases.pools, identity) },
      { provide: Loads, useValue: new Loads(databases.pools, identity, config.PLAN_TIME_ZONE) },
      {
        provide: DataAgeMetrics,
        useValue: new DataAgeMetrics(databases.pools, config.PLAN_TIME_ZONE),
      },
      { provide: Apps, useValue: apps },
      { provide: Revocations, useValue: revocations },
      { provide: ShortenedGrants, useValue: shortened },
      { provide: RevocationMetrics, useValue: new RevocationMetrics(revocations, events) },
      { provide: APP_FILTER, useValue: new NoBaseHereFilter(addresses, databases.served) },
    ],
    facts: { useFactory: () => feeds, isNeededToServe: true },
    jobs: {
      useFactory: () =>
        databases.served.flatMap((name) => {
          const sweep = new RecordCountSweep(databases.pools[name], name);
          return [
            { name: `counting records of ${name}`, interval: 1000, run: () => sweep.nextIfDue() },
            {
              name: `removing expired proofs of ${name}`,
              interval: 60_000,
              run: () => usedProofs.removeExpired(name),
            },
          ];
        }),
    },
    checks: [
      ...databases.served.map((name) => databaseCheck(`${name} database`, databases.pools[name])),
      ...checks,
      {
        name: 'revocations',
        check: () => ({ known: revocations.size.revocations, apps: apps.size }),
      },
    ],
  };
}

function openKeys(
  { config, identity, logger, lifecycle }: ServiceKit<Config>,
  addresses: Addresses,
  { served, pools }: Databases,
): PerEnvironment<IssuerKeys> {
  const keys = perEnvironment(
    served,
    (name) =>
      new IssuerKeys({
        issuer: addresses[name].issuer,
        jwksUrl: jwksUrl(config, name) ?? endpoints(addresses[name]).jwks_uri,
        fetch: (url, init) => identity.call('auth-server', url, init),
        pool: pools[name],
        maxAge: config.SIGNING_KEYS_MAX_AGE_MS,
        logger,
      }),
  );
  lifecycle.add(...served.map((name) => keys[name]));
  return keys;
}

function openGrantStatus({ config, identity }: ServiceKit<Config>): GrantStatus {
  return new GrantStatus({
    consentUrl: config.CONSENT_INTERNAL_URL ?? config.CONSENT_URL,
    fetch: (url, init) => identity.call('consent', url, init),
    // A cached answer must not stay valid longer than an event may be old.
    cacheSeconds: Math.min(config.GRANT_STATUS_CACHE_SECONDS, config.REVOCATION_MAX_STALENESS),
  });
}

/**
 * Counts requests for the totals of each app, and records each access for the audit trail and the developer.
 */
function recordAccess({ config, logger, lifecycle }: ServiceKit<Config>, { pools }: Databases) {
  const access = new AccessCounts();
  const accessLog: AccessLog = new AccessLog(accessBatch, () => void writer.flush());
  const writer = new AccessWriter({
    log: accessLog,
    pools,
    interval: config.ACCESS_RECORD_FLUSH_MS,
    logger,
  });
  const requestLog = new RequestLog({
    service: 'fhir-api',
    database: (environment) => pools[environment],
    interval: config.ACCESS_FLUSH_MS,
    onError: ({ message }) => logger.warn({ reason: message }, 'requests of apps are not in the portal'),
  });
  lifecycle.add(new AccessRecorder(access, pools, config.ACCESS_FLUSH_MS, logger), writer, requestLog);
  return { access, accessLog, requestLog };
}
