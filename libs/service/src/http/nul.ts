import type { FastifyInstance } from 'fastify';

/**
 * Refuses URLs with a NUL character: no name or id contains one, and PostgreSQL does not store it in text.
 */
export function refuseNulInAddress(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.url.includes('%00')) return;
    return reply.code(400).type('application/problem+json').send({
      title: 'request refused',
      status: 400,
      code: 'refused',
      detail: 'The address holds a NUL character (%00).',
    });
  });
}
