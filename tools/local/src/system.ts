import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFree, startPostgres, type PostgresServer } from '@payer/postgres';
import { loadSyntheticData } from './data.js';
import { runStep, SupervisedProcess } from './processes.js';
import { databases, services, systemVariables, type Ports, type ServiceName } from './services.js';

/** The repository's root, from `tools/local/{src,dist}`. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));

export interface SystemOptions {
  ports: Ports;
  /** Holds the database, generated data and logs. */
  dataDirectory: string;
  /** Whether a service that dies is started again. */
  restart?: boolean;
  /** Extra environment variables for the services. */
  variables?: Record<string, string>;
  postgresSettings?: Record<string, string>;
  say?(line: string): void;
  onGivenUp?(reason: string): void;
}

export interface RunningSystem {
  variables: Record<string, string>;
  databaseUrl(name: string): string;
  pid(service: ServiceName): number | undefined;
  kill(service: ServiceName, signal: NodeJS.Signals): void;
  start(service: ServiceName): void;
  /** Waits until the service says it is ready. */
  ready(service: ServiceName, timeout?: number): Promise<void>;
  restartPostgres(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Brings up the whole system on this machine: PostgreSQL, databases, migrations, synthetic data, the four services.
 * @throws Error that says what to do, e.g. which port is taken
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
    });
  let postgres: PostgresServer = await startDatabase();
  try {
    await postgres.createDatabases(databases);
    const variables = { ...systemVariables(ports, postgres.url), ...options.variables };
    const variablesOf = (service: (typeof services)[number]): Record<string, string> => ({
      ...variables,
      PORT: String(ports[service.name]),
      ...(service.database ? { DATABASE_URL: postgres.url(service.database) } : {}),
    });
    const entry = (name: ServiceName, file: string) => join(repositoryRoot, 'apps', name, 'dist', file);

    await Promise.all(
      services.map((service) =>
        runStep({
          name: `migrations of ${service.name}`,
          entry: entry(service.name, 'migrate.js'),
          variables: variablesOf(service),
        }),
      ),
    );
    const authServer = services[0];
    await loadSyntheticData({
      root: repositoryRoot,
      directory: join(dataDirectory, 'synthetic'),
      noteFile: `${postgres.dataDirectory}.loaded.json`,
      variables: variablesOf(authServer),
      say,
    });

    const processes = new Map<ServiceName, SupervisedProcess>(
      services.map((service) => [
        service.name,
        new SupervisedProcess(
          {
            name: service.name,
            entry: entry(service.name, 'main.js'),
            variables: variablesOf(service),
            logFile: join(dataDirectory, 'logs', `${service.name}.log`),
            restart: options.restart ?? false,
          },
          say,
          options.onGivenUp ?? (() => undefined),
        ),
      ]),
    );
    const of = (name: ServiceName) => processes.get(name) as SupervisedProcess;
    const ready = (name: ServiceName, timeout = 60_000) => whenReady(name, ports[name], timeout);
    const stopServices = () => Promise.all([...processes.values()].map((supervised) => supervised.stop()));
    for (const { name } of services) of(name).start();
    try {
      await Promise.all(services.map(({ name }) => ready(name)));
    } catch (error) {
      await stopServices();
      throw error;
    }
    return {
      variables,
      databaseUrl: postgres.url,
      pid: (name) => of(name).pid,
      kill: (name, signal) => of(name).kill(signal),
      start: (name) => of(name).start(),
      ready,
      async restartPostgres() {
        await postgres.stop();
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

async function whenReady(name: ServiceName, port: number, timeout: number): Promise<void> {
  let last = 'it does not answer';
  for (const deadline = Date.now() + timeout; Date.now() < deadline;) {
    try {
      const answer = await fetch(`http://localhost:${port}/health/ready`, {
        signal: AbortSignal.timeout(2000),
      });
      if (answer.ok) return;
      last = await answer.text();
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} is not ready after ${timeout / 1000} s: ${last}`);
}
