import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemFilter, TooManyRequests } from '@payer/service';
import { TooManyAttempts } from '../sessions/too-many-attempts.js';
import { answerRegistrationError } from './registration-error.js';
import { answerWrongMethod } from './registration-methods.js';
import { answerErrorPage } from './error-page.js';

/** Renders an error in the form that its path uses: an RFC 7591 error, problem details, or a page. */
@Catch()
export class ErrorsFilter implements ExceptionFilter {
  private readonly problems = new ProblemFilter();

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const path = request.url.split('?')[0] ?? '';
    if (error instanceof TooManyRequests) reply.headers(error.verdict.headers);
    if (error instanceof TooManyAttempts) reply.header('retry-after', error.retryAfter);
    const isUnknown = error instanceof NotFoundException;
    if (isUnknown && answerWrongMethod(path, request.method, reply)) return;
    if (/^\/register(\/|$)/.test(path) && answerRegistrationError(error, reply)) return;
    const isProgram = /^\/(api|register|health|metrics)(\/|$)/.test(path);
    if (isProgram) this.problems.catch(error, host);
    else answerErrorPage(error, reply, request.id);
  }
}
