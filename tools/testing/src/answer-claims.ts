import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The claims that a service signs about its answer to another service. */
export interface AnswerClaims {
  nonce: string;
  method: string;
  target: string;
  asked: string;
  status: number;
  answered: string;
}

const digest = (text: string) => createHash('sha256').update(text).digest('base64url');

/** The claims of an answer, for a test that plays the service. @param asked the body of the request */
export function answerClaims(
  request: Pick<IncomingMessage, 'headers' | 'method' | 'url'>,
  asked: string,
  status: number,
  answer: string,
): AnswerClaims {
  return {
    nonce: String(request.headers['answer-nonce']),
    method: request.method ?? '',
    target: request.url ?? '',
    asked: digest(asked),
    status,
    answered: digest(answer),
  };
}

/**
 * Answers a GET in JSON, with the signature of the service that a test plays.
 * @param sign `ServiceIdentity.signAnswer` of this service
 */
export async function sendSigned(
  request: IncomingMessage,
  response: ServerResponse,
  answer: unknown,
  sign: (claims: AnswerClaims) => Promise<string>,
): Promise<void> {
  const body = JSON.stringify(answer);
  const signature = await sign(answerClaims(request, '', response.statusCode, body));
  response.setHeader('content-type', 'application/json').setHeader('answer-signature', signature).end(body);
}
