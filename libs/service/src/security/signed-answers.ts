import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { ServiceName } from '@payer/smart';

/** Request header with a random number that the answer's signature repeats. */
const nonceHeader = 'answer-nonce';
/** Answer header with a JWT of typ {@link answerType}. */
const signatureHeader = 'answer-signature';
/**
 * Header `typ` of an answer's signature, so that no other token of the platform passes as one (RFC 8725
 * §3.11).
 */
export const answerType = 'service-answer+jwt';

/** Routes that only services of the platform call. */
const internalRoute = /(^|\/)internal\//;

/** The signed claims. They bind the answer to one request and cover every part of the answer. */
export interface AnswerClaims {
  nonce: string;
  method: string;
  /** Path and query of the request. */
  target: string;
  /** SHA-256 of the body of the request. */
  asked: string;
  status: number;
  /** SHA-256 of the body of the answer. */
  answered: string;
}

/** The part of a service's identity that signs and verifies answers. */
export interface AnswerSigner {
  signAnswer(claims: AnswerClaims): Promise<string>;
}
export interface AnswerVerifier {
  authorizationFor(callee: ServiceName): Promise<string>;
  /** @throws Error when the service has not signed the claims */
  answerOf(callee: ServiceName, signature: string): Promise<Partial<AnswerClaims>>;
}

export const digest = (body: string) => createHash('sha256').update(body).digest('base64url');

/** An exchange, with the bodies of the request and the answer as text. */
export interface SignedExchange extends Omit<AnswerClaims, 'nonce'> {
  headers: IncomingHttpHeaders;
}

/** @returns the header with the signature; undefined when the caller asks for none */
export async function signatureFor(
  signer: AnswerSigner,
  { headers, asked, answered, ...exchange }: SignedExchange,
): Promise<Record<string, string> | undefined> {
  const nonce = headers[nonceHeader];
  if (typeof nonce !== 'string' || !/^[\w-]{20,64}$/.test(nonce)) return undefined;
  const claims = { nonce, ...exchange, asked: digest(asked), answered: digest(answered) };
  return { [signatureHeader]: await signer.signAnswer(claims) };
}

/**
 * Signs the answers to other services with the service's key when the caller asks for a signature. Call it
 * before routes are added.
 */
export function signAnswers(fastify: FastifyInstance, signer: AnswerSigner): void {
  fastify.addHook('onRoute', (route) => {
    if (!internalRoute.test(route.url)) return;
    route.onSend = async (request, reply, payload) => {
      const signature = await signatureFor(signer, {
        headers: request.headers,
        method: request.method,
        target: request.raw.url ?? '',
        // The sender made the body with JSON.stringify, so stringifying the parsed body gives the same text.
        asked: request.body === undefined ? '' : JSON.stringify(request.body),
        status: reply.statusCode,
        answered: String(payload ?? ''),
      });
      if (signature) void reply.headers(signature);
      return payload;
    };
  });
}

/**
 * Calls another service and accepts only an answer that it signed for this request. Answers decide about
 * access to data, so a party between two services must not be able to forge them.
 * @param init its body, if any, must be the output of JSON.stringify
 * @throws Error when there is no answer, or no valid signature; redirects are refused
 */
export async function callService(
  identity: AnswerVerifier,
  callee: ServiceName,
  url: string,
  init: RequestInit & { body?: string } = {},
): Promise<Response> {
  const nonce = randomBytes(18).toString('base64url');
  const headers = new Headers(init.headers);
  headers.set('authorization', await identity.authorizationFor(callee));
  headers.set(nonceHeader, nonce);
  // A cached answer would carry the signature for an earlier request.
  headers.set('cache-control', 'no-cache');
  const { origin, pathname, search } = new URL(url);
  // An empty query leaves no question mark: some versions of Node send it, and others do not.
  const target = `${pathname}${search}`;
  const response = await fetch(`${origin}${target}`, { ...init, headers, redirect: 'error' });
  const text = await response.text();
  const expected: AnswerClaims = {
    nonce,
    method: init.method ?? 'GET',
    target,
    asked: digest(init.body ?? ''),
    status: response.status,
    answered: digest(text),
  };
  const signature = response.headers.get(signatureHeader);
  if (signature === null)
    throw new Error(`${callee} answered ${response.status} without the signature of ${callee}`);
  const signed = await identity.answerOf(callee, signature);
  for (const [name, value] of Object.entries(expected))
    if (signed[name as keyof AnswerClaims] !== value)
      throw new Error(`${callee} answered ${response.status} with the signature of another answer (${name})`);
  return new Response(text, { status: response.status, headers: response.headers });
}
