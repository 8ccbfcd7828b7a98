import {
  accessTokenLifetime,
  authorizationCodeLifetime,
  decideScopes,
  endpointPaths,
  endpoints,
  fhirUserUrl,
  planRules,
  scopes,
  type Environment,
  type EnvironmentAddresses,
} from '@payer/smart';
import type { EventEmitter } from 'node:events';
import type { LoggerService } from '@nestjs/common';
import { Provider, errors, type Adapter, type Client, type KoaContextWithOIDC } from 'oidc-provider';
import { contentSecurityPolicy, notFoundPage } from '@payer/ui';
import { databaseIsUnavailable, type AnswerSigner } from '@payer/service';
import type { DataSource } from 'typeorm';
import { whyGrantTypeNotAllowed } from '../clients/app-rules.js';
import { secretMatches, type Apps } from '../clients/apps.js';
import { connectedAppsClient, connectedAppsClientId } from '../clients/client-metadata.js';
import type { Config } from '../config.js';
import type { Keys } from '../keys/keys.js';
import { countRefusal } from '../metrics/oauth-metrics.js';
import type { Members } from '../members/members.js';
import type { EventFreshness } from '../event-freshness.js';
import { answerAgain } from '../sign-in/answer-again.js';
import { FinishedInteractions } from '../sign-in/finished-interactions.js';
import { accountOf, memberOf } from './claims.js';
import type { AppRequests } from './app-requests.js';
import type { FailedAuthorizations } from './failed-authorizations.js';
import { recordRequests } from './record-requests.js';
import { discoveryForApps } from './discovery.js';
import { engineFailures } from './engine-failures.js';
import { errorPages } from './error-pages.js';
import { limitTokens } from '../rate-limits/limit-tokens.js';
import type { RequestLimits } from '../rate-limits/request-limits.js';
import { policy } from './interaction-policy.js';
import { newGrant, saveGrant } from './new-grant.js';
import type { OpenInteractions } from './open-interactions.js';
import { renderRefusedPage } from './refused-page.js';
import { signKeys } from './sign-keys.js';
import { Storage } from './storage.js';
import { answerUnavailable, appOf, tokenAnswers } from './token-answers.js';

/** Seconds a member stays signed in here, and how long an interaction may take. */
const sessionLifetime = 30 * 60;
const interactionLifetime = 30 * 60;

export interface ProviderParts {
  config: Config;
  source: DataSource;
  apps: Apps;
  freshness: EventFreshness;
  members: Members;
  keys: Keys;
  failures: FailedAuthorizations;
  requests: AppRequests;
  interactions: OpenInteractions;
  limits: RequestLimits;
  identity: AnswerSigner;
  logger: LoggerService;
}

const now = () => Math.floor(Date.now() / 1000);

/** The OAuth and OpenID Connect engine of one environment. */
export function createProvider(environment: Environment, parts: ProviderParts): Provider {
  const { config, source, apps, freshness, members, keys } = parts;
  const addresses: EnvironmentAddresses = config.addresses[environment];
  const { introspection_endpoint, revocation_endpoint, registration_endpoint } = endpoints(addresses);

  const provider = new Provider(addresses.issuer, {
    adapter: ((model: string): Adapter =>
      new Storage(model, environment, source, apps, freshness, parts.interactions, parts.limits)) as never,
    clients: [connectedAppsClient(addresses, config.CONSENT_JWKS_URL)],
    jwks: { keys: keys.of(environment).map((key) => key.privateJwk) as never },
    scopes: [...scopes],
    // Without the engine's dispatcher, which refuses private addresses. It guards against URLs that clients register; here
    // an app can register none, and the only URL fetched is CONSENT_JWKS_URL, which is inside the platform's own network.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    claims: { openid: ['sub', 'patient', 'name'], fhirUser: ['fhirUser'] },
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
    extraClientMetadata: { properties: ['app_state'] },
    conformIdTokenClaims: false,
    allowOmittingSingleRegisteredRedirectUri: false,
    // Asked before the token is used up: a wrong scope must not cost the app its refresh token.
    rotateRefreshToken: (ctx) => {
      if (ctx.oidc.client) resourceServer(ctx, ctx.oidc.client);
      return true;
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    pkce: { required: (_ctx, client) => client.clientId === connectedAppsClientId },
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256'],
      clientAuthSigningAlgValues: ['RS256'],
    },
    routes: {
      authorization: endpointPaths.authorization,
      token: endpointPaths.token,
      jwks: endpointPaths.jwks,
    },
    discovery: {
      introspection_endpoint,
      revocation_endpoint,
      registration_endpoint,
      code_challenge_methods_supported: ['S256'],
    },
    cookies: {
      keys: [config.COOKIE_KEY],
      names: {
        session: `auth_session_${environment}`,
        interaction: `auth_interaction_${environment}`,
        resume: `auth_resume_${environment}`,
      },
      long: { httpOnly: true, sameSite: 'lax', path: `/${environment}` },
      short: { httpOnly: true, sameSite: 'lax' },
    },
    ttl: {
      // A token never outlives its grant.
      AccessToken: (ctx: KoaContextWithOIDC, token: { resourceServer?: unknown }) =>
        Math.min(token.resourceServer ? accessTokenLifetime : 60, secondsLeft(ctx)),
      ClientCredentials: accessTokenLifetime,
      AuthorizationCode: authorizationCodeLifetime,
      IdToken: accessTokenLifetime,
      Grant: 365 * 24 * 3600,
      Interaction: interactionLifetime,
      Session: sessionLifetime,
      // A refresh token lives as long as its grant.
      RefreshToken: secondsLeft,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      requestObjects: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, client) =>
          (client.clientId === connectedAppsClientId ? undefined : addresses.fhirBaseUrl) as string,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, _resource, client) => resourceServer(ctx, client),
      },
    },
    interactions: {
      policy: policy(),
      url: (_ctx, interaction) => `/${environment}/interaction/${interaction.uid}`,
    },
    findAccount: async (ctx, sub) => {
      const member = await members.find(environment, sub);
      return member && accountOf(member, addresses, ctx.oidc.client?.clientId ?? '');
    },
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId;
      if (grantId) return ctx.oidc.provider.Grant.find(grantId);
      if (ctx.oidc.client?.clientId !== connectedAppsClientId || !ctx.oidc.session?.accountId)
        return undefined;
      const grant = newGrant(ctx.oidc.provider, ctx.oidc.session.accountId, connectedAppsClientId);
      grant.addOIDCScope('openid');
      await saveGrant(grant, sessionLifetime);
      return grant;
    },
    extraTokenClaims: (ctx, token) => {
      const member = memberOf(ctx.oidc.account);
      if (!member || token.kind !== 'AccessToken') return undefined;
      return {
        patient: member.patient,
        fhirUser: fhirUserUrl(addresses.fhirBaseUrl, member.patient),
        grant_id: token.grantId,
      };
    },
    renderError: async (ctx, out, error) => {
      // RFC 6749 §5.2: programs get JSON, whatever they say they accept.
      if (ctx.oidc?.route === 'token') {
        ctx.body = out;
        return;
      }
      const { redirectUri, clientId } = await recordFailure(ctx, out.error, error);
      ctx.type = 'html';
      ctx.set('Content-Security-Policy', contentSecurityPolicy({ formAction: [] }));
      ctx.body = renderRefusedPage({
        planName: config.PLAN_NAME,
        environment,
        portal: config.REGISTRATION_URL,
        error: out.error,
        reason: reasonOf(error, out.error_description),
        redirectUri,
        clientId,
      });
    },
  });

  watchProblems(provider, environment, parts.logger);
  provider.proxy = addresses.issuer.startsWith('https:');
  provider.use(errorPages(config.REGISTRATION_URL) as never);
  provider.use(recordRequests(provider, environment, apps, parts.requests) as never);
  provider.use(engineFailures(provider, config.PLAN_NAME) as never);
  const finished = new FinishedInteractions(source, environment, config.KEY_ENCRYPTION_KEY);
  provider.use(answerAgain(provider, environment, finished) as never);
  provider.use(tokenAnswers(provider, environment) as never);
  // Before anything is used up: no token is given on knowledge that is older than the bound.
  provider.use(async (ctx, next) => {
    if (ctx.path !== endpointPaths.token || ctx.method === 'OPTIONS') return next();
    if (!(await freshness.decide(next))) answerUnavailable(ctx as never, environment);
  });
  provider.use(limitTokens(environment, apps, parts.limits) as never);
  provider.use(discoveryForApps);
  provider.use(signKeys(parts.identity) as never);
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.status !== 404 || ctx.body) return;
    ctx.status = 404;
    if (ctx.accepts('json', 'html') === 'html') {
      ctx.set('Content-Security-Policy', contentSecurityPolicy({ formAction: [] }));
      ctx.body = notFoundPage(config.PLAN_NAME, 'Start again in the app that sent you here.');
    } else ctx.body = { error: 'not_found', error_description: `there is nothing at ${ctx.path}` };
  });
  compareSecretsByHash(provider);
  allowByPlan(provider, environment);
  matchRedirectUrisExactly(provider);
  return provider;

  function resourceServer(ctx: KoaContextWithOIDC, client: Client) {
    const plan = appOf(client)?.plan;
    if (!plan) throw new errors.InvalidTarget('the app has no plan');
    // The scopes of a member's grant were decided at the authorization endpoint; a refresh may not ask for other ones.
    const asked = textOf(ctx.oidc.params?.scope);
    const decision = decideScopes(
      plan,
      planRules[plan].flow === 'authorization-code' ? (asked ?? planRules[plan].scopes.join(' ')) : asked,
    );
    if (decision.problem)
      throw new errors.InvalidScope(decision.problem, textOf(ctx.oidc.params?.scope) ?? '');
    return {
      scope: decision.granted.join(' '),
      audience: addresses.fhirBaseUrl,
      accessTokenFormat: 'jwt' as const,
      accessTokenTTL: accessTokenLifetime,
      jwt: { sign: { alg: 'RS256' as const } },
    };
  }

  async function recordFailure(ctx: KoaContextWithOIDC, code: string, error: Error) {
    const parameters = new URLSearchParams(ctx.querystring);
    const redirectUri = parameters.get('redirect_uri') ?? undefined;
    const clientId = parameters.get('client_id') ?? undefined;
    if (clientId && (await apps.find(clientId)))
      await parts.failures.record({
        environment,
        clientId,
        error: code,
        detail: reasonOf(error),
        redirectUri,
      });
    return { redirectUri, clientId };
  }
}

/** Seconds that the grant of this request has left; a minute where the engine has loaded none. */
function secondsLeft(ctx: KoaContextWithOIDC): number {
  return Math.max(1, (ctx.oidc.entities.Grant?.exp ?? now() + 60) - now());
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function reasonOf(error: Error, fallback?: string): string {
  if (error instanceof errors.InvalidRedirectUri)
    return 'redirect_uri is not one of those registered for this app; it must match one of them character for character, a trailing slash included';
  if (error instanceof errors.InvalidClient) return 'client_id is not known here';
  if (error instanceof errors.SessionNotFound)
    return 'the sign-in took too long or was started in another browser';
  return fallback ?? error.message;
}

/** Counts and logs the engine's refusals: its reasons, which its answers leave out, hold no parameter values. */
function watchProblems(provider: Provider, environment: Environment, logger: LoggerService): void {
  provider.on('authorization.error', (_ctx, error) =>
    countRefusal(environment, 'authorize', (error as errors.OIDCProviderError).error),
  );
  provider.on('server_error', (_ctx, error) => {
    if (databaseIsUnavailable(error)) logger.warn(`${environment}: the database does not answer`);
    else logger.error(`${environment}: ${error.stack}`);
  });
  // Without a listener the engine's framework writes stacks beside the log; a client that went away is no fault.
  (provider as unknown as EventEmitter).on('error', (error: Error) =>
    logger.warn(`${environment}: ${error.message}`),
  );
  provider.on('grant.error', (ctx, error) => {
    const { message, error_detail: detail } = error as errors.OIDCProviderError;
    const clientId = ctx.oidc?.client?.clientId ?? 'unknown client';
    logger.log(
      `${environment}: token refused to ${clientId}: ${message}${detail ? `, ${detail}` : ''}`,
      'oidc',
    );
  });
}

function compareSecretsByHash(provider: Provider): void {
  const prototype = provider.Client.prototype as unknown as { compareClientSecret(secret: string): boolean };
  prototype.compareClientSecret = function (this: Client, secret: string) {
    const app = appOf(this);
    return app !== undefined && secretMatches(app, secret);
  };
}

function allowByPlan(provider: Provider, environment: Environment): void {
  const prototype = provider.Client.prototype as unknown as { grantTypeAllowed(type: string): boolean };
  prototype.grantTypeAllowed = function (this: Client, type: string) {
    const app = appOf(this);
    if (!app) return this.grantTypes?.includes(type) ?? false;
    return whyGrantTypeNotAllowed(app, environment, type) === undefined;
  };
}

/** RFC 9700 §4.1.3: simple string comparison, without the engine's exceptions for native apps. */
function matchRedirectUrisExactly(provider: Provider): void {
  const prototype = provider.Client.prototype as unknown as { redirectUriAllowed(uri: string): boolean };
  prototype.redirectUriAllowed = function (this: Client, uri: string) {
    return this.redirectUris?.includes(uri) ?? false;
  };
}
