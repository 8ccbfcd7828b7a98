import { HttpException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** An error of the registration endpoint (RFC 7591 §3.2.2); a missing or bad token is RFC 6750's. */
export class RegistrationError extends HttpException {
  constructor(
    readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata' | 'invalid_token',
    readonly error_description: string,
  ) {
    super(error_description, error === 'invalid_token' ? 401 : 400);
  }
}

/** @returns whether it was an error of this form; a body that is not JSON counts as one */
export function answerRegistrationError(error: unknown, reply: FastifyReply): boolean {
  const status =
    (error as { statusCode?: number }).statusCode ??
    (error instanceof HttpException ? error.getStatus() : 500);
  if (!(error instanceof RegistrationError) && status !== 400 && status !== 415) return false;
  const { error: code, error_description } =
    error instanceof RegistrationError
      ? error
      : { error: 'invalid_client_metadata', error_description: (error as Error).message };
  void reply
    .code(error instanceof RegistrationError ? status : 400)
    .headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
    .type('application/json')
    .send({ error: code, error_description });
  return true;
}
