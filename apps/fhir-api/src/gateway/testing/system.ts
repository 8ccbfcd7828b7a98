import { createPublisher, localSigner, type EventPublisher } from '@payer/events';
import { ServiceIdentity, type RunningService } from '@payer/service';
import {
  byEnvironment,
  environments,
  environmentVariable,
  variablesOfEach,
  type Environment,
} from '@payer/smart';
import { eventually, OwnersDouble, startTestPostgres, type TestPostgres } from '@payer/testing';
import { readConfig, type Config } from '../../config.js';
import { migrateDatabases } from '../../migrations.js';
import { fhirApi } from '../../service.js';
import { appState } from './events.js';
import { send, type HttpAnswer } from './http.js';
import { IssuerDouble } from './issuer.js';

/** As in a deployment, the two bases differ only in their hosts. */
export const bases: Record<Environment, string> = byEnvironment((name) => {
  const host = name === 'production' ? 'fhir.example' : `${name}.fhir.example`;
  return `http://${host}/interop/external/fhir`;
});

/** A database of an environment, as the migrations make it. */
const fhirDatabase = {
  name: 'fhir',
  prepare: (SANDBOX_DATABASE_URL: string) =>
    migrateDatabases(readConfig({ ENVIRONMENTS: 'sandbox', SANDBOX_DATABASE_URL })),
};

/** The service with a real PostgreSQL, and with doubles of the issuer and of the event publishers. */
export class FhirApiSystem {
  readonly issuer = new IssuerDouble(bases);
  readonly owners = new OwnersDouble((owner, claims) =>
    ServiceIdentity.of(owner, { NODE_ENV: 'test' }).signAnswer(claims),
  );
  postgres: TestPostgres;
  publisher: EventPublisher;
  config: Config;
  service: RunningService;

  /** @param variables of the service, in addition to those of the test system */
  async start(variables: Record<string, string> = {}): Promise<void> {
    this.postgres = await startTestPostgres();
    await this.issuer.start();
    await this.owners.start();
    const databases: Record<string, string> = {};
    for (const name of environments)
      databases[environmentVariable(name, 'DATABASE_URL')] = await this.postgres.database(
        `fhir_${name}`,
        fhirDatabase,
      );
    this.config = readConfig({
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'silent',
      ACCESS_FLUSH_MS: '50',
      DATABASE_POOL_SIZE: '4',
      ...variablesOfEach('FHIR_BASE_URL', (name) => bases[name]),
      AUTH_SERVER_URL: this.issuer.url,
      ...this.owners.variables,
      ...databases,
      EVENTS_DATABASE_URL: await this.postgres.database('events'),
      ...variables,
    });
    await migrateDatabases(this.config);
    this.publisher = await createPublisher(this.config, localSigner);
    this.owners.commitApp(appState('patientapp', { environments: ['sandbox', 'production'] }));
    this.owners.commitApp(appState('directoryapp', { plan: 'provider-directory' }));
    this.service = await this.startService();
  }

  async restart(): Promise<void> {
    await this.service.close();
    this.service = await this.startService();
  }

  /** Starts the service, and waits until it is ready if its owners answer. */
  private async startService(): Promise<RunningService> {
    const service = await fhirApi.start(this.config);
    const isReady = async () => (await fetch(`${service.url}/health/ready`)).ok;
    if (this.owners.away.size === 0) await eventually(isReady);
    return service;
  }

  async stop(): Promise<void> {
    await this.service?.close();
    await this.publisher?.close();
    await this.issuer.stop();
    await this.owners.stop();
    await this.postgres?.stop();
  }

  /** @param path below the base of the environment */
  request(
    path: string,
    options: {
      token?: string;
      environment?: Environment;
      method?: string;
      headers?: Record<string, string>;
      body?: string;
    } = {},
  ): Promise<HttpAnswer> {
    const { token, environment = 'sandbox', method, headers, body } = options;
    return send(this.service.url, `${bases[environment]}${path}`, {
      ...(method ? { method } : {}),
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }
}
