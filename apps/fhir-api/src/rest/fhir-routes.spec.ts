import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { byEnvironment, type Addresses } from '@payer/smart';
import type { Answer } from '../answer.js';
import { errorAnswer } from './error-answer.js';
import { registerFhirRoutes } from './fhir-routes.js';
import type { FhirServer } from './fhir-server.js';

const addresses = byEnvironment(() => ({
  fhirBaseUrl: 'http://localhost/fhir',
})) as unknown as Addresses;

let fastify: FastifyInstance;
afterEach(() => fastify.close());

/** The answers that were made. */
const made: Answer[] = [];

/** The FHIR routes of a server that gives this answer to every request. */
async function serve(answer: Answer, prepare: (fastify: FastifyInstance) => void = () => undefined) {
  fastify = Fastify();
  fastify.decorateRequest('routeName', '');
  prepare(fastify);
  registerFhirRoutes(fastify, addresses, {
    answer: () => {
      made.push({ ...answer });
      return Promise.resolve({ answer: made.at(-1) });
    },
    release: () => Promise.resolve(made.at(-1)),
    failed: () => errorAnswer(500, 'exception', 'It failed.'),
  } as unknown as FhirServer);
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
  return (method: string) => fetch(`${url}/fhir/Patient/1`, { method });
}

const found: Answer = { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Zoë' };

describe('an answer', () => {
  it.each(['Zoë', Buffer.from('Zoë')])('has the length of its body in bytes: %s', async (body) => {
    const ask = await serve({ ...found, body });
    const [get, head] = [await ask('GET'), await ask('HEAD')];
    expect([get, head].map(({ headers }) => headers.get('content-length'))).toEqual(['4', '4']);
    expect([await get.text(), await head.text()]).toEqual(['Zoë', '']);
  });

  it('is kept by nothing once it is sent: objects of old requests live until a full collection', async () => {
    const ask = await serve({ ...found, encoded: { coding: 'identity', body: Buffer.from('other') } });
    expect(await (await ask('GET')).text()).toBe('other');
    expect(made.at(-1)).toMatchObject({ status: 200, body: undefined, encoded: undefined });
  });

  it('is compressed where the encoding is known', async () => {
    const ask = await serve({ ...found, encoded: { coding: 'identity', body: Buffer.from('other') } });
    const answer = await ask('GET');
    expect(answer.headers.get('content-encoding')).toBe('identity');
    expect(await answer.text()).toBe('other');
  });

  it('keeps the headers that a hook has set, and is seen by the hooks behind it', async () => {
    const statuses: number[] = [];
    const ask = await serve({ ...found, status: 404 }, (observed) => {
      observed.addHook('onRequest', (_request, reply, done) => {
        reply.raw.setHeader('connection', 'close');
        done();
      });
      observed.addHook('onResponse', (_request, reply, done) => {
        statuses.push(reply.statusCode);
        done();
      });
    });
    const answer = await ask('GET');
    expect([answer.status, answer.headers.get('connection')]).toEqual([404, 'close']);
    await answer.text();
    await expect.poll(() => statuses).toEqual([404]);
  });

  it('with a header that HTTP does not allow becomes an error', async () => {
    const ask = await serve({ ...found, headers: { ...found.headers, etag: 'a\nb' } });
    const answer = await ask('GET');
    expect([answer.status, await answer.json()]).toMatchObject([500, { resourceType: 'OperationOutcome' }]);
  });

  it('without a body has none', async () => {
    const ask = await serve({ status: 304, headers: { etag: 'W/"1"' }, body: undefined });
    const answer = await ask('GET');
    expect([answer.status, answer.headers.get('etag'), answer.headers.get('vary')]).toEqual([
      304,
      'W/"1"',
      'Accept, Accept-Encoding, Authorization',
    ]);
  });
});
