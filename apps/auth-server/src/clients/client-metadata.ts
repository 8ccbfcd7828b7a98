import {
  connectedAppsClientId,
  flows,
  type AppState,
  type EnvironmentAddresses,
  type KeySet,
} from '@payer/smart';
import type { ClientMetadata } from 'oidc-provider';

/**
 * An app as a client of oidc-provider, with the grant types of all flows. `app-rules.ts` decides which flows
 * the app's plan permits, and gives the reason. The engine does not know the secret: it is compared by hash.
 * @param signingKey the key that has signed the request's client assertion. Without an assertion the method
 * is client_secret_basic, which an app with `private_key_jwt` has no secret for, except the portal's own
 */
export function clientMetadata(app: AppState, signingKey?: KeySet['keys'][number]): ClientMetadata {
  const browser = app.redirect_uris.length > 0;
  return {
    client_id: app.client_id,
    client_name: app.client_name,
    redirect_uris: app.redirect_uris,
    response_types: browser ? ['code'] : [],
    grant_types: Object.values(flows).flatMap(({ needsRedirectUri, grantTypes }) =>
      needsRedirectUri && !browser ? [] : grantTypes,
    ),
    ...(signingKey
      ? { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [signingKey] } }
      : { token_endpoint_auth_method: 'client_secret_basic', client_secret: 'compared-by-hash' }),
    id_token_signed_response_alg: 'RS256',
    dpop_bound_access_tokens: app.dpop_bound_access_tokens ?? false,
    app_state: JSON.stringify(app),
  } as ClientMetadata;
}

/** Consent as a first-party client, which signs members in for their connected-apps page. */
export function connectedAppsClient(addresses: EnvironmentAddresses, consentJwksUrl: string): ClientMetadata {
  return {
    client_id: connectedAppsClientId,
    client_name: 'Connected apps',
    redirect_uris: [`${addresses.managementUrl}callback`],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'RS256',
    id_token_signed_response_alg: 'RS256',
    jwks_uri: consentJwksUrl,
  };
}
