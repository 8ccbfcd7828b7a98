import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fastify, type FastifyInstance } from 'fastify';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localSigningKey, newServiceKey, publicKeysOf, signingKeyOf } from '@payer/events';
import type { ServiceName } from '@payer/smart';
import { ServiceIdentity } from './service-identity.js';
import { signAnswers } from './signed-answers.js';

const identityOf = (service: ServiceName) => new ServiceIdentity(localSigningKey(service), publicKeysOf({}));
const caller = identityOf('fhir-api');
const path = '/internal/facts?after=7';

describe('the answer of a service to another', () => {
  let real: FastifyInstance;
  let realUrl: string;
  let between: Server;
  let url: string;
  /** An attacker between the two services. */
  let middle: (request: IncomingMessage, response: ServerResponse, body: string) => unknown;

  beforeAll(async () => {
    real = fastify();
    signAnswers(real, identityOf('consent'));
    real.get('/internal/facts', (request) => ({ facts: [], query: request.query }));
    real.post('/internal/facts', (request) => request.body);
    real.get('/internal/grants/:id', (_request, reply) => reply.code(404).send({ code: 'not_found' }));
    real.get('/public', () => ({ all: 'may read' }));
    realUrl = await real.listen({ port: 0, host: '127.0.0.1' });
    between = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => void middle(request, response, body));
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    between.closeAllConnections();
    between.close();
    await real.close();
  });

  interface Passed {
    status: number;
    body: string;
    signature: string | null;
  }

  /** Forwards the request and the answer, either of them possibly changed. */
  const passing =
    (
      ask: (request: IncomingMessage, body: string) => { url?: string; method?: string; body?: string },
      answer: (passed: Passed) => Partial<Passed> = () => ({}),
    ): typeof middle =>
    async (request, response, body) => {
      const asked = { url: request.url!, method: request.method!, body, ...ask(request, body) };
      const passed = await fetch(`${realUrl}${asked.url}`, {
        method: asked.method,
        headers: {
          'answer-nonce': String(request.headers['answer-nonce']),
          ...(asked.body ? { 'content-type': 'application/json' } : {}),
        },
        ...(asked.body ? { body: asked.body } : {}),
      });
      const signature = passed.headers.get('answer-signature');
      const given = { status: passed.status, body: await passed.text(), signature };
      const sent = { ...given, ...answer(given) };
      response.statusCode = sent.status;
      if (sent.signature !== null) response.setHeader('answer-signature', sent.signature);
      response.end(sent.body);
    };

  beforeEach(() => {
    middle = passing(() => ({}));
  });

  it('is believed as the service gave it, whatever its status and method', async () => {
    const answer = await caller.call('consent', `${url}${path}`);
    expect(await answer.json()).toEqual({ facts: [], query: { after: '7' } });
    expect((await caller.call('consent', `${url}/internal/grants/g`)).status).toBe(404);
    const body = JSON.stringify({ grant_ids: ['ä', '1'], n: 1.5 });
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    expect(await (await caller.call('consent', `${url}/internal/facts`, init)).text()).toBe(body);
  });

  it('is refused when anything of request or answer was changed on the way', async () => {
    const changed: [string, typeof middle][] = [
      [
        'another answer',
        passing(
          () => ({}),
          ({ body }) => ({ body: body.replace('[]', '[1]') }),
        ),
      ],
      [
        'another status',
        passing(
          () => ({}),
          () => ({ status: 404 }),
        ),
      ],
      ['another query', passing(() => ({ url: '/internal/facts?after=99999' }))],
      [
        'another route',
        passing(
          () => ({ url: '/internal/grants/g' }),
          () => ({ status: 200 }),
        ),
      ],
      ['another method', passing(() => ({ method: 'POST', body: '{}' }))],
      [
        'no signature',
        passing(
          () => ({}),
          () => ({ signature: null }),
        ),
      ],
      [
        'a signature that is none',
        passing(
          () => ({}),
          () => ({ signature: 'a.b.c' }),
        ),
      ],
      [
        'an empty signature',
        passing(
          () => ({}),
          () => ({ signature: '' }),
        ),
      ],
    ];
    for (const [what, how] of changed) {
      middle = how;
      expect([what, await outcome(`${url}${path}`)]).toEqual([what, 'refused']);
    }
    middle = passing(() => ({ body: '{"grant_ids":["other"]}' }));
    expect(await outcome(`${url}/internal/facts`, { method: 'POST', body: '{"grant_ids":[]}' })).toBe(
      'refused',
    );
  });

  it('is refused when it answers an earlier request: "there are no others" may have been true then', async () => {
    let kept: Passed | undefined;
    middle = passing(
      () => ({}),
      (passed) => (kept ??= passed),
    );
    expect(await outcome(`${url}${path}`)).toBe('believed');
    expect(await outcome(`${url}${path}`)).toBe('refused');
  });

  it('is refused when another service, an unknown key or nobody signed it', async () => {
    const stranger = new ServiceIdentity(
      signingKeyOf('consent', { SERVICE_SIGNING_KEY: newServiceKey().pem }),
      publicKeysOf({}),
    );
    for (const signer of [identityOf('auth-server'), caller, stranger]) {
      middle = (request, response) => forge(signer, request, response);
      expect(await outcome(`${url}${path}`)).toBe('refused');
    }
    middle = (request, response) => forge(identityOf('consent'), request, response);
    expect(await outcome(`${url}${path}`)).toBe('believed');
  });

  it('is no redirect, and no page of a load balancer', async () => {
    middle = (request, response) => {
      if (request.url === path) response.writeHead(307, { location: `${realUrl}${path}` });
      response.end('{}');
    };
    expect(await outcome(`${url}${path}`)).toBe('refused');
    middle = (_request, response) => response.end('<html>Maintenance</html>');
    expect(await outcome(`${url}${path}`)).toBe('refused');
  });

  it('is signed on routes for services only, for callers who send a nonce', async () => {
    const signatureOf = async (route: string, nonce: string) =>
      (await fetch(`${realUrl}${route}`, { headers: { 'answer-nonce': nonce } })).headers.get(
        'answer-signature',
      );
    expect(await signatureOf('/internal/facts', 'n'.repeat(24))).toBeTruthy();
    expect(await signatureOf('/public', 'n'.repeat(24))).toBeNull();
    expect(await signatureOf('/internal/facts', 'short')).toBeNull();
  });

  const outcome = (address: string, init?: RequestInit & { body?: string }) =>
    caller.call('consent', address, { ...init, headers: { 'content-type': 'application/json' } }).then(
      () => 'believed',
      () => 'refused',
    );
});

/** Answers with forged facts, signed for this request. */
async function forge(signer: ServiceIdentity, request: IncomingMessage, response: ServerResponse) {
  const { createHash } = await import('node:crypto');
  const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
  const signature = await signer.signAnswer({
    nonce: String(request.headers['answer-nonce']),
    method: 'GET',
    target: request.url!,
    asked: digest(''),
    status: 200,
    answered: digest('{}'),
  });
  response.setHeader('answer-signature', signature).end('{}');
}
