import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { environments, type Addresses } from '@payer/smart';
import type { Answer } from '../answer.js';
import { errorAnswer } from './error-answer.js';
import { encoded } from './compression.js';
import { commonHeaders } from './security-headers.js';
import type { FhirServer } from './fhir-server.js';
import { longestHead, readBodies } from './form-body.js';
import { answerUnparsable } from './unparsable-request.js';

/**
 * Registers the FHIR API directly on Fastify, below the path of each configured base URL, so that no
 * framework code runs between the socket and the answer. Bases with the same path are distinguished by the
 * host of the request.
 */
export function registerFhirRoutes(fastify: FastifyInstance, addresses: Addresses, server: FhirServer): void {
  const paths = new Set(
    environments.map((name) => new URL(addresses[name].fhirBaseUrl).pathname.replace(/\/$/, '')),
  );
  const handle = async (request: FastifyRequest, reply: FastifyReply) => {
    const prepared = await server.answer(request);
    callWhenClosed(request, reply, prepared.answer.ended);
    // Encodes before the last admission, because the answer must leave without waiting afterwards.
    const accepted = request.headers['accept-encoding'];
    if (accepted !== undefined) prepared.answer = await encoded(prepared.answer, accepted);
    const released = await server.release(request, prepared);
    send(request, reply, released);
    for (const sent of [released, prepared.answer]) sent.body = sent.encoded = undefined;
    return reply;
  };
  // Node reads this property for each new connection. Its types do not declare it.
  Object.assign(fastify.server, { maxHeaderSize: longestHead });
  fastify.server.removeAllListeners('clientError').on('clientError', answerUnparsable);
  void fastify.register((scope, _options, done) => {
    readBodies(scope, paths);
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

/**
 * Calls `ended` when the response is closed: sent, refused after all, or left by its client. A response that
 * waits behind another one of its connection (pipelining) is not closed when the client leaves, so the
 * connection counts, too.
 */
function callWhenClosed(
  { raw: { socket } }: FastifyRequest,
  { raw }: Pick<FastifyReply, 'raw'>,
  ended: (() => void) | undefined,
): void {
  if (ended === undefined) return;
  const end = () => {
    socket.off('close', end);
    raw.off('close', end);
    ended();
  };
  if (raw.closed || socket.destroyed) return end();
  raw.once('close', end);
  socket.once('close', end);
}

/** Answers a request with a malformed URL, before the router runs. */
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
  const { status, stream, encoded: compressed } = answer;
  const headers: Record<string, string> = {
    ...commonHeaders,
    'x-request-id': request.id,
    ...answer.headers,
    // A 304 carries the same Vary header as the full answer (RFC 9110 §15.4.5).
    vary: 'Accept, Accept-Encoding, Authorization',
  };
  if (stream && request.method !== 'HEAD') {
    const readable = Readable.from(stream);
    callWhenClosed(request, reply, () => readable.destroy());
    return reply.code(status).headers(headers).send(readable);
  }
  if (answer.body === undefined) return reply.code(status).headers(headers).send();
  if (compressed) headers['content-encoding'] = compressed.coding;
  return sendBody(reply, status, headers, compressed?.body ?? answer.body);
}

/**
 * Writes an answer that is complete. Fastify would examine each header and the type of the body again, which
 * costs a read several microseconds. Node.js leaves out the body of an answer to HEAD.
 */
function sendBody(
  reply: FastifyReply,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): FastifyReply {
  headers['content-length'] = String(Buffer.byteLength(body));
  // Throws for a header that HTTP does not allow, while Fastify can still answer with the error.
  reply.raw.writeHead(status, headers);
  reply.hijack();
  reply.raw.end(body);
  return reply;
}
