import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { contextOf, traceIdOf } from '@payer/events';
import { databaseIsUnavailable, tookTooLong } from '@payer/service';
import { FhirError } from '@payer/fhir-store';
import type { Answer } from '../answer.js';
import { answerOf, errorAnswer } from './error-answer.js';

/** The answer to an error. Details of an unexpected error stay in the log. */
export function failedAnswer(error: unknown, request: FastifyRequest, logger: Logger): Answer {
  if (error instanceof FhirError) return answerOf(error);
  const { name, message, code, stack, statusCode } = error as Error & {
    code?: string;
    statusCode?: number;
  };
  if (tookTooLong(error)) {
    logger.warn(namesOf(request), 'a statement took too long');
    return errorAnswer(503, 'timeout', 'This took too long. Ask for less at once, or try again later.', {
      'retry-after': '60',
    });
  }
  if (databaseIsUnavailable(error)) {
    logger.warn({ ...namesOf(request), code }, 'the database does not answer');
    return errorAnswer(503, 'transient', 'The data store is not reachable now. Try again soon.', {
      'retry-after': '2',
    });
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return errorAnswer(statusCode, 'invalid', message);
  // The message of a database error can contain values of the query. The stack frames cannot.
  const place = stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 12)
    .join('\n');
  logger.error({ ...namesOf(request), name, code, place }, 'a request failed');
  return errorAnswer(
    500,
    'exception',
    `Something went wrong on our side. Quote the request id ${request.id} when you ask about it.`,
  );
}

/** The ids by which a log line is found. */
function namesOf(request: FastifyRequest): { request_id: string; trace_id?: string } {
  const trace_id = traceIdOf(contextOf(request.headers.traceparent));
  return { request_id: request.id, ...(trace_id ? { trace_id } : {}) };
}
