import type { RateLimitVerdict } from '@payer/service';
import { endpointPaths, type Environment } from '@payer/smart';
import { memberMessagePolicy } from '@payer/ui';
import type { FastifyReply } from 'fastify';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../config.js';
import { countRefusal } from '../metrics/oauth-metrics.js';
import { textsForHeaders } from '../sign-in/languages.js';
import { renderTooManyRequestsPage } from './too-many-requests-page.js';

/** RFC 6749 has no error for a limit; clients know this one from the authorization endpoint (§4.1.2.1). */
const error = 'temporarily_unavailable';

const descriptionOf = ({ retryAfter }: RateLimitVerdict) =>
  `too many requests (429); send the next one after ${retryAfter} second${retryAfter === 1 ? '' : 's'}`;

/** Puts the fields beside those of another limit of the same request. */
export function setRateLimitHeaders(ctx: KoaContextWithOIDC, { headers }: RateLimitVerdict): void {
  for (const [name, value] of Object.entries(headers)) {
    const before = name === 'retry-after' ? '' : ctx.response.get(name);
    ctx.set(name, before ? `${before}, ${value}` : value);
  }
}

/** Answers a token request that its app has no room for. */
export function answerTooManyRequests(ctx: KoaContextWithOIDC, verdict: RateLimitVerdict): void {
  ctx.status = 429;
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Pragma', 'no-cache');
  ctx.body = { error, error_description: descriptionOf(verdict) };
}

/** Thrown within the engine; the code or refresh token is not used up. */
export function tooManyRequests(verdict: RateLimitVerdict): Error {
  const description = descriptionOf(verdict);
  return Object.assign(new errors.CustomOIDCProviderError(error, description), {
    status: 429,
    statusCode: 429,
  });
}

/** Answers a request that its address has no room for: programs with an OAuth error, people with a page. */
export async function refuseTooMany(
  config: Config,
  environment: Environment,
  path: string,
  reply: FastifyReply,
  verdict: RateLimitVerdict,
): Promise<FastifyReply> {
  countRefusal(environment, path.slice(1) as Parameters<typeof countRefusal>[1], error);
  void reply.code(429).headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
  if (path !== endpointPaths.authorization)
    return reply.send({ error, error_description: descriptionOf(verdict) });
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', memberMessagePolicy)
    .send(
      renderTooManyRequestsPage(
        textsForHeaders(reply.request.headers),
        config.PLAN_NAME,
        environment,
        verdict.retryAfter,
      ),
    );
}
