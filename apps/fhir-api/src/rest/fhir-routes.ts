import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { environments, type Addresses } from '@payer/smart';
import type { Answer } from '../answer.js';
import { errorAnswer } from './answer.js';
import { encoded } from './compression.js';
import { commonHeaders } from './cors.js';
import type { FhirServer } from './fhir-server.js';
import { longestHead, readParameters } from './form-body.js';
import { answerUnparsable } from './unparsable-request.js';

/**
 * Puts the FHIR API on the bare Fastify instance, below the path of each configured base URL: nothing of the framework
 * runs between the socket and the answer. The host of a request then tells bases with the same path apart.
 */
export function registerFhirRoutes(fastify: FastifyInstance, addresses: Addresses, server: FhirServer): void {
  const paths = new Set(
    environments.map((name) => new URL(addresses[name].fhirBaseUrl).pathname.replace(/\/$/, '')),
  );
  const handle = async (request: FastifyRequest, reply: FastifyReply) => {
    const prepared = await server.answer(request);
    // Before the last look: the answer leaves without waiting.
    prepared.answer = await encoded(prepared.answer, request.headers['accept-encoding']);
    return send(request, reply, await server.release(request, prepared));
  };
  fastify.server.prependListener('request', readWholeUrl);
  // Read for each connection when it begins; the types do not know it.
  Object.assign(fastify.server, { maxHeaderSize: longestHead });
  fastify.server.removeAllListeners('clientError').on('clientError', answerUnparsable);
  void fastify.register((scope, _options, done) => {
    readParameters(scope);
    scope.setErrorHandler(async (error, request, reply) =>
      send(request, reply, server.failed(error, request)),
    );
    for (const path of paths) {
      scope.all(`${path}/*`, handle);
      scope.all(path === '' ? '/' : path, handle);
    }
    done();
  });
}

/** What is asked for may be written as a whole URL, whose host then counts (RFC 9112 §3.2.2). */
function readWholeUrl(request: IncomingMessage): void {
  const [, host, path] = request.url?.startsWith('/') ? [] : (wholeUrl.exec(request.url ?? '') ?? []);
  if (host === undefined) return;
  request.headers.host = host;
  request.url = path?.startsWith('/') ? path : `/${path ?? ''}`;
}

const wholeUrl = /^https?:\/\/([^/?#@]+)(.*)$/i;

/** Answers a request whose address cannot be read, before any route is found. */
export function answerUnreadable(_error: unknown, _request: unknown, reply: FastifyReply): void {
  const { status, headers, body } = errorAnswer(
    400,
    'invalid',
    'The path of the request is malformed: a % must be followed by two hexadecimal digits, and no part may be longer than 500 characters.',
  );
  void reply
    .code(status)
    .headers({ ...commonHeaders, ...headers })
    .send(body);
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  const { encoded: compressed } = answer;
  reply.code(answer.status).headers(commonHeaders).header('x-request-id', request.id).headers(answer.headers);
  // A 304 has the header that the full answer would have (RFC 9110 §15.4.5).
  reply.header('vary', 'Accept, Accept-Encoding, Authorization');
  if (answer.body === undefined) return reply.send();
  if (!compressed) return reply.send(answer.body);
  return reply.header('content-encoding', compressed.coding).send(compressed.body);
}
