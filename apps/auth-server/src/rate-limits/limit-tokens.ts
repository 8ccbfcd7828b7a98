import { endpointPaths, type Environment } from '@payer/smart';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { secretMatches, type Apps } from '../clients/apps.js';
import { basicCredentials } from '../client-authentication/basic-credentials.js';
import type { RequestLimits } from './request-limits.js';
import { answerTooManyRequests, setRateLimitHeaders } from './too-many-requests.js';

/** Counts a token request against its authenticated app, before a code or token is used up. */
export function limitTokens(environment: Environment, apps: Apps, limits: RequestLimits) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    const credentials = ctx.path === endpointPaths.token && basicCredentials(ctx.get('authorization'));
    if (!credentials) return next();
    // A new subscription, approval or secret takes effect at once.
    const app = await apps.findFor(
      environment,
      credentials.clientId,
      (known) => known.environments.includes(environment) && secretMatches(known, credentials.secret),
    );
    if (!app || !secretMatches(app, credentials.secret)) return next();
    const verdict = limits.takeApp(environment, app.client_id, ctx.req);
    setRateLimitHeaders(ctx, verdict);
    if (verdict.isAllowed) return next();
    answerTooManyRequests(ctx, verdict);
  };
}
