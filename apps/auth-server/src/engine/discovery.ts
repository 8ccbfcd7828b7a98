import { assertionAlgorithms, clientAuthMethods, endpointPaths } from '@payer/smart';
import type { KoaContextWithOIDC } from 'oidc-provider';

/** Discovery members without the values that only our own connected-apps page may use. */
const forApps = {
  claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'nonce', 'fhirUser'],
  response_modes_supported: ['query'],
  token_endpoint_auth_methods_supported: clientAuthMethods,
  token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
  introspection_endpoint_auth_methods_supported: clientAuthMethods,
  introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
  revocation_endpoint_auth_methods_supported: clientAuthMethods,
  revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
};

/**
 * Restricts the discovery documents (OpenID Connect Discovery §3, RFC 8414 §2) to the values that an app can
 * use.
 */
export async function discoveryForApps(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next();
  // RFC 9111 §5.2: a resource server may keep the keys as long as the documents.
  if (ctx.oidc?.route === 'jwks' && ctx.status === 200) ctx.set('Cache-Control', 'public, max-age=300');
  if (ctx.oidc?.route !== 'discovery' || ctx.status !== 200) return;
  const body = ctx.body as { issuer: string };
  // RP-Initiated Logout 1.0 §2.1. The endpoint is ours: the engine's would end the grants of every app.
  const end_session_endpoint = `${body.issuer}${endpointPaths.endSession}`;
  ctx.body = { ...body, ...forApps, end_session_endpoint };
  ctx.set('Cache-Control', 'public, max-age=300');
}
