import { environments, type Environment } from '@payer/smart';
import type { Provider } from 'oidc-provider';
import { createProvider, type ProviderParts } from './provider.js';

/** The engines of both environments. */
export class Providers {
  private readonly byEnvironment: Map<Environment, Provider>;

  constructor(parts: ProviderParts) {
    this.byEnvironment = new Map(
      environments.map((environment) => [environment, createProvider(environment, parts)]),
    );
  }

  of(environment: Environment): Provider {
    return this.byEnvironment.get(environment) as Provider;
  }
}
