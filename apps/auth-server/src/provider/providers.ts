import { environments, type Environment } from '@payer/smart';
import type { Provider } from 'oidc-provider';
import { createProvider, type ProviderParts } from './provider.js';

/**
 * The engines of both environments. An engine takes its keys when it is made, so a rotation makes new ones; what an engine
 * has begun lies in the database, where the next one finds it.
 */
export class Providers {
  private byEnvironment: ReadonlyMap<Environment, Provider>;

  constructor(parts: ProviderParts) {
    const make = () =>
      new Map(environments.map((environment) => [environment, createProvider(environment, parts)]));
    this.byEnvironment = make();
    parts.keys.onChange(() => (this.byEnvironment = make()));
  }

  of(environment: Environment): Provider {
    return this.byEnvironment.get(environment) as Provider;
  }
}
