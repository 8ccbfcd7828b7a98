import type { FastifyInstance } from 'fastify';

/** Refuses addresses with a NUL character, which no name or id holds and PostgreSQL takes in no text. */
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
