import { endpointPaths } from '@payer/smart';
import type { FastifyReply } from 'fastify';

/** Methods of the endpoints. Any other method gets 405 (RFC 9110 §15.5.6). */
const methods: Record<string, readonly string[]> = {
  [endpointPaths.authorization]: ['GET', 'HEAD', 'POST'],
  [endpointPaths.token]: ['POST', 'OPTIONS'],
  [endpointPaths.introspection]: ['POST'],
  [endpointPaths.pushedAuthorizationRequest]: ['POST'],
  [endpointPaths.revocation]: ['POST'],
  [endpointPaths.endSession]: ['GET', 'HEAD', 'POST'],
};

/** @param path below the issuer */
export const isAllowedMethod = (path: string, method: string): boolean =>
  methods[path]?.includes(method) ?? true;

/** Answers 405 with `Allow`. */
export async function refuseMethod(reply: FastifyReply, path: string, method: string): Promise<void> {
  const allowed = methods[path] ?? [];
  await reply
    .code(405)
    .headers({ allow: allowed.join(', '), 'cache-control': 'no-store', pragma: 'no-cache' })
    .send({
      error: 'invalid_request',
      error_description: `${path} takes ${allowed.join(', ')}, not ${method}`,
    });
}
