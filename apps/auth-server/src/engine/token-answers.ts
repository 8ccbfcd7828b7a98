import {
  appState,
  appSuspended,
  decideScopes,
  errorState,
  grantEnds,
  type AppState,
  type Environment,
} from '@payer/smart';
import type { Client, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { whyGrantTypeNotAllowed } from '../clients/app-rules.js';
import { countRefusal, countTokens } from '../metrics/oauth-metrics.js';
import type { DataSource } from 'typeorm';
import { endOfGrant } from './grant-state.js';
import { launchContext } from './launch-context.js';
import type { GrantChoices } from './patched-models.js';
import { needsAssertion, usedAssertion } from '../client-authentication/client-authentication.js';
import { CausedError } from '../levers/caused-error.js';
import { ClientAssertionRefused } from './engine-clients.js';
import { assertionUsed, requestFaults } from './engine-texts.js';
import { proofRefusal, refusalText } from './refusal-texts.js';

/** The parsed apps of clients. A client of the engine never changes. */
const appsOfClients = new WeakMap<Client, AppState>();

/** The app of a client that `client-metadata.ts` made. Undefined for first-party clients. */
export function appOf(client: Client | undefined): AppState | undefined {
  if (!client) return undefined;
  const known = appsOfClients.get(client);
  if (known) return known;
  const state = client['app_state'];
  if (typeof state !== 'string') return undefined;
  const app = appState.parse(JSON.parse(state));
  appsOfClients.set(client, app);
  return app;
}

interface Parts {
  source: DataSource;
  portalUrl: string;
}

/** Seconds. */
const retryAfter = 60;
/** Seconds after which an unavailable owner probably answers again. */
export const staleRetryAfter = 5;

interface TokenBody {
  error?: string;
  error_description?: string;
  access_token?: string;
  patient?: string;
  scope?: string;
}

/**
 * Completes the token endpoint's answers: `patient` beside the tokens, reasons in errors, no caching,
 * `WWW-Authenticate`.
 */
export function tokenAnswers(provider: Provider, environment: Environment, parts: Parts) {
  const details = new WeakMap<object, string>();
  const clear = new WeakSet<object>();
  const states = new WeakMap<object, string>();
  provider.on('grant.error', (ctx, error) => {
    const { error_detail: detail } = error as { error_detail?: string };
    if (detail) details.set(ctx, detail);
    // The text of this refusal is our own.
    if ((error as Error) instanceof ClientAssertionRefused) clear.add(ctx);
    if ((error as Error) instanceof CausedError) {
      clear.add(ctx);
      const { state } = error as Error as CausedError;
      if (state) states.set(ctx, state);
    }
  });
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    if (ctx.oidc?.route !== 'token') return;
    const detail = details.get(ctx);
    complete(environment, ctx, detail, clear.has(ctx));
    const state = states.get(ctx);
    if (state) ctx.body = { ...(ctx.body as TokenBody), ...errorState(parts.portalUrl, state) };
    else await addState(environment, ctx, detail, parts);
    const { error, access_token } = (ctx.body ?? {}) as TokenBody;
    if (error) countRefusal(environment, 'token', error);
    else if (access_token)
      countTokens(environment, appOf(ctx.oidc.client)?.plan, String(ctx.oidc.params?.grant_type));
  };
}

/** 503: the facts of consent or registration are older than the bound, and their owner does not answer. */
export function answerUnavailable(ctx: KoaContextWithOIDC, environment: Environment): void {
  ctx.status = 503;
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Pragma', 'no-cache');
  ctx.set('Retry-After', String(staleRetryAfter));
  ctx.body = {
    error: 'temporarily_unavailable',
    error_description: refusalText('temporarily_unavailable'),
  };
  countRefusal(environment, 'token', 'temporarily_unavailable');
}

function complete(
  environment: Environment,
  ctx: KoaContextWithOIDC,
  detail: string | undefined,
  isClear: boolean,
): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Pragma', 'no-cache');
  const body = ctx.body as TokenBody | undefined;
  if (!body || typeof body !== 'object') return;
  const launch = launchContext(ctx);
  const app = appOf(ctx.oidc.client);
  if (body.access_token && launch && app)
    ctx.body = { ...body, ...launch, scope: namedScope(ctx, body), ...endOfSharing(ctx) };
  if (!body.error || ctx.status === 429) return;
  const clearer = isClear ? undefined : refusal(ctx, app, environment, detail);
  const { status = ctx.status, ...text } = clearer ?? {};
  ctx.status = status;
  ctx.body = { ...body, ...text };
  if (ctx.status === 503 && !ctx.response.get('Retry-After')) ctx.set('Retry-After', String(retryAfter));
  if (ctx.status === 401)
    ctx.set('WWW-Authenticate', `Basic realm="${ctx.oidc.provider.issuer}", charset="UTF-8"`);
}

/** `grant_expires_at`, an extension: the instant at which the member's grant expires. */
function endOfSharing(ctx: KoaContextWithOIDC): { grant_expires_at?: string } {
  const { exp } = ctx.oidc.entities.Grant ?? {};
  return exp === undefined ? {} : { grant_expires_at: new Date(exp * 1000).toISOString() };
}

/**
 * Says in `error_code` and `error_uri` which state of the grant or of the app refused the request. The app is
 * authenticated at this point.
 */
async function addState(
  environment: Environment,
  ctx: KoaContextWithOIDC,
  detail: string | undefined,
  { source, portalUrl }: Parts,
): Promise<void> {
  const body = (ctx.body ?? {}) as TokenBody;
  if (body.error === 'unauthorized_client' && appOf(ctx.oidc.client)?.status === 'suspended')
    ctx.body = { ...body, ...errorState(portalUrl, appSuspended) };
  if (body.error !== 'invalid_grant') return;
  const end = await endOfGrant(source, environment, ctx, detail);
  if (!end) return;
  const { code, text } = grantEnds[end];
  ctx.body = { ...body, error_description: text, ...errorState(portalUrl, code) };
}

/** The granted scopes, and the tolerated scopes of the authorization request (decision 47). */
function namedScope(ctx: KoaContextWithOIDC, { scope = '' }: TokenBody): string {
  const { tolerated = [] } = (ctx.oidc.entities.Grant ?? {}) as GrantChoices;
  return [scope, ...tolerated].join(' ');
}

/** The error that replaces the engine's short text. Undefined when the engine's text is clear. */
function refusal(
  ctx: KoaContextWithOIDC,
  app: AppState | undefined,
  environment: Environment,
  detail: string | undefined,
): { status?: number; error: string; error_description: string } | undefined {
  const { error = '', error_description: text = '' } = ctx.body as TokenBody;
  if (error === 'invalid_request' && text.includes(requestFaults.grantTypeNotAllowed)) {
    const why = app && whyGrantTypeNotAllowed(app, environment, String(ctx.oidc.params?.grant_type));
    return why ? { status: 400, error: 'unauthorized_client', error_description: why } : undefined;
  }
  // RFC 6749 §5.2: a client without successful authentication gets 401, also for a malformed header.
  if (error === 'invalid_request' && requestFaults.notAuthenticated.some((part) => text.includes(part)))
    return { status: 401, error: 'invalid_client', error_description: refusalText('invalid_client') ?? '' };
  if (error === 'invalid_scope' && app?.plan) {
    const { problem } = decideScopes(app.plan, String(ctx.oidc.params?.scope ?? ''));
    return problem ? { error, error_description: problem } : undefined;
  }
  if (error === 'invalid_client' && app?.token_endpoint_auth_method === 'private_key_jwt')
    return { error, error_description: detail === assertionUsed ? usedAssertion : needsAssertion };
  const unproven = proofRefusal(error, detail);
  if (unproven) return unproven;
  const description = refusalText(error, detail);
  if (error === 'temporarily_unavailable')
    return { status: 503, error, error_description: description ?? text };
  return description ? { error, error_description: description } : undefined;
}
