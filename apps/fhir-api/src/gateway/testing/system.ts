import { createPublisher, localSigner, type EventPublisher } from '@payer/events';
import { ServiceIdentity, type RunningService } from '@payer/service';
import type { Environment } from '@payer/smart';
import { eventually, OwnersDouble, startTestPostgres, type TestPostgres } from '@payer/testing';
import { readConfig, type Config } from '../../config.js';
import { migrateDatabases } from '../../migrations.js';
import { fhirApi } from '../../service.js';
import { appState } from './events.js';
import { send, type HttpAnswer } from './http.js';
import { IssuerDouble } from './issuer.js';

/** As deployed: the two bases differ by host only. */
export const bases: Record<Environment, string> = {
  sandbox: 'http://sandbox.fhir.example/interop/external/fhir',
  production: 'http://fhir.example/interop/external/fhir',
};

/** The service with a real PostgreSQL; the issuer and the senders of events are played. */
export class FhirApiSystem {
  readonly issuer = new IssuerDouble(bases);
  readonly owners = new OwnersDouble((owner, claims) =>
    ServiceIdentity.of(owner, { NODE_ENV: 'test' }).signAnswer(claims),
  );
  postgres: TestPostgres;
  publisher: EventPublisher;
  config: Config;
  service: RunningService;

  /** @param variables for the service, beside those of the test system */
  async start(variables: Record<string, string> = {}): Promise<void> {
    this.postgres = await startTestPostgres();
    await this.issuer.start();
    await this.owners.start();
    this.config = readConfig({
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'silent',
      ACCESS_FLUSH_MS: '50',
      DATABASE_POOL_SIZE: '4',
      SANDBOX_FHIR_BASE_URL: bases.sandbox,
      PRODUCTION_FHIR_BASE_URL: bases.production,
      AUTH_SERVER_URL: this.issuer.url,
      ...this.owners.variables,
      SANDBOX_DATABASE_URL: await this.postgres.database('fhir_sandbox'),
      PRODUCTION_DATABASE_URL: await this.postgres.database('fhir_production'),
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

  /** Started, and ready where its owners answer. */
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
