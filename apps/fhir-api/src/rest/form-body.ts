import type { FastifyInstance } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from '../gateway/refusal.js';
import { isServedVersion } from './content-negotiation.js';
import { encodedParameters } from './parameters.js';

const formType = 'application/x-www-form-urlencoded';
const jsonTypes = ['application/fhir+json', 'application/json'];
/** Bytes. No real search is longer. */
const bodyLimit = 65_536;
/**
 * Bytes of a request's URL and headers. The `next` link of a search by form carries its parameters in the
 * URL, where a character can take three bytes.
 */
export const longestHead = 3 * bodyLimit + 16_384;

/**
 * Reads the form of a POST search, the Parameters of an operation and the Bundle of a batch. Any other body
 * is discarded unread, so that the answer names the fault of the request itself (method, token).
 * @param basePaths paths of the FHIR bases, without a trailing slash
 */
export function readBodies(fastify: FastifyInstance, basePaths: ReadonlySet<string>): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (request, payload, done) => {
    const contentType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
    // The router has already decoded this path, so decoding cannot fail.
    const path = decodeURIComponent(request.url.split(/[?#]/)[0] as string);
    const isForm = contentType === formType && /\/_search\/?$/.test(path);
    const takesJson = /\/\$[a-z]+\/?$/.test(path) || basePaths.has(path.replace(/\/$/, ''));
    if (!isForm && !(takesJson && jsonTypes.includes(contentType))) {
      payload.resume();
      done(null, undefined);
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    payload.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bodyLimit) chunks.push(chunk);
    });
    payload.on('error', done);
    payload.on('end', () => {
      if (length > bodyLimit) done(tooLarge);
      else done(null, Buffer.concat(chunks).toString('utf8'));
    });
  });
}

const tooLarge = new Refusal({
  status: 413,
  issueCode: 'too-long',
  text: `The body of a request may have at most ${bodyLimit} bytes.`,
});

/**
 * Parses the parameters of a POST search.
 * @throws Refusal 415 for another type than a form, 400 for a malformed form
 */
export function formParameters(headers: IncomingHttpHeaders, body: unknown): URLSearchParams {
  return encodedParameters(bodyOf(headers, body, 'The parameters of a search at _search', [formType]) ?? '');
}

/** Returns the body of an operation. @throws Refusal 415 for another type than JSON */
export const operationBody = (headers: IncomingHttpHeaders, body: unknown): string | undefined =>
  bodyOf(headers, body, 'The Parameters of an operation', jsonTypes);

/** Returns the Bundle of a batch, unparsed. @throws Refusal 415 for another type than JSON */
export const bundleBody = (headers: IncomingHttpHeaders, body: unknown): string | undefined =>
  bodyOf(headers, body, 'The entries of a batch', jsonTypes);

/** @returns undefined when there is no body */
function bodyOf(
  headers: IncomingHttpHeaders,
  body: unknown,
  what: string,
  types: readonly string[],
): string | undefined {
  const { 'content-type': contentType, 'content-encoding': coding = 'identity' } = headers;
  if (coding.trim().toLowerCase() !== 'identity')
    throw new Refusal({
      status: 415,
      issueCode: 'not-supported',
      text: `${what} are sent as they are, not with Content-Encoding: ${coding.slice(0, 100)}.`,
    });
  const [, ...parameters] = contentType?.toLowerCase().split(';') ?? [];
  const isServed = parameters.every((parameter) => isServedVersion(parameter.trim()));
  if (typeof body === 'string' && isServed) return body;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  // Without type and body the request has no parameters, or has them in the query.
  if (contentType === undefined && !hasBody) return undefined;
  throw new Refusal({
    status: 415,
    issueCode: 'not-supported',
    text: `${what} are sent as ${types[0]}${isServed ? '' : ', FHIR version 4.0'}, not ${contentType?.slice(0, 100) ?? 'without a Content-Type'}.`,
  });
}
