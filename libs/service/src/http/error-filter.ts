import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem, ProblemFilter } from './problem.js';
import { failureOf, unexpectedFailure, type RequestFailure } from './request-failure.js';

/**
 * The error format of an endpoint: a page for people, problem details (RFC 9457), or OAuth errors (RFC 6749
 * §5.2).
 */
export type ErrorDialect = 'page' | 'problem' | 'oauth';

export interface ErrorFilterOptions {
  dialectOf(path: string, accept: string): ErrorDialect;
  /** HTML of the page. */
  page(failure: RequestFailure, request: FastifyRequest): string;
  /** Value of the page's Content-Security-Policy header. */
  contentSecurityPolicy: string;
}

/** OAuth error codes for failures outside the OAuth rules (RFC 6749 §4.1.2.1, §5.2). */
const oauthErrors: Record<number, string> = { 500: 'server_error', 503: 'temporarily_unavailable' };

/**
 * Answers every error of a service with pages, in the format of its endpoint. The reason of an unexpected
 * error stays in the log.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');
  private readonly problems = new ProblemFilter();

  constructor(private readonly options: ErrorFilterOptions) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    const path = request.url.split('?')[0] ?? '';
    const dialect = this.options.dialectOf(path, request.headers.accept ?? '');
    void reply.header('cache-control', 'no-store');
    if (dialect === 'problem') return this.problems.catch(error, host);
    const failure = this.failureOf(error, request);
    void reply.code(failure.status);
    if (failure.retryAfter !== undefined) void reply.header('retry-after', String(failure.retryAfter));
    if (dialect === 'page')
      void reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', this.options.contentSecurityPolicy)
        .send(this.options.page(failure, request));
    else void reply.type('application/json').header('pragma', 'no-cache').send(oauthError(failure));
  }

  private failureOf(error: unknown, request: FastifyRequest): RequestFailure {
    if (error instanceof Problem)
      return { status: error.getStatus(), code: error.code, detail: error.detail };
    const failure = failureOf(error);
    if (failure) return failure;
    this.logger.error((error as Error)?.stack ?? String(error));
    return unexpectedFailure(request.id);
  }
}

/** A failure in the format of RFC 6749 §5.2. */
export function oauthError({ status, detail }: RequestFailure): { error: string; error_description: string } {
  return { error: oauthErrors[status] ?? 'invalid_request', error_description: detail };
}
