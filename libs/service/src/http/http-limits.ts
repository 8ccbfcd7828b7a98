import { BadRequestException } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Bytes of a body: no form and no JSON of ours has a use for more. */
export const maxBodyBytes = 65_536;
/** Milliseconds that an idle connection is kept; longer than load balancers keep theirs (60 s). */
const keepAliveTimeout = 72_000;
/** Milliseconds without a byte in either direction, after which a connection is closed: longer than any answer takes. */
const silenceTimeout = 120_000;
/** Connections at a time; each costs some ten kilobytes. */
const maxConnections = 10_000;

/**
 * Bounds of what a client can hold open, as options of Fastify: a request that is not there whole in time is answered
 * with 408 and its connection is closed, whether its head or its body is late.
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

/** Bounds the number of connections of a server. */
export function limitConnections(server: { maxConnections: number }): void {
  server.maxConnections = maxConnections;
}

/** Headers that say who asks whom, and where a body ends: two of them are two requests to different readers. */
const singular = new Set(['host', 'authorization', 'content-length', 'content-type', 'transfer-encoding']);

/**
 * The first header that a request has twice and may have once (RFC 9112 §3.2 for Host, §6.3 for the length).
 * @param rawHeaders names and values in turn, as Node gives them
 */
export function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    // Lengths first: most headers are none of these, and this runs for each request.
    if (name.length !== 4 && (name.length < 12 || name.length > 17)) continue;
    const lower = name.toLowerCase();
    if (!singular.has(lower)) continue;
    if (seen.includes(lower)) return lower;
    seen.push(lower);
  }
  return undefined;
}

/** Refuses requests with a header twice that may come once; Node would take the first, a proxy perhaps the last. */
export function refuseRepeatedHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const name = repeatedHeader((request.raw as IncomingMessage).rawHeaders);
    if (name === undefined) done();
    else done(new RepeatedHeader(name));
  });
}

/** As NestJS and Fastify know an error: routes of either may be asked. */
class RepeatedHeader extends BadRequestException {
  readonly statusCode = 400;

  constructor(name: string) {
    super(`The request has the header ${name} more than once; send it once.`);
  }
}
