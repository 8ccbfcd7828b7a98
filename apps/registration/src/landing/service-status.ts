import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom } from '@payer/service';
import { environments, type Environment } from '@payer/smart';
import type { Config } from '../config.js';
import { PlatformHttp } from '../http/platform-http.js';

/** Milliseconds: the timeout of a check, and the time for which a result is shown. */
const patience = 1500;
const freshFor = 10_000;

export interface ServiceState {
  service: string;
  environment: Environment;
  /** Whether the public document was answered with a status below 500. */
  is_up: boolean;
}

/** Checks whether each public URL of the platform answers, at most once in ten seconds. */
@Injectable()
export class ServiceStatus {
  private latest: { at: number; states: Promise<ServiceState[]> } | undefined;

  constructor(
    private readonly http: PlatformHttp,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  states(now = Date.now()): Promise<ServiceState[]> {
    if (!this.latest || now - this.latest.at > freshFor) this.latest = { at: now, states: this.ask() };
    return this.latest.states;
  }

  private ask(): Promise<ServiceState[]> {
    const addresses = addressesFrom(this.config);
    const asked = environments.flatMap((environment) => {
      const { issuer, fhirBaseUrl, managementUrl } = addresses[environment];
      return [
        { service: 'Sign-in and tokens', environment, url: `${issuer}/.well-known/openid-configuration` },
        { service: 'FHIR API', environment, url: `${fhirBaseUrl}/.well-known/smart-configuration` },
        { service: 'Consent', environment, url: managementUrl },
      ];
    });
    return Promise.all(
      asked.map(async ({ url, ...state }) => ({ ...state, is_up: await this.answers(url) })),
    );
  }

  private async answers(url: string): Promise<boolean> {
    const late = new Promise<false>((resolve) => setTimeout(resolve, patience, false).unref());
    const answer = this.http.send({ method: 'GET', url }).then(
      ({ status }) => status < 500,
      () => false,
    );
    return Promise.race([answer, late]);
  }
}
