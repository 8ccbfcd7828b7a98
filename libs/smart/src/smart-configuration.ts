import { assertionAlgorithms, clientAuthMethods } from './client-authentication.js';
import type { EnvironmentAddresses } from './environments.js';
import { planRules, plans } from './plans.js';
import { scopes } from './scopes.js';

/** Paths below the issuer. */
export const endpointPaths = {
  authorization: '/authorize',
  pushedAuthorizationRequest: '/par',
  token: '/token',
  introspection: '/introspect',
  revocation: '/revoke',
  jwks: '/jwks',
  userinfo: '/userinfo',
  endSession: '/end-session',
} as const;

/**
 * Absolute endpoint URLs of an environment, the common source for SMART configuration, `metadata` and the
 * engine.
 */
export function endpoints(addresses: EnvironmentAddresses) {
  const at = (path: string) => `${addresses.issuer}${path}`;
  return {
    authorization_endpoint: at(endpointPaths.authorization),
    pushed_authorization_request_endpoint: at(endpointPaths.pushedAuthorizationRequest),
    token_endpoint: at(endpointPaths.token),
    introspection_endpoint: at(endpointPaths.introspection),
    revocation_endpoint: at(endpointPaths.revocation),
    registration_endpoint: addresses.registrationUrl,
    management_endpoint: addresses.managementUrl,
    jwks_uri: at(endpointPaths.jwks),
  };
}

/** Whether an app that asks for `offline_access` gets a refresh token (SMART 2.2, `permission-offline`). */
const givesOfflineAccess = plans.some((plan) => {
  const { grantTypes, toleratedScopes, scopes: granted } = planRules[plan];
  const asked: readonly string[] = [...granted, ...toleratedScopes];
  return asked.includes('offline_access') && grantTypes.includes('refresh_token');
});

/** The document at `[FHIR base]/.well-known/smart-configuration` (SMART App Launch 2.2 §7.1). */
export function smartConfiguration(addresses: EnvironmentAddresses) {
  return {
    issuer: addresses.issuer,
    ...endpoints(addresses),
    token_endpoint_auth_methods_supported: [...clientAuthMethods],
    token_endpoint_auth_signing_alg_values_supported: [...assertionAlgorithms],
    grant_types_supported: [...new Set(plans.flatMap((plan) => planRules[plan].grantTypes))],
    response_types_supported: ['code'],
    scopes_supported: [...scopes],
    code_challenge_methods_supported: ['S256'],
    capabilities: [
      'launch-standalone',
      'authorize-post',
      'client-confidential-symmetric',
      'client-confidential-asymmetric',
      'sso-openid-connect',
      'context-standalone-patient',
      'permission-patient',
      'permission-v2',
      ...(givesOfflineAccess ? ['permission-offline'] : []),
    ],
  };
}
