import type { Environment } from '@payer/smart';
import type { FastifyReply } from 'fastify';
import type { Config } from '../config.js';
import { countRefusal } from '../metrics/oauth-metrics.js';

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

/** Returns the `token` parameter, or the error for a missing one. */
export function tokenParameter(body: unknown, reply: FastifyReply) {
  const token = (body as { token?: unknown } | undefined)?.token;
  if (typeof token === 'string' && token !== '') return token;
  void reply.code(400);
  return {
    error: 'invalid_request',
    error_description: 'the form parameter token is missing, or was sent more than once',
  };
}
