import { context, SpanKind, SpanStatusCode, type Context, type Span } from '@opentelemetry/api';
import { beginSpan, contextOf } from '@payer/events';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { requestDurations } from '../metrics/request-durations.js';
import { isTracing } from '../tracing/open-telemetry.js';
import { followContexts, withRequestId } from '../tracing/request-context.js';

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The route template from an engine behind the router, if the engine knows a better one than the router.
     * Otherwise `''`.
     */
    routeName: string;
    /** The request's span, when requests are traced. */
    followed: { span: Span; context: Context } | undefined;
  }
}

export interface ObservedRequests {
  /** Name of the service. */
  service: string;
  logger: Logger;
  /** `all`: a line for each request. `failures`: only for requests answered with 500 and above. */
  log: 'all' | 'failures';
  /**
   * Whether logs, audit entries and events of a request carry its trace. fhir-api turns it off, because its
   * requests write none of them, unless spans are exported.
   */
  follow: boolean;
}

/** The platform's own frequent requests; logged only when they fail. */
const probes = /^\/(health|metrics)(\/|$)/;

/**
 * Measures, traces and logs every request under its route template. Paths contain ids, and queries and bodies
 * contain codes, tokens and member data. None of these is ever recorded here.
 */
export function observeRequests(fastify: FastifyInstance, options: ObservedRequests): void {
  const { service, logger, log } = options;
  const follow = options.follow || isTracing();
  fastify.decorateRequest('routeName', '');
  fastify.decorateRequest('followed', undefined);

  if (follow) {
    followContexts();
    fastify.addHook('onRequest', (request, reply, done) => {
      const parent = withRequestId(contextOf(request.headers.traceparent), request.id);
      request.followed = beginSpan(request.method, { kind: SpanKind.SERVER }, parent);
      reply.header('x-request-id', request.id);
      context.with(request.followed.context, done);
    });
    // A body arrives in the context of its socket, so the request's context must be set again.
    fastify.addHook('preValidation', (request, _reply, done) => {
      context.with(request.followed?.context ?? context.active(), done);
    });
  }

  fastify.addHook('onResponse', (request, reply, done) => {
    const { method, followed } = request;
    const { statusCode: status, elapsedTime: milliseconds } = reply;
    const route = routeOf(request);
    requestDurations.observe(service, method, route, status, milliseconds / 1000);
    if (followed) endSpan(followed.span, method, route, status);
    const failed = status >= 500;
    if (failed || (log === 'all' && !probes.test(route))) {
      const ms = Math.round(milliseconds * 10) / 10;
      const say = () =>
        logger[failed ? 'warn' : 'info']({ request_id: request.id, method, route, status, ms }, 'request');
      if (followed) context.with(followed.context, say);
      else say();
    }
    done();
  });
}

/** The route template of a request: the engine's name, or the router's template without its constraints. */
function routeOf(request: FastifyRequest): string {
  if (request.routeName !== '') return request.routeName;
  const { url } = request.routeOptions;
  if (url === undefined) return 'unmatched';
  let template = templates.get(url);
  if (template === undefined)
    templates.set(url, (template = url.replace(/\([^)]*\)/g, '').replace(/:(\w+)/g, '{$1}')));
  return template;
}

/** Grows only up to the number of routes. */
const templates = new Map<string, string>();

function endSpan(span: Span, method: string, route: string, status: number): void {
  span.updateName(`${method} ${route}`);
  span.setAttributes({
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': status,
  });
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
