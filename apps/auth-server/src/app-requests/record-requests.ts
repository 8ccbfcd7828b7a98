import { endpointPaths, leverHeader, type Environment } from '@payer/smart';
import type { KoaContextWithOIDC, Provider, errors } from 'oidc-provider';
import { isClientId, type Apps } from '../clients/apps.js';
import { basicCredentials } from '../client-authentication/basic-credentials.js';
import { clientIdOf } from '../client-authentication/client-assertions.js';
import type { AppRequests } from './app-requests.js';

/** The most characters of a description in a record. */
const maxDetail = 300;

interface ErrorBody {
  error?: string;
  error_description?: string;
}

/**
 * Records token requests and finished authorizations for the developers of the apps. The member's "no" is
 * recorded here, too. A refusal of the authorization endpoint is a separate event (`authorization-failed`)
 * with the redirect URI.
 */
export function recordRequests(
  provider: Provider,
  environment: Environment,
  apps: Apps,
  requests: AppRequests,
) {
  const noteAuthorization = (ctx: KoaContextWithOIDC, error: string | null, detail: string | null) => {
    const clientId = ctx.oidc.client?.clientId;
    if (!clientId) return;
    requests.add(environment, clientId, () => ({
      at: new Date().toISOString(),
      kind: 'authorization',
      method: 'GET',
      path: endpointPaths.authorization,
      status: 303,
      duration_ms: null,
      request_id: null,
      error,
      detail,
    }));
  };
  provider.on('authorization.success', (ctx) => noteAuthorization(ctx, null, null));
  provider.on('authorization.error', (ctx, error) => {
    const { error: code, error_description: text } = error as errors.OIDCProviderError;
    if (code === 'access_denied') noteAuthorization(ctx, code, text?.slice(0, maxDetail) ?? null);
  });
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    const startedAt = performance.now();
    await next();
    if (ctx.path !== endpointPaths.token || ctx.method !== 'POST') return;
    const lever = ctx.response.get(leverHeader) || null;
    // A failure of this service is not the app's concern, and the database may be unavailable.
    if (ctx.status >= 500 && !lever) return;
    const clientId = ctx.oidc?.client?.clientId ?? (await namedApp(ctx, apps).catch(() => undefined));
    if (!clientId) return;
    const { error = null, error_description: text } = (ctx.body ?? {}) as ErrorBody;
    requests.add(environment, clientId, () => ({
      at: new Date().toISOString(),
      kind: 'token',
      method: 'POST',
      path: withGrantType(ctx),
      status: ctx.status,
      duration_ms: Math.round(performance.now() - startedAt),
      request_id: null,
      error,
      detail: error ? (text?.slice(0, maxDetail) ?? null) : null,
      lever,
    }));
  };
}

/**
 * The app that the request names, even with a wrong secret or assertion: its developer needs to find the
 * mistake.
 */
async function namedApp(ctx: KoaContextWithOIDC, apps: Apps): Promise<string | undefined> {
  const named =
    basicCredentials(ctx.get('authorization'))?.clientId ?? clientIdOf(ctx.oidc?.params?.client_assertion);
  if (!named || !isClientId(named)) return undefined;
  return (await apps.find(named))?.client_id;
}

/** `/token`, with the grant type if it is well-formed. */
function withGrantType(ctx: KoaContextWithOIDC): string {
  const grantType = ctx.oidc?.params?.grant_type;
  return typeof grantType === 'string' && /^[a-z_]{1,40}$/.test(grantType)
    ? `${endpointPaths.token} (${grantType})`
    : endpointPaths.token;
}
