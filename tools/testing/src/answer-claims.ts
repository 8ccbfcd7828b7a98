import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a service signs about its answer to another service. */
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
