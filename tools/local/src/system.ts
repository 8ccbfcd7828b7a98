import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, isFree, startPostgres, type PostgresServer } from '@payer/postgres';
import { Front } from './front.js';
import { isMigrated, migrationDigest, noteMigrated } from './prepare/migrated-code.js';
import { prepare } from './prepare/prepare.js';
import { lacksData } from './prepare/synthetic-data.js';
import { SupervisedProcess } from './processes.js';
import { whenReady } from './ready.js';
import { createDatabaseRoles } from './database-roles.js';
import { EventLogKeeper } from './event-log-keeper.js';
import { serviceKeysIn, type ServiceKeyVariables } from './service-keys.js';
import { databases, services, systemVariables, type Ports, type ServiceName } from './services.js';

/** The repository's root, from `tools/local/{src,dist}`. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));

export interface SystemOptions {
  ports: Ports;
  /** Holds the database, keys, generated data and logs. */
  dataDirectory: string;
  /** Replicas of each service. With more than one, a load balancer takes the service's port. Default 1. */
  replicas?: number;
  /** Whether a service is restarted after its end. */
  restart?: boolean;
  /** Extra environment variables for the services. */
  variables?: Record<string, string>;
  postgresSettings?: Record<string, string>;
  /** Whether the services reach PostgreSQL over TCP, as a server on another machine. */
  databaseOverTcp?: boolean;
  /** Resolves when the code of the services is built; PostgreSQL starts meanwhile. Default: already built. */
  built?: Promise<void>;
  say?(line: string): void;
  onGivenUp?(reason: string): void;
}

export interface RunningSystem {
  variables: Record<string, string>;
  databaseUrl(name: string): string;
  /** Key variables of each service: its private key, and the public keys of all services. */
  keys: Record<ServiceName, ServiceKeyVariables>;
  /** @param replica from 0; the same below */
  pid(service: ServiceName, replica?: number): number | undefined;
  /** Port of the replica itself. */
  port(service: ServiceName, replica?: number): number;
  kill(service: ServiceName, signal: NodeJS.Signals, replica?: number): void;
  start(service: ServiceName, replica?: number): void;
  /**
   * Stops the replica in order and waits for its end; `start` restarts it.
   * @returns the exit code; null when the replica had to be killed
   */
  end(service: ServiceName, replica?: number): Promise<number | null>;
  /** Waits until the replica is ready. */
  ready(service: ServiceName, timeout?: number, replica?: number): Promise<void>;
  restartPostgres(): Promise<void>;
  /** Stops PostgreSQL, runs work on its data directory, and starts it again. The services keep running. */
  whilePostgresStopped(work: (dataDirectory: string) => void | Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the whole system on this machine: PostgreSQL, databases, migrations, synthetic data, the four
 * services.
 * @throws Error with the remedy, e.g. which port is taken
 */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const { ports, dataDirectory } = options;
  const say = options.say ?? (() => undefined);
  for (const { name } of services)
    if (!(await isFree(ports[name])))
      throw new Error(
        `Port ${ports[name]}, which ${name} needs, is taken. Is the system already running (another npm start)? Stop that, or what else listens there, and start again.`,
      );

  const startDatabase = () =>
    startPostgres({
      dataDirectory: join(dataDirectory, 'postgres'),
      port: ports.postgres,
      settings: options.postgresSettings,
      overTcp: options.databaseOverTcp,
    });
  let postgres: PostgresServer = await startDatabase();
  try {
    const created = await postgres.createDatabases(databases);
    const keyDirectory = join(dataDirectory, 'keys');
    const keys = serviceKeysIn(keyDirectory);
    const roles = await createDatabaseRoles(postgres.url, join(keyDirectory, 'database-passwords.json'));
    const journal = join(dataDirectory, 'journal');
    if (postgres.initialised) setAside(journal);
    const variables = {
      ...systemVariables(ports, postgres.url),
      REVOCATION_JOURNAL: journal,
      ...options.variables,
    };
    const variablesOf = (service: (typeof services)[number]): Record<string, string> => ({
      ...variables,
      ...keys[service.name],
      ...roles.serving(service.name),
      PORT: String(ports[service.name]),
    });
    const entry = (name: ServiceName, file: string) => join(repositoryRoot, 'apps', name, 'dist', file);

    /** Resolves when the services can start; `done` of the result resolves when the data is loaded, too. */
    const prepareDatabases = async (): Promise<{ done: Promise<void> }> => {
      const preparation = {
        root: repositoryRoot,
        variables: Object.fromEntries(
          services.map((service) => [
            service.name,
            { ...variablesOf(service), ...roles.migrating(service.name) },
          ]),
        ) as Record<ServiceName, Record<string, string>>,
        directory: join(dataDirectory, 'synthetic'),
        noteFile: `${postgres.dataDirectory}.loaded.json`,
      };
      const migratedFile = `${postgres.dataDirectory}.migrated`;
      const digest = migrationDigest(preparation);
      if (created.length === 0 && isMigrated(migratedFile, digest) && !lacksData(preparation.noteFile))
        return { done: Promise.resolve() };
      const { migrated, done } = prepare(preparation, say);
      await migrated;
      noteMigrated(migratedFile, digest);
      return { done };
    };

    await options.built;
    const prepared = await prepareDatabases();

    const replicas = options.replicas ?? 1;
    const processes = new Map<ServiceName, { port: number; process: SupervisedProcess }[]>();
    const fronts: Front[] = [];
    for (const service of services) {
      const { name } = service;
      const own =
        replicas === 1 ? [ports[name]] : await Promise.all(Array.from({ length: replicas }, freePort));
      if (replicas > 1) fronts.push(new Front(ports[name], own));
      processes.set(
        name,
        own.map((port, i) => ({
          port,
          process: new SupervisedProcess(
            {
              name: replicas === 1 ? name : `${name} ${i + 1}`,
              entry: entry(name, 'main.js'),
              nodeArguments: service.nodeArguments,
              variables: { ...variablesOf(service), PORT: String(port) },
              logFile: join(dataDirectory, 'logs', `${name}${replicas === 1 ? '' : `-${i + 1}`}.log`),
              restart: options.restart ?? false,
            },
            say,
            options.onGivenUp ?? (() => undefined),
          ),
        })),
      );
    }
    const of = (name: ServiceName, replica = 0) => processes.get(name)![replica]!;
    const all = [...processes].flatMap(([name, own]) => own.map((one) => ({ name, ...one })));
    const ready = (name: ServiceName, timeout = 60_000, replica = 0) =>
      whenReady({ name, ...of(name, replica), timeout });
    const stopServices = async () => {
      keeper.stop();
      await Promise.all(all.map(({ process }) => process.stop()));
      await Promise.all(fronts.map((front) => front.stop()));
    };
    const keeper = new EventLogKeeper({
      superuserUrl: postgres.url('events'),
      ownerUrl: roles.migrating('consent').EVENTS_MIGRATION_DATABASE_URL!,
      say,
    });
    for (const { process } of all) process.start();
    try {
      await Promise.all(fronts.map((front) => front.start()));
      await Promise.all([prepared.done, ...all.map((one) => whenReady({ ...one, say }))]);
    } catch (error) {
      await stopServices();
      throw error;
    }
    return {
      variables,
      databaseUrl: postgres.url,
      keys,
      pid: (name, replica) => of(name, replica).process.pid,
      port: (name, replica) => of(name, replica).port,
      kill: (name, signal, replica) => of(name, replica).process.kill(signal),
      start: (name, replica) => of(name, replica).process.start(),
      end: (name, replica) => of(name, replica).process.stop(),
      ready,
      async restartPostgres() {
        await postgres.stop();
        postgres = await startDatabase();
      },
      async whilePostgresStopped(work) {
        await postgres.stop();
        await work(postgres.dataDirectory);
        postgres = await startDatabase();
      },
      async stop() {
        await stopServices();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** Renames the journal of a removed cluster, because its entries do not belong to the new cluster. */
function setAside(journal: string): void {
  if (existsSync(journal)) renameSync(journal, `${journal}.of-removed-cluster-${Date.now()}`);
}
