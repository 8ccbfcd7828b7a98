import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses state-changing requests that a browser sends for another site's page (cross-site request forgery).
 * Every current browser sends the page's origin in `Origin`. Requests without it (scripts, curl) carry no
 * ambient cookies of a browser and pass.
 *
 * @param origin the service's own public origin
 * @param applies whether a path has cookie-authenticated actions
 */
export function refuseForeignOrigins(
  fastify: FastifyInstance,
  origin: string,
  applies: (path: string) => boolean,
): void {
  const own = new URL(origin).origin;
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    if (safeMethods.has(request.method) || !applies(request.url.split('?')[0] ?? '')) return done();
    const from = request.headers.origin;
    if (from === undefined || from === own) return done();
    void reply
      .code(403)
      .type('application/problem+json')
      .send({
        title: 'Request from another site',
        status: 403,
        detail: `This action can only be started from ${own}; the request came from ${from}.`,
      });
  });
}
