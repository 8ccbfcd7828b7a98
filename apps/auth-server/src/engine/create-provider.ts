import { dpopWindow } from '@payer/service';
import { endpointPaths, type Environment } from '@payer/smart';
import { memberMessagePolicy, renderMemberFailure } from '@payer/ui';
import { Provider, type KoaContextWithOIDC } from 'oidc-provider';
import { withOneSpace } from '../client-authentication/authorization-header.js';
import { useAssertionOnce } from '../client-authentication/used-assertions.js';
import { ownersFor } from './fact-owners.js';
import { recordRequests } from '../app-requests/record-requests.js';
import { limitTokens } from '../rate-limits/limit-tokens.js';
import { answerAgain } from './interactions/answer-again.js';
import { FinishedInteractions } from './interactions/finished-interactions.js';
import { textsForHeaders } from '../http/languages.js';
import { exactRedirects } from '../authorization/exact-redirects.js';
import { discoveryForApps } from './discovery.js';
import { engineFailures } from './engine-failures.js';
import { errorPages } from './error-pages.js';
import { ownPages } from './own-pages.js';
import { patchClientMethods } from './patched-methods.js';
import { patchModels } from './patched-models.js';
import { configuration } from './provider-configuration.js';
import type { ProviderParts } from './provider-parts.js';
import { successors } from './refresh-token-rotation.js';
import { answerUnavailable, tokenAnswers } from './token-answers.js';
import { requireWrittenUse } from './token-request-state.js';
import { signKeys } from './sign-keys.js';
import { watchProblems } from './watch-problems.js';

/**
 * Creates one environment's OAuth and OpenID Connect engine: its configuration, then our changes, in order.
 */
export function createProvider(environment: Environment, parts: ProviderParts): Provider {
  const { config, source, apps, freshness } = parts;
  const { issuer } = config.addresses[environment];
  const provider = new Provider(issuer, configuration(environment, parts));
  watchProblems(provider, environment, parts.logger);
  provider.proxy = issuer.startsWith('https:');
  provider.use((ctx, next) => {
    const { headers } = ctx.req;
    if (headers.authorization) headers.authorization = withOneSpace(headers.authorization);
    return next();
  });
  provider.use(errorPages(config.REGISTRATION_URL) as never);
  provider.use(recordRequests(provider, environment, apps, parts.requests) as never);
  provider.use(engineFailures(provider, config.PLAN_NAME) as never);
  provider.use(ownPages(config.PLAN_NAME, environment) as never);
  const finished = new FinishedInteractions(source, environment, config.KEY_ENCRYPTION_KEY);
  provider.use(answerAgain(provider, environment, source, finished) as never);
  provider.use(exactRedirects);
  const answers = tokenAnswers(provider, environment, { source, portalUrl: config.REGISTRATION_URL });
  provider.use(answers as never);
  provider.use(requireWrittenUse as never);
  // Runs before a code or token is used up: no token is issued on facts that are older than the bound.
  provider.use(async (ctx, next) => {
    if (ctx.path !== endpointPaths.token || ctx.method === 'OPTIONS') return next();
    // Finding the owners that matter takes a database query, so it runs only when an owner is unavailable.
    const owners = freshness.isFreshNow ? undefined : await ownersFor(ctx.get('authorization'), apps);
    if (!(await freshness.decide(next, owners))) answerUnavailable(ctx as never, environment);
  });
  provider.use(limitTokens(environment, apps, parts.limits) as never);
  provider.use(discoveryForApps);
  provider.use(signKeys(parts.identity) as never);
  provider.use(notFound(config.PLAN_NAME, environment));
  patchClientMethods(provider, config.addresses[environment]);
  // The engine counts from now. A proof whose `iat` lies in the future is good for twice as long.
  patchModels(provider, successors(config.KEY_ENCRYPTION_KEY), (issuer, jti, expiresAt) =>
    useAssertionOnce(source, environment, issuer, jti, expiresAt + dpopWindow),
  );
  return provider;
}

/** Answers a path without a route in the engine, as a page or JSON. */
function notFound(planName: string, environment: Environment) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    if (ctx.status !== 404 || ctx.body) return;
    ctx.status = 404;
    if (ctx.accepts('json', 'html') === 'html') {
      ctx.set('Content-Security-Policy', memberMessagePolicy());
      const page = { texts: textsForHeaders(ctx.headers), planName, environment };
      ctx.body = renderMemberFailure(page, { status: 404, detail: '' });
    } else ctx.body = { error: 'not_found', error_description: `there is nothing at ${ctx.path}` };
  };
}
