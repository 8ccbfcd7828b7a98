import type { Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { countRefusal } from '../metrics/oauth-metrics.js';

/** RFC 6749 §2.3: a request uses one authentication method. */
export const oneAuthentication =
  'send the credentials once, with HTTP Basic authentication (client_secret_basic), and not in the form';

/** 401 of an endpoint with client authentication (RFC 6749 §5.2). */
export function refuseCaller(
  reply: FastifyReply,
  config: Config,
  environment: Environment,
  endpoint: 'introspect' | 'revoke',
) {
  countRefusal(environment, endpoint, 'invalid_client');
  const realm = config.addresses[environment].issuer;
  void reply.code(401).header('www-authenticate', `Basic realm="${realm}", charset="UTF-8"`);
  return {
    error: 'invalid_client',
    error_description:
      'send client_id and client_secret with HTTP Basic authentication (client_secret_basic)',
  };
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
  const { token, client_secret, client_assertion } = (body ?? {}) as Record<string, unknown>;
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type))
    return 'send the parameters as application/x-www-form-urlencoded';
  if (client_secret || client_assertion) return oneAuthentication;
  if (typeof token === 'string' && token !== '') return undefined;
  return 'the form parameter token is missing, or was sent more than once';
}
