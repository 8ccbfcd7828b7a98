import type { FastifyInstance } from 'fastify';

/**
 * Refuses URLs with a NUL character: no name or id contains one, and PostgreSQL does not store it in text.
 */
export function refuseNulInAddress(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.url.includes('%00')) return done();
    void reply.code(400).type('application/problem+json').send({
      title: 'request refused',
      status: 400,
      code: 'refused',
      detail: 'The address holds a NUL character (%00).',
    });
  });
}
