import { endpointPaths, environments, type Environment } from '@payer/smart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Apps } from '../clients/apps.js';
import { whyNotAllowed } from '../clients/app-rules.js';
import type { Config } from '../config.js';
import { checkAuthorizationRequest } from './authorization-checks.js';
import { countRefusal } from '../metrics/oauth-metrics.js';
import type { FailedAuthorizations } from './failed-authorizations.js';
import type { Providers } from './providers.js';

/** Paths below an issuer that are ours, not the engine's. */
const own = /^\/(interaction\/|introspect$|revoke$)/;

interface Parts {
  config: Config;
  apps: Apps;
  failures: FailedAuthorizations;
  providers: () => Providers;
}

/**
 * Hands everything below an issuer to its engine, but for our own routes. Authorization requests of known apps with a registered redirect
 * URI pass our checks first; the rest is the engine's to refuse, on a page of ours.
 */
export function mountProviders(fastify: FastifyInstance, parts: Parts): void {
  const callbacks = new Map<Environment, ReturnType<ReturnType<Providers['of']>['callback']>>();

  fastify.addHook('onRequest', async (request, reply) => {
    const [path = '', query = ''] = split(request.raw.url ?? '/');
    const environment = environments.find((candidate) => path.startsWith(`/${candidate}/`));
    if (!environment) return;
    const below = path.slice(environment.length + 1);
    if (own.test(below)) return;
    request.routeName = `/{environment}${templateOf(below)}`;
    if (below === '/authorize') {
      if (request.method === 'POST') return;
      if (await refuse(parts, environment, new URLSearchParams(query), reply)) return reply;
    }
    let callback = callbacks.get(environment);
    if (!callback) {
      callback = parts.providers().of(environment).callback();
      callbacks.set(environment, callback);
    }
    reply.hijack();
    const raw = request.raw as typeof request.raw & { originalUrl?: string };
    raw.originalUrl = raw.url;
    raw.url = raw.url?.slice(environment.length + 1) ?? '/';
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    await callback(raw, reply.raw);
    return reply;
  });

  // RFC 6749 §3.1: the authorization endpoint also takes POST. The same request as GET lets the session cookie (SameSite=Lax) come along.
  for (const environment of environments)
    fastify.post(`/${environment}/authorize`, async (request: FastifyRequest, reply: FastifyReply) => {
      const parameters = new URLSearchParams(request.body as Record<string, string>);
      return reply.redirect(`${parts.config.addresses[environment].issuer}/authorize?${parameters}`, 303);
    });
}

/** The engine's paths; for metrics and logs. */
const engineTemplates = [
  endpointPaths.authorization,
  endpointPaths.token,
  endpointPaths.jwks,
  '/.well-known/openid-configuration',
];

function templateOf(below: string): string {
  if (engineTemplates.includes(below)) return below;
  return below.startsWith(`${endpointPaths.authorization}/`) ? `${endpointPaths.authorization}/{uid}` : '/*';
}

const split = (url: string) => {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
};

/** @returns whether the request was answered with an error */
async function refuse(
  { config, apps, failures }: Parts,
  environment: Environment,
  parameters: URLSearchParams,
  reply: FastifyReply,
): Promise<boolean> {
  const clientId = parameters.get('client_id') ?? '';
  const redirectUri = parameters.get('redirect_uri') ?? '';
  const addresses = config.addresses[environment];
  const app = await apps.findFor(
    clientId,
    (known) =>
      known.redirect_uris.includes(redirectUri) &&
      whyNotAllowed(known, environment, 'patient-access') === undefined,
  );
  if (!app || !app.redirect_uris.includes(redirectUri)) return false;
  const problem = checkAuthorizationRequest({ app, addresses, parameters });
  if (!problem) return false;
  countRefusal(environment, 'authorize', problem.error);
  await failures.record({
    environment,
    clientId,
    error: problem.error,
    detail: problem.description,
    redirectUri,
  });
  const target = new URL(redirectUri);
  target.searchParams.set('error', problem.error);
  target.searchParams.set('error_description', problem.description);
  const state = parameters.get('state');
  if (state !== null) target.searchParams.set('state', state);
  target.searchParams.set('iss', addresses.issuer);
  await reply.header('cache-control', 'no-store').redirect(target.href, 303);
  return true;
}
