import { HttpException } from '@nestjs/common';
import { databaseIsUnavailable, tookTooLong } from '../database/unavailable.js';
import { maxBodyBytes } from './http-limits.js';

/** Seconds after which a client should repeat a request while the database is unavailable. */
export const unavailableRetryAfter = 5;

/** A failed request, independent of the error format of its endpoint. */
export interface RequestFailure {
  status: number;
  /** Stable for programs. */
  code: string;
  /** For people: the fault and its remedy. */
  detail: string;
  /** Seconds. */
  retryAfter?: number;
}

const unavailable: RequestFailure = {
  status: 503,
  code: 'temporarily_unavailable',
  detail:
    'The database of this service cannot be reached now. Nothing is wrong with the request: send it again after the time in Retry-After.',
  retryAfter: unavailableRetryAfter,
};

/** Texts for refusals by Fastify and NestJS: their own texts mention their internals. */
const details: Record<number, { code: string; detail: string }> = {
  404: { code: 'not_found', detail: 'There is nothing at this address.' },
  413: { code: 'body_too_large', detail: `The body may have at most ${maxBodyBytes} bytes.` },
  415: {
    code: 'unsupported_media_type',
    detail: 'The Content-Type of the body is none that this address reads.',
  },
};

/** The failure that an error means for the client; undefined for an unexpected error (500). */
export function failureOf(error: unknown): RequestFailure | undefined {
  if (databaseIsUnavailable(error)) return unavailable;
  if (tookTooLong(error))
    return { ...unavailable, detail: 'The database took too long to answer. Send the request again later.' };
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown })?.statusCode;
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  return { status, ...(details[status] ?? { code: 'refused', detail: (error as Error).message }) };
}

/** The failure for an unexpected error. The reason stays in the log. */
export const unexpectedFailure = (requestId: string): RequestFailure => ({
  status: 500,
  code: 'internal_error',
  detail: `Something went wrong on our side. Quote the request id ${requestId} when you ask about it.`,
});
