import { ArgumentsHost, Catch, HttpException, Logger, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { placeOfNul } from './nul.js';
import { failureOf, unavailableRetryAfter, unexpectedFailure } from './request-failure.js';

/** One fault of a request, with its place and its remedy. */
export interface FieldProblem {
  /** Member of the body, e.g. `redirect_uris.0`. */
  field: string;
  message: string;
}

/**
 * An error answer of the JSON APIs: problem details (RFC 9457). `code` is stable for programs, `detail` is
 * for people.
 */
export class Problem extends HttpException {
  constructor(
    status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors?: FieldProblem[],
  ) {
    super(detail, status);
  }
}

/**
 * Parses a request body by its schema.
 * @throws Problem 400 with every wrong field
 */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const parsed = schema.safeParse(body ?? {});
  const nul = parsed.success ? placeOfNul(parsed.data) : undefined;
  if (parsed.success && nul === undefined) return parsed.data;
  const errors = parsed.success
    ? [{ field: nul ?? '', message: 'must not contain a NUL character' }]
    : parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  throw new Problem(
    400,
    'invalid_request',
    errors.map((error) => (error.field ? `${error.field}: ${error.message}` : error.message)).join('; '),
    errors,
  );
}

/**
 * Answers every error of a JSON API as `application/problem+json`. The reason of an unexpected error stays in
 * the log.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const problem = this.problemOf(error, request);
    if (problem.status === 503) void reply.header('retry-after', String(unavailableRetryAfter));
    void reply.code(problem.status).type('application/problem+json').send(problem);
  }

  private problemOf(error: unknown, request: FastifyRequest) {
    if (error instanceof Problem)
      return {
        title: error.code.replaceAll('_', ' '),
        status: error.getStatus(),
        code: error.code,
        detail: error.detail,
        ...(error.errors ? { errors: error.errors } : {}),
      };
    const failure = failureOf(error);
    if (!failure) this.logger.error((error as Error)?.stack ?? String(error));
    const { status, code, detail } = failure ?? unexpectedFailure(request.id);
    return { title: titles[code] ?? code.replaceAll('_', ' '), status, code, detail };
  }
}

const titles: Record<string, string> = { refused: 'request refused' };
