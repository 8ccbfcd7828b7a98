import type { IncomingHttpHeaders } from 'node:http';
import { memberMessagePolicy } from '@payer/ui';
import {
  decideScopes,
  endpointPaths,
  environmentPattern,
  environments,
  leverHeader,
  type AppState,
  type Environment,
  type EnvironmentAddresses,
  type Plan,
} from '@payer/smart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Apps } from '../clients/apps.js';
import { whyNotAllowed } from '../clients/app-rules.js';
import type { Config } from '../config.js';
import { checkAuthorizationRequest } from '../authorization/authorization-checks.js';
import { countRefusal } from '../metrics/oauth-metrics.js';
import { errorRedirect, isUnreviewed } from '../authorization/error-redirect.js';
import { causedProblem, type CausedProblem } from '../levers/caused-problem.js';
import type { NextErrors } from '../levers/next-errors.js';
import { isPushedRequestUri, type PushedRequests } from '../pushed-requests/pushed-requests.js';
import type { RequestLimits } from '../rate-limits/request-limits.js';
import { refuseTooMany } from '../rate-limits/too-many-requests.js';
import type { FailedAuthorizations } from '../authorization/failed-authorizations.js';
import { discoveryPaths, isAllowedMethod, methodsOf, refuseMethod } from './allowed-methods.js';
import { scopesNamedOnRequest, toleratedScopeParameter } from './offline-access.js';
import { answerPlainRequest } from './answer-plain-request.js';
import type { Providers } from './providers.js';
import { renderRefusedPage } from '../authorization/refused-page.js';
import { textsForHeaders } from '../http/languages.js';

/** Paths below an issuer that this service handles, not the engine. */
const own =
  /^\/(interaction\/|provider-callback\/|internal\/|introspect$|revoke$|par$|sign-out$|end-session(\/confirm)?$|second-factor(\/[a-z/-]+)?$)/;

/**
 * RFC 8414 §3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery §4 behind it.
 * Both forms lead to the same document.
 */
const wellKnownFirst = new RegExp(
  `^(/\\.well-known/(?:oauth-authorization-server|openid-configuration))/${environmentPattern}/?$`,
);

/** Characters. A longer request does not fit into the URL of the GET that replaces it. */
const longestRequest = 12_000;

interface Parts {
  config: Config;
  apps: Apps;
  failures: FailedAuthorizations;
  limits: RequestLimits;
  nextErrors: NextErrors;
  pushed: PushedRequests;
  providers: () => Providers;
}

/**
 * Hands every request below an issuer to its engine, except for our own routes. Authorization requests of
 * known apps with a registered redirect URI pass our checks first. The engine refuses all others, on an error
 * page of ours.
 */
export function addEngineRoutes(fastify: FastifyInstance, parts: Parts): void {
  /** Keyed by engine: a key rotation creates a new engine. */
  const callbacks = new WeakMap<
    ReturnType<Providers['of']>,
    ReturnType<ReturnType<Providers['of']>['callback']>
  >();

  fastify.addHook('onRequest', async (request, reply) => {
    const [asked = '', sent = ''] = split(request.raw.url ?? '/');
    // The router decodes a path and ignores a slash at the end. Then it finds a route of ours, whose checks
    // and limits know one spelling only.
    if (asked.includes('%') && !asked.includes('/internal/') && !request.is404) return refuseSpelling(reply);
    const path = asked.replace(wellKnownFirst, '/$2$1');
    const environment = environments.find((candidate) => path.startsWith(`/${candidate}/`));
    if (!environment) return;
    const below = path.slice(environment.length + 1);
    if (!isAllowedMethod(below, request.method)) {
      await refuseMethod(reply, below, request.method);
      return reply;
    }
    const isPreflight = request.method === 'OPTIONS';
    // Without this header, the engine knows no OPTIONS.
    if (isPreflight && enginePaths.has(below) && !request.headers['access-control-request-method'])
      return reply
        .code(204)
        .headers({ allow: methodsOf(below) })
        .send();
    const verdict = isPreflight ? undefined : parts.limits.takeAddress(below, request.ip);
    if (verdict) void reply.headers(verdict.headers);
    if (verdict?.isAllowed === false) return refuseTooMany(parts.config, environment, below, reply, verdict);
    if (own.test(below)) return;
    if (!isOfEngine(below)) return request.is404 ? undefined : refuseSpelling(reply);
    request.routeName = `/{environment}${templateOf(below)}`;
    let query = sent;
    if (below === endpointPaths.authorization) {
      if (request.method === 'POST') return;
      if (sent.length > longestRequest) return refuseLongRequest(parts, environment, reply);
      let parameters = withoutEmpty(new URLSearchParams(sent));
      const isPushed = isPushedRequestUri(parameters.get('request_uri'));
      if (isPushed) {
        const pushed = await takePushed(parts, environment, parameters);
        if (!pushed) return refuseOnPage(parts, environment, reply, unknownRequestUri);
        parameters = pushed;
      }
      if ([...parameters.values()].some((value) => value.includes('\0'))) {
        const reason = 'the request holds a NUL character (%00)';
        return refuseOnPage(parts, environment, reply, { reason });
      }
      const checked = await checkAuthorization(parts, environment, { parameters, isPushed }, reply);
      if (checked.isAnswered) return reply;
      query = engineQuery(parameters, checked.app?.plan ?? undefined, parts.config.addresses[environment]);
    }
    if (
      below === endpointPaths.token &&
      (await answerPlainRequest(parts.providers().plain(environment), request, reply))
    )
      return reply;
    const engine = parts.providers().of(environment);
    let callback = callbacks.get(engine);
    if (!callback) callbacks.set(engine, (callback = engine.callback()));
    reply.hijack();
    const raw = request.raw as typeof request.raw & { originalUrl?: string };
    raw.originalUrl = query ? `${path}?${query}` : path;
    raw.url = raw.originalUrl.slice(environment.length + 1);
    useConfiguredAddress(raw.headers, parts.config.addresses[environment].issuer);
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    await callback(raw, reply.raw);
    return reply;
  });

  // RFC 6749 §3.1: the authorization endpoint also accepts POST. The redirect to a GET lets the browser send
  // the session cookie (SameSite=Lax).
  for (const environment of environments)
    fastify.post(`/${environment}/authorize`, async (request: FastifyRequest, reply: FastifyReply) => {
      if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
        return refuseOnPage(parts, environment, reply, {
          reason: 'a POST must carry the parameters as application/x-www-form-urlencoded',
        });
      const parameters = formParameters(request.body as Record<string, string | string[]>).toString();
      if (parameters.length > longestRequest) return refuseLongRequest(parts, environment, reply);
      return reply.redirect(`${parts.config.addresses[environment].issuer}/authorize?${parameters}`, 303);
    });
}

const unknownRequestUri = {
  error: 'invalid_request_uri',
  reason: 'request_uri has expired, was used before, or was given to another client_id',
};

/** The parameters that an app has pushed. Others of the request do not count (RFC 9101 §6.3). */
function takePushed({ pushed }: Parts, environment: Environment, sent: URLSearchParams) {
  return pushed.take(environment, sent.get('client_id') ?? '', sent.get('request_uri') ?? '');
}

/** RFC 6749 §3.1: a parameter without a value counts as absent. */
const withoutEmpty = (parameters: URLSearchParams) =>
  new URLSearchParams([...parameters].filter(([, value]) => value !== ''));

/**
 * The request as the engine gets it. The engine asks for consent to every scope, so the tolerated scopes move
 * to a parameter of ours. The resource is the FHIR base URL as the engine knows it, without a trailing slash.
 */
function engineQuery(
  parameters: URLSearchParams,
  plan: Plan | undefined,
  addresses: EnvironmentAddresses,
): string {
  const asked = parameters.getAll('scope');
  parameters.delete(toleratedScopeParameter);
  if (!plan || asked.length !== 1) return parameters.toString();
  const { granted } = decideScopes(plan, asked[0]);
  if (granted.length === 0) return parameters.toString();
  const tolerated = scopesNamedOnRequest.filter((scope) => asked[0]!.split(' ').includes(scope));
  parameters.set('scope', granted.join(' '));
  if (tolerated.length > 0) parameters.set(toleratedScopeParameter, tolerated.join(' '));
  if (parameters.has('resource')) parameters.set('resource', addresses.fhirBaseUrl);
  return parameters.toString();
}

/**
 * Replaces the address that the client wrote into the request by the configured address of the issuer. The
 * engine builds URLs of discovery documents and redirects from it, and anybody can write any Host.
 */
function useConfiguredAddress(headers: IncomingHttpHeaders, issuer: string): void {
  const { host, protocol } = new URL(issuer);
  headers.host = host;
  headers['x-forwarded-host'] = host;
  headers['x-forwarded-proto'] = protocol.slice(0, -1);
}

/** The engine's paths, beside those on which it goes on after a page of ours. */
const enginePaths: ReadonlySet<string> = new Set([
  endpointPaths.authorization,
  endpointPaths.token,
  endpointPaths.jwks,
  ...discoveryPaths,
]);
const resumed = new RegExp(`^${endpointPaths.authorization}/[A-Za-z0-9_-]+$`);

/**
 * Whether the engine gets a path. Its router also takes other spellings, in upper case and with a slash at
 * the end. Checks and limits of ours would not know these, so they lead nowhere.
 */
const isOfEngine = (below: string): boolean => enginePaths.has(below) || resumed.test(below);

/** 404 for another spelling of a path. */
const refuseSpelling = (reply: FastifyReply): FastifyReply =>
  reply.code(404).type('application/problem+json').send({
    title: 'not found',
    status: 404,
    code: 'not_found',
    detail: 'There is nothing at this address. A path here has no percent-encoding, and no slash at its end.',
  });

/** The path for metrics and logs. @param below of the engine */
const templateOf = (below: string): string =>
  enginePaths.has(below) ? below : `${endpointPaths.authorization}/{uid}`;

const split = (url: string) => {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
};

/**
 * The parsed form as parameters. A repeated parameter stays repeated, so that a check refuses it (RFC 6749
 * §3.1).
 */
function formParameters(body: Record<string, string | string[]> | undefined): URLSearchParams {
  return new URLSearchParams(
    Object.entries(body ?? {}).flatMap(([name, value]) =>
      [value].flat().map((each): [string, string] => [name, each]),
    ),
  );
}

const refuseLongRequest = (parts: Parts, environment: Environment, reply: FastifyReply) =>
  refuseOnPage(parts, environment, reply, {
    reason: `the request is longer than ${longestRequest} characters; a shorter state will do`,
  });

/** Refuses a request on a page, if the error must not be sent to an app. */
async function refuseOnPage(
  { config }: Pick<Parts, 'config'>,
  environment: Environment,
  reply: FastifyReply,
  { error = 'invalid_request', reason }: { error?: string; reason: string },
): Promise<FastifyReply> {
  const { PLAN_NAME: planName, REGISTRATION_URL: portal } = config;
  await reply
    .code(400)
    .type('text/html; charset=utf-8')
    .headers({
      'content-security-policy': memberMessagePolicy(),
      'cache-control': 'no-store',
    })
    .send(
      renderRefusedPage({
        texts: textsForHeaders(reply.request.headers),
        planName,
        environment,
        portal,
        error,
        reason,
      }),
    );
  return reply;
}

/** @returns whether the request was answered with an error, and the app if its request passed the checks */
async function checkAuthorization(
  { config, apps, failures, nextErrors }: Parts,
  environment: Environment,
  { parameters, isPushed }: { parameters: URLSearchParams; isPushed: boolean },
  reply: FastifyReply,
): Promise<{ isAnswered: boolean; app?: AppState }> {
  const clientId = parameters.get('client_id') ?? '';
  const redirectUri = parameters.get('redirect_uri') ?? '';
  const addresses = config.addresses[environment];
  const app = await apps.findFor(
    environment,
    clientId,
    (known) =>
      known.redirect_uris.includes(redirectUri) &&
      whyNotAllowed(known, environment, 'authorization-code') === undefined,
  );
  if (!app || !app.redirect_uris.includes(redirectUri)) return { isAnswered: false };
  const problem: CausedProblem | undefined =
    checkAuthorizationRequest({ app, addresses, parameters, isPushed }) ??
    (await causedProblem(nextErrors, app, environment));
  if (!problem) return { isAnswered: false, app };
  const { lever, isOnPage } = problem;
  countRefusal(environment, 'authorize', problem.error);
  await failures.record({
    environment,
    clientId,
    error: problem.error,
    detail: problem.description,
    redirectUri,
    lever,
  });
  if (lever) void reply.header(leverHeader, lever);
  if (isOnPage || isUnreviewed(app, environment)) {
    await refuseOnPage({ config }, environment, reply, { error: problem.error, reason: problem.description });
    return { isAnswered: true };
  }
  const target = errorRedirect(redirectUri, problem, {
    state: parameters.get('state'),
    issuer: addresses.issuer,
    portalUrl: config.REGISTRATION_URL,
  });
  await reply.header('cache-control', 'no-store').redirect(target, 303);
  return { isAnswered: true };
}
