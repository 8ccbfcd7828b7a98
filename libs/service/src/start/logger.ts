import { context } from '@opentelemetry/api';
import type { LoggerService } from '@nestjs/common';
import { traceIdOf } from '@payer/events';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { loggable } from '../output/process-output.js';
import { currentRequestId } from '../tracing/request-context.js';

/**
 * The process's logger: JSON lines on standard output. Lines from a request or from the delivery of an event
 * carry its `request_id` and `trace_id`. Fields that could hold secrets or member data are removed.
 * @param destination replaces standard output (tests)
 */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    name: service,
    level,
    // pino's own serializer writes every member of an error, for example the parameters of a failed
    // statement.
    serializers: { err: loggable },
    redact: ['req.headers.authorization', 'req.headers.cookie', 'res.headers["set-cookie"]'],
    mixin: (line: object) => {
      const trace_id = traceIdOf(context.active());
      if (trace_id === undefined) return {};
      const request_id = 'request_id' in line ? undefined : currentRequestId();
      return request_id === undefined ? { trace_id } : { request_id, trace_id };
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Lets NestJS log through pino. An object as message becomes fields, and its `msg` the text. */
export function nestLogger(logger: Logger): LoggerService {
  const at =
    (level: 'info' | 'warn' | 'error' | 'debug') =>
    (message: unknown, ...rest: unknown[]) => {
      const last = rest.at(-1);
      const context = typeof last === 'string' ? last : undefined;
      if (isLine(message)) {
        const { msg, ...fields } = message;
        logger[level]({ context, ...fields }, msg);
      } else
        logger[level](
          { context },
          message instanceof Error ? (message.stack ?? message.message) : String(message),
        );
    };
  return { log: at('info'), warn: at('warn'), error: at('error'), debug: at('debug'), verbose: at('debug') };
}

function isLine(message: unknown): message is Record<string, unknown> & { msg: string } {
  return (
    typeof message === 'object' && message !== null && typeof (message as { msg?: unknown }).msg === 'string'
  );
}
