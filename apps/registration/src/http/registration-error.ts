import { HttpException } from '@nestjs/common';
import { failureOf, Problem, TooManyRequests } from '@payer/service';
import type { FastifyReply } from 'fastify';

/** Statuses other than 400. */
const statuses: Partial<Record<string, number>> = { invalid_token: 401, temporarily_unavailable: 503 };

/**
 * An error of the registration endpoint (RFC 7591 §3.2.2). A missing or invalid token is an error of
 * RFC 6750.
 */
export class RegistrationError extends HttpException {
  constructor(
    readonly error:
      | 'invalid_redirect_uri'
      | 'invalid_client_metadata'
      | 'invalid_software_statement'
      | 'unapproved_software_statement'
      | 'invalid_token'
      | 'temporarily_unavailable',
    readonly error_description: string,
  ) {
    super(error_description, statuses[error] ?? 400);
  }
}

/** @returns false for an unexpected error, which this format does not cover */
export function answerRegistrationError(error: unknown, reply: FastifyReply): boolean {
  const answer = registrationErrorOf(error);
  if (!answer) return false;
  const { status, retryAfter, ...body } = answer;
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
  void reply
    .code(status)
    .headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
    .type('application/json')
    .send(body);
  return true;
}

function registrationErrorOf(error: unknown) {
  if (error instanceof RegistrationError)
    return { status: error.getStatus(), error: error.error, error_description: error.error_description };
  if (error instanceof TooManyRequests)
    return { status: 429, error: 'temporarily_unavailable', error_description: error.detail };
  const failure = failureOf(error);
  if (!failure) return undefined;
  const { status, detail, retryAfter } = failure;
  // A malformed body is malformed metadata.
  if (status === 400 || status === 415)
    return { status: 400, error: 'invalid_client_metadata', error_description: detail };
  const code = error instanceof Problem ? error.code : failure.code;
  return { status, error: code, error_description: detail, retryAfter };
}
