import { Pool } from 'pg';
import {
  CreateOutbox1764000000000,
  createConsumer,
  createPublisher,
  OutboxRelay,
  serviceKeys,
  serviceSigner,
  watchPool,
} from '@payer/events';
import {
  addressesFrom,
  createLogger,
  migrateAs,
  nestLogger,
  ServiceIdentity,
  startService,
  type RunningService,
  type TableRights,
} from '@payer/service';
import { endpoints, type Environment } from '@payer/smart';
import { AccessCounts } from './access/access-counts.js';
import { AccessRecorder } from './access/access-recorder.js';
import { CreateAccessTotals1764000100001 } from './access/access-totals.migration.js';
import { CreateAccessDay1764000100011 } from './audit/access-day.migration.js';
import { AccessLog } from './audit/access-log.js';
import { setRetention } from './audit/access-partitions.js';
import { AddAccessQuestions1764000100010 } from './audit/access-questions.migration.js';
import { CreateAccessRecord1764000100002 } from './audit/access-record.migration.js';
import { AddAccessResources1764000100003 } from './audit/access-resources.migration.js';
import { AccessRecords } from './audit/access-records.controller.js';
import { AddAccessRetention1764000100012 } from './audit/access-retention.migration.js';
import { AccessWriter } from './audit/access-writer.js';
import { Apps } from './apps/apps.js';
import { jwksUrl, type FhirApiConfig, type retentionVariables } from './config.js';
import { databaseUrl, ownerUrl, type databaseVariables, type ownerVariables } from './databases.js';
import { openEngine, storeMigrations, storeTables } from './engine.js';
import { perEnvironment } from './environments.js';
import { Fairness } from './fairness/fairness.js';
import { FhirApiModule } from './fhir-api.module.js';
import { Gateway } from './gateway/gateway.js';
import { CreateIssuerKeys1764000100000 } from './gateway/issuer-keys.migration.js';
import { IssuerKeys } from './gateway/issuer-keys.js';
import { publicDocuments } from './metadata/public-documents.js';
import { answerUnreadable, registerFhirRoutes } from './rest/fhir-routes.js';
import { FhirServer } from './rest/fhir-server.js';
import { BytesClient } from './store/bytes-client.js';
import { PipelinedReads } from './rest/pipelined-connection.js';
import { fhirApiFacts } from './revocations/read-facts.js';
import { GrantStatus } from './revocations/grant-status.js';
import { revocationMemory, Revocations } from './revocations/revocations.js';

const migrations = [
  CreateOutbox1764000000000,
  ...storeMigrations,
  CreateIssuerKeys1764000100000,
  CreateAccessTotals1764000100001,
  CreateAccessRecord1764000100002,
  AddAccessResources1764000100003,
  AddAccessQuestions1764000100010,
  CreateAccessDay1764000100011,
  AddAccessRetention1764000100012,
];

/** Records of data access that are written without waiting for the interval to end. */
const accessBatch = 5000;

/** Resources are written by the loader, which is the owner; the API answers from them. */
const rights: TableRights = {
  read: [...storeTables, 'access_day', 'access_retention'],
  append: ['access_record'],
};

/** Brings the databases of the environments up to date. @returns the migrations run in each */
export async function migrateDatabases(
  config: Pick<FhirApiConfig, keyof typeof databaseVariables | keyof typeof retentionVariables> &
    Partial<Record<keyof typeof ownerVariables, string>>,
): Promise<Partial<Record<Environment, string[]>>> {
  const migrateOne = async (environment: Environment) => {
    const owner = ownerUrl(config, environment);
    const done = await migrateAs(owner, { url: databaseUrl(config, environment), migrations, rights });
    const pool = new Pool({ connectionString: owner, max: 1 });
    await setRetention(pool, config.ACCESS_RECORD_DAYS).finally(() => pool.end());
    return done;
  };
  const done: Partial<Record<Environment, string[]>> = {};
  for (const name of config.ENVIRONMENTS) done[name] = await migrateOne(name);
  return done;
}

/** Starts the FHIR API of the environments that are to be served; their databases must be up to date. */
export async function createFhirApi(config: FhirApiConfig): Promise<RunningService> {
  const logger = createLogger('fhir-api', config.LOG_LEVEL);
  const addresses = addressesFrom(config);
  const served = config.ENVIRONMENTS;
  const each = <T>(of: (name: Environment) => T) => perEnvironment(served, of);
  const pools = each((name) => environmentPool(databaseUrl(config, name), config.DATABASE_POOL_SIZE));
  for (const name of served) watchPool(`${name} database`, pools[name]);
  const reads = each((name) => new PipelinedReads(databaseUrl(config, name)));
  // Of their own, so that no read waits behind a search.
  const quickSearches = each((name) => new PipelinedReads(databaseUrl(config, name)));
  const fairness = new Fairness({
    requests: config.APP_REQUESTS_PER_MINUTE,
    resources: config.APP_RESOURCES_PER_MINUTE,
    time: config.APP_TIME_PER_MINUTE,
  });
  const engines = each((name) =>
    openEngine({
      pool: pools[name],
      reads: reads[name],
      quickSearches: quickSearches[name],
      environment: name,
      baseUrl: addresses[name].fhirBaseUrl,
      cursorKey: config.CURSOR_KEY,
      maxSearchCost: config.SEARCH_COST_MAX,
      limits: fairness.searchLimits(config.DATABASE_POOL_SIZE),
    }),
  );
  const keys = each(
    (name) =>
      new IssuerKeys({
        issuer: addresses[name].issuer,
        jwksUrl: jwksUrl(config, name) ?? endpoints(addresses[name]).jwks_uri,
        pool: pools[name],
        logger,
      }),
  );
  const about = { planName: config.PLAN_NAME, date: new Date() };
  const documents = each((name) => publicDocuments(addresses[name], engines[name], about));
  const [apps, revocations, access] = [new Apps(), new Revocations(), new AccessCounts()];
  const serviceKeyPair = serviceKeys('fhir-api', config, config.NODE_ENV === 'production');
  const consumer = await createConsumer(config, {
    consumer: 'fhir-api',
    publicKeys: serviceKeyPair.all,
    mode: 'replica',
    recent: { topics: ['grant-revoked', 'token-revoked'], seconds: revocationMemory },
  });
  const identity = new ServiceIdentity(serviceKeyPair.own, serviceKeyPair.all);
  const feeds = fhirApiFacts(config, identity, { apps, revocations }, nestLogger(logger));
  const grantStatus = new GrantStatus({
    consentUrl: config.CONSENT_INTERNAL_URL ?? config.CONSENT_URL,
    authorization: () => identity.authorizationFor('consent'),
    // An answer must not be relied on longer than events would be.
    cacheSeconds: Math.min(config.GRANT_STATUS_CACHE_SECONDS, config.REVOCATION_MAX_STALENESS),
  });
  const publisher = await createPublisher(config, serviceSigner(serviceKeyPair.own));
  const relays = served.map((name) => {
    return new OutboxRelay(databaseUrl(config, name), publisher, nestLogger(logger));
  });
  const recorder = new AccessRecorder(access, pools, config.ACCESS_FLUSH_MS, logger);
  const accessLog: AccessLog = new AccessLog(accessBatch, () => void writer.flush());
  const writer = new AccessWriter({
    log: accessLog,
    pools,
    interval: config.ACCESS_RECORD_FLUSH_MS,
    logger,
  });
  const gateway = new Gateway({
    addresses,
    keys,
    apps,
    revocations,
    feeds,
    grantStatus,
    events: consumer,
  });
  const server = new FhirServer({
    addresses,
    engines,
    gateway,
    fairness,
    documents,
    access,
    accessLog,
    logger,
  });

  await Promise.all(served.map((name) => keys[name].start()));
  for (const relay of relays) relay.start();
  feeds.start();
  recorder.start();
  writer.start();
  const service = await startService({
    name: 'fhir-api',
    module: FhirApiModule.with({
      addresses,
      pools,
      apps,
      revocations,
      feeds,
      consumer,
      accessRecords: new AccessRecords(pools, identity),
    }),
    host: config.HOST,
    port: config.PORT,
    internalPort: config.INTERNAL_PORT,
    drain: config.SHUTDOWN_DRAIN_MS,
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    logger,
    consumer,
    pages: false,
    requests: { log: config.REQUEST_LOG, follow: false },
    answerUnreadable: answerUnreadable as never,
    configure: (app) => registerFhirRoutes(app.getHttpAdapter().getInstance() as never, addresses, server),
  });
  return {
    ...service,
    close: async () => {
      await service.close();
      await feeds.stop();
      await recorder.stop();
      await writer.stop();
      await Promise.all(relays.map((relay) => relay.stop()));
      await publisher.close();
      await Promise.all(served.map((name) => keys[name].stop()));
      await Promise.all(
        served.flatMap((name) => [reads[name].end(), quickSearches[name].end(), pools[name].end()]),
      );
    },
  };
}

function environmentPool(connectionString: string, max: number): Pool {
  const pool = new Pool({
    Client: BytesClient,
    connectionString,
    max,
    application_name: 'fhir-api',
    connectionTimeoutMillis: 5000,
    query_timeout: 15_000,
    // Giving up does not end a statement: PostgreSQL has to.
    statement_timeout: 14_000,
    // A search has one processor at most: parallel workers and compiled plans would take those of other apps' reads,
    // and are for queries that take seconds.
    options: '-c max_parallel_workers_per_gather=0 -c jit=off',
    // Idle connections stay: their prepared statements are worth keeping.
    idleTimeoutMillis: 0,
  });
  // A connection that breaks while idle is replaced at its next use.
  pool.on('error', () => undefined);
  return pool;
}
