import type { RateLimitVerdict } from '@payer/service';
import { endpointPaths, type Environment } from '@payer/smart';
import { memberMessagePolicy } from '@payer/ui';
import type { FastifyReply } from 'fastify';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../config.js';
import { countRefusal } from '../metrics/oauth-metrics.js';
import { textsForHeaders } from '../http/languages.js';
import { renderTooManyRequestsPage } from './too-many-requests-page.js';

/** RFC 6749 has no error for a limit. Clients know this error from the authorization endpoint (§4.1.2.1). */
const error = 'temporarily_unavailable';

const descriptionOf = ({ retryAfter }: RateLimitVerdict) =>
  `too many requests (429); send the next one after ${retryAfter} second${retryAfter === 1 ? '' : 's'}`;

/** Adds the header fields to those of another limit of the same request. */
export function setRateLimitHeaders(ctx: KoaContextWithOIDC, { headers }: RateLimitVerdict): void {
  for (const [name, value] of Object.entries(headers)) {
    const before = name === 'retry-after' ? '' : ctx.response.get(name);
    ctx.set(name, before ? `${before}, ${value}` : value);
  }
}

/** Answers a token request beyond the limit of its app. */
export function answerTooManyRequests(ctx: KoaContextWithOIDC, verdict: RateLimitVerdict): void {
  ctx.status = 429;
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Pragma', 'no-cache');
  ctx.body = { error, error_description: descriptionOf(verdict) };
}

/** Thrown inside the engine before the code or refresh token is used up. */
export function tooManyRequests(verdict: RateLimitVerdict): Error {
  const description = descriptionOf(verdict);
  return Object.assign(new errors.CustomOIDCProviderError(error, description), {
    status: 429,
    statusCode: 429,
  });
}

/** Answers a request beyond the limit of its address: programs get an OAuth error, people a page. */
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
    .header('content-security-policy', memberMessagePolicy())
    .send(
      renderTooManyRequestsPage(
        textsForHeaders(reply.request.headers),
        config.PLAN_NAME,
        environment,
        verdict.retryAfter,
      ),
    );
}
