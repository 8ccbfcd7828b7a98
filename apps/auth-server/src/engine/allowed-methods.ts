import { endpointPaths } from '@payer/smart';
import type { FastifyReply } from 'fastify';

/** The discovery documents (OpenID Connect Discovery §4, RFC 8414 §3). */
export const discoveryPaths = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
] as const;

const read = ['GET', 'HEAD', 'OPTIONS'];

/** Methods of the endpoints. Any other method gets 405 (RFC 9110 §15.5.6). */
const methods: Record<string, readonly string[]> = {
  [endpointPaths.authorization]: ['GET', 'HEAD', 'POST'],
  [endpointPaths.token]: ['POST', 'OPTIONS'],
  [endpointPaths.introspection]: ['POST'],
  [endpointPaths.pushedAuthorizationRequest]: ['POST'],
  [endpointPaths.revocation]: ['POST'],
  [endpointPaths.endSession]: ['GET', 'HEAD', 'POST'],
  [endpointPaths.jwks]: read,
  ...Object.fromEntries(discoveryPaths.map((path) => [path, read])),
};

/** The methods of an endpoint, as `Allow` lists them (RFC 9110 §10.2.1). @param path below the issuer */
export const methodsOf = (path: string): string => (methods[path] ?? []).join(', ');

/** @param path below the issuer */
export const isAllowedMethod = (path: string, method: string): boolean =>
  methods[path]?.includes(method) ?? true;

/** Answers 405 with `Allow`. */
export async function refuseMethod(reply: FastifyReply, path: string, method: string): Promise<void> {
  const allow = methodsOf(path);
  await reply
    .code(405)
    .headers({ allow, 'cache-control': 'no-store', pragma: 'no-cache' })
    .send({ error: 'invalid_request', error_description: `${path} takes ${allow}, not ${method}` });
}
