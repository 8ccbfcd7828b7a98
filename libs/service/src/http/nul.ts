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

/** The place of a text with a NUL, such as `types.0`. PostgreSQL stores and compares none. */
export function placeOfNul(root: unknown): string | undefined {
  // A list instead of recursion: the depth of a body is its sender's choice.
  const waiting: { place: string; value: unknown }[] = [{ place: '', value: root }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { place, value } = next;
    if (typeof value === 'string' && value.includes('\0')) return place;
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, member] of Object.entries(value)) {
      if (name.includes('\0')) return place;
      waiting.push({ place: place ? `${place}.${name}` : name, value: member });
    }
  }
  return undefined;
}
