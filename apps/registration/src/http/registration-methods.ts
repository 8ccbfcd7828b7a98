import type { FastifyReply } from 'fastify';

/** Methods of the registration endpoints (RFC 7591 §3, RFC 7592 §2). */
const methodsOf = [
  { path: /^\/register\/?$/, methods: ['POST'] },
  { path: /^\/register\/[^/]+\/?$/, methods: ['GET', 'HEAD', 'PUT', 'DELETE'] },
] as const;

/**
 * Answers 405 with `Allow` when the endpoint has other methods only (RFC 9110 §15.5.6).
 * @returns whether it has answered
 */
export function answerWrongMethod(path: string, method: string, reply: FastifyReply): boolean {
  const endpoint = methodsOf.find((one) => one.path.test(path));
  if (!endpoint || endpoint.methods.some((one) => one === method)) return false;
  const allow = endpoint.methods.join(', ');
  void reply
    .code(405)
    .headers({ allow, 'cache-control': 'no-store' })
    .type('application/json')
    .send({ error: 'invalid_request', error_description: `This endpoint takes ${allow}.` });
  return true;
}
