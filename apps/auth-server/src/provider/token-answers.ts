import { appState, type Environment } from '@payer/smart';
import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { whyGrantTypeNotAllowed } from '../clients/app-rules.js';
import { countRefusal, countTokens } from '../metrics/oauth-metrics.js';
import { memberOf } from './claims.js';

/** The app behind a client of `client-metadata.ts`; undefined for first-party clients. */
export function appOf(client: Client | undefined) {
  const state = client?.['app_state'];
  return typeof state === 'string' ? appState.parse(JSON.parse(state)) : undefined;
}

interface TokenBody {
  error?: string;
  error_description?: string;
  access_token?: string;
  patient?: string;
}

/** What was meant by the engine's short texts, for developers; the engine's own detail stays out of answers. */
const explanations: Record<string, string> = {
  invalid_grant:
    'the code or refresh token is unknown, expired, used before, revoked, or was given to another client or redirect_uri; start again at the authorization endpoint',
  invalid_client:
    'client authentication failed; send client_id and client_secret with HTTP Basic authentication (client_secret_basic)',
  unsupported_grant_type: 'grant_type must be authorization_code, refresh_token or client_credentials',
};

/** Completes the token endpoint's answers: `patient` beside the tokens, reasons in errors, no caching, `WWW-Authenticate`. */
export function tokenAnswers(environment: Environment) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    if (ctx.oidc?.route !== 'token') return;
    complete(environment, ctx);
    const { error, access_token } = (ctx.body ?? {}) as TokenBody;
    if (error) countRefusal(environment, 'token', error);
    else if (access_token)
      countTokens(environment, appOf(ctx.oidc.client)?.plan, String(ctx.oidc.params?.grant_type));
  };
}

function complete(environment: Environment, ctx: KoaContextWithOIDC): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Pragma', 'no-cache');
  const body = ctx.body as TokenBody | undefined;
  if (!body || typeof body !== 'object') return;
  const patient = memberOf(ctx.oidc.account)?.patient;
  const app = appOf(ctx.oidc.client);
  if (body.access_token && patient && app) ctx.body = { ...body, patient };
  if (!body.error) return;
  const refused = app && whyGrantTypeNotAllowed(app, environment, String(ctx.oidc.params?.grant_type));
  if (
    body.error === 'invalid_request' &&
    refused &&
    /not allowed for this client/.test(body.error_description ?? '')
  ) {
    ctx.status = 400;
    ctx.body = { error: 'unauthorized_client', error_description: refused };
  } else if (
    body.error === 'invalid_request' &&
    /no client authentication/.test(body.error_description ?? '')
  ) {
    ctx.status = 401;
    ctx.body = { error: 'invalid_client', error_description: explanations.invalid_client };
  } else if (explanations[body.error]) ctx.body = { ...body, error_description: explanations[body.error] };
  if (ctx.status === 401)
    ctx.set('WWW-Authenticate', `Basic realm="${ctx.oidc.provider.issuer}", charset="UTF-8"`);
}
