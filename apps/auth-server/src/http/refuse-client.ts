import type { Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { countRefusal } from '../metrics/oauth-metrics.js';

/** The body of an error answer (RFC 6749 §5.2). */
export interface OAuthError {
  error: string;
  error_description: string;
}

/**
 * Why a request is not authenticated: `invalid_request` for a malformed one, `invalid_token` for a bearer
 * token (RFC 6750 §3.1), else `invalid_client`.
 */
export interface Unauthenticated {
  error: 'invalid_client' | 'invalid_request' | 'invalid_token';
  description: string;
}

/**
 * The answer to a request without client authentication. The challenge has the scheme that the client used
 * (RFC 6749 §5.2, RFC 6750 §3).
 */
export function refuseClient(
  reply: FastifyReply,
  config: Config,
  environment: Environment,
  endpoint: 'introspect' | 'revoke' | 'par',
  { error, description }: Unauthenticated,
): OAuthError {
  countRefusal(environment, endpoint, error);
  const realm = config.addresses[environment].issuer;
  if (error === 'invalid_request') void reply.code(400);
  else {
    const challenge =
      error === 'invalid_token'
        ? `Bearer realm="${realm}", error="${error}", error_description="${description}"`
        : `Basic realm="${realm}", charset="UTF-8"`;
    void reply.code(401).header('www-authenticate', challenge);
  }
  return { error, error_description: description };
}

/** Returns the `token` parameter of a form (RFC 7009 §2.1, RFC 7662 §2.1), or the error of the request. */
export function tokenParameter(body: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = formProblem(body, request);
  if (problem) {
    void reply.code(400);
    return { error: 'invalid_request', error_description: problem };
  }
  return (body as { token: string }).token;
}

function formProblem(body: unknown, request: FastifyRequest): string | undefined {
  const { token } = (body ?? {}) as Record<string, unknown>;
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type))
    return 'send the parameters as application/x-www-form-urlencoded';
  if (typeof token === 'string' && token !== '') return undefined;
  return 'the form parameter token is missing, or was sent more than once';
}
