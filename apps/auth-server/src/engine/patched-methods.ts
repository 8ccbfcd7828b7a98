import type { EnvironmentAddresses } from '@payer/smart';
import { Provider, type Client } from 'oidc-provider';
import { whyGrantTypeNotAllowed } from '../clients/app-rules.js';
import { secretMatches } from '../clients/apps.js';
import { appOf } from './token-answers.js';
import { checkTokenRequest } from './token-request-checks.js';

/** The replaced methods of the engine's client. The engine calls them under these names. */
export const patchedMethods = ['compareClientSecret', 'grantTypeAllowed', 'redirectUriAllowed'] as const;

type Methods = Record<(typeof patchedMethods)[number], (this: Client, value: string) => boolean>;

/** Replaces the engine's comparisons of secrets, grant types and redirect URIs. */
export function patchClientMethods(provider: Provider, addresses: EnvironmentAddresses): void {
  const { environment } = addresses;
  const methods: Methods = {
    /** This service stores only the hash of an app's secret. */
    compareClientSecret(secret) {
      const app = appOf(this);
      return app !== undefined && secretMatches(app, secret);
    },
    /**
     * The app's plan decides. A first-party client has the grant types of its metadata. The token endpoint
     * asks this method after the client's authentication and before the grant, so the request is checked
     * here.
     */
    grantTypeAllowed(type) {
      const app = appOf(this);
      if (!app) return this.grantTypes?.includes(type) ?? false;
      if (whyGrantTypeNotAllowed(app, environment, type) !== undefined) return false;
      if (Provider.ctx?.oidc.route === 'token') checkTokenRequest(addresses, this, Provider.ctx);
      return true;
    },
    /** RFC 9700 §4.1.3: simple string comparison, without the engine's exceptions for native apps. */
    redirectUriAllowed(uri) {
      return this.redirectUris?.includes(uri) ?? false;
    },
  };
  const prototype = provider.Client.prototype as object as Record<string, unknown>;
  for (const name of patchedMethods) {
    if (typeof prototype[name] !== 'function') throw new Error(`the engine's client has no method ${name}`);
    prototype[name] = methods[name];
  }
}
