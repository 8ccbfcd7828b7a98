import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom } from '@payer/service';
import { environments, type Environment } from '@payer/smart';
import type { Config } from '../config.js';

/** Milliseconds that an answer is waited for, and for which a result is shown. */
const patience = 1500;
const freshFor = 10_000;

export interface ServiceState {
  service: string;
  environment: Environment;
  /** Whether it answered its public document with a status below 500. */
  is_up: boolean;
}

/** Asks each public address of the platform whether it answers, at most once in ten seconds. */
@Injectable()
export class ServiceStatus {
  private latest: { at: number; states: Promise<ServiceState[]> } | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

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
    return Promise.all(asked.map(async ({ url, ...state }) => ({ ...state, is_up: await answers(url) })));
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patience) });
    await response.body?.cancel();
    return response.status < 500;
  } catch {
    return false;
  }
}
