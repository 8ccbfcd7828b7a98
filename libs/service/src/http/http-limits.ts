import { BadRequestException } from '@nestjs/common';
import type { IncomingMessage, Server } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Maximum bytes of a body. No form and no JSON of the platform needs more. */
export const maxBodyBytes = 65_536;
/** Milliseconds for which an idle connection stays open: longer than load balancers keep theirs (60 s). */
const keepAliveTimeout = 72_000;
/**
 * Milliseconds without a byte in either direction after which a connection is closed: longer than any answer
 * takes.
 */
const silenceTimeout = 120_000;
/** Maximum concurrent connections; each costs some ten kilobytes. */
const maxConnections = 10_000;

/**
 * Limits for connections, as options of Fastify. A request that does not arrive completely in time is
 * answered with 408 and its connection is closed, no matter whether its head or its body is late.
 * @param requestTimeout milliseconds from the first byte of a request to the last
 */
export function connectionLimits(requestTimeout: number) {
  return {
    requestTimeout,
    keepAliveTimeout,
    connectionTimeout: silenceTimeout,
    bodyLimit: maxBodyBytes,
    http: {
      headersTimeout: Math.min(requestTimeout, 10_000),
      connectionsCheckingInterval: Math.min(1000, requestTimeout / 4),
    },
  };
}

/**
 * Limits the number of connections of a server, and leaves connections alone that wait for a first request.
 */
export function limitConnections(server: Server): void {
  server.maxConnections = maxConnections;
  const listeners = server.listeners('clientError');
  server.removeAllListeners('clientError');
  server.on('clientError', (error, socket) => {
    if (isUnused(error, socket)) return;
    for (const listener of listeners) listener.call(server, error, socket);
  });
}

/**
 * Whether a connection timed out that has sent nothing yet. Proxies open connections ahead, and would take a
 * 408 for the answer to the next request. Such a connection ends by its silence.
 */
export function isUnused(error: Error & { code?: string }, socket: object): boolean {
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && 'bytesRead' in socket && socket.bytesRead === 0;
}

/**
 * Headers that identify the receiver or the sender, or describe the body. Two readers may interpret a
 * repeated one differently.
 */
const singular = new Set(['host', 'authorization', 'content-length', 'content-type', 'transfer-encoding']);

/**
 * The first of these headers that occurs twice in a request (RFC 9112 §3.2 for Host, §6.3 for the length).
 * @param rawHeaders names and values alternating, as in Node.js
 */
function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    // Compares lengths first: this runs for each request, and most headers are not in the set.
    if (name.length !== 4 && (name.length < 12 || name.length > 17)) continue;
    const lower = name.toLowerCase();
    if (!singular.has(lower)) continue;
    if (seen.includes(lower)) return lower;
    seen.push(lower);
  }
  return undefined;
}

/**
 * Refuses requests that repeat a header of the set. Node.js would use the first value, and a proxy may use
 * the last.
 */
export function refuseRepeatedHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const name = repeatedHeader((request.raw as IncomingMessage).rawHeaders);
    if (name === undefined) done();
    else done(new RepeatedHeader(name));
  });
}

/** An error that both NestJS and Fastify recognize, because the request may be for a route of either. */
class RepeatedHeader extends BadRequestException {
  readonly statusCode = 400;

  constructor(name: string) {
    super(`The request has the header ${name} more than once; send it once.`);
  }
}
