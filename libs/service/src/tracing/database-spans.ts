import { context, SpanKind, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';
import pg from 'pg';

type Callback = (error: Error | undefined, ...results: unknown[]) => void;
type Method = (this: { database?: string }, ...given: unknown[]) => unknown;

/**
 * Records the queries of requests and event handlers as spans of their trace. A span contains only the first
 * word of the statement and the statement's name, because a statement can contain values. Background polling
 * has no trace and creates no span.
 */
export function recordQueries(tracer: Tracer): void {
  keepContextWhileWaiting();
  const client = pg.Client.prototype as unknown as { query: Method };
  const query = client.query;
  client.query = function (this: { database?: string }, ...given: unknown[]) {
    const { text, name } = statementOf(given[0]);
    // A read of a shared connection shows no text here: `recordStatements` records it.
    if (text === '' && name === undefined) return query.apply(this, given);
    return recorded(tracer, given, () => query.apply(this, given), this.database);
  };
}

/**
 * Runs a query, with a span if it belongs to a trace.
 * @param given the arguments of the query, a statement first
 */
export function recorded<Result>(
  tracer: Tracer,
  given: unknown[],
  run: () => Result,
  database?: string,
): Result {
  if (trace.getSpan(context.active()) === undefined) return run();
  const { text, name } = statementOf(given[0]);
  const operation = /[a-z]+/i.exec(text)?.[0].toUpperCase() ?? 'QUERY';
  const span = tracer.startSpan(name ?? operation, {
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'postgresql',
      'db.operation.name': operation,
      ...(database ? { 'db.namespace': database } : {}),
    },
  });
  return ended(span, given, run);
}

/**
 * Code that waits for a free connection continues in its own context, not in the context of the code that
 * released the connection.
 */
function keepContextWhileWaiting(): void {
  const pool = pg.Pool.prototype as unknown as { connect: Method };
  const connect = pool.connect;
  pool.connect = function (this: object, ...given: unknown[]) {
    const [callback] = given;
    return typeof callback === 'function'
      ? connect.call(this, context.bind(context.active(), callback))
      : connect.apply(this, given);
  };
}

function statementOf(given: unknown): { text: string; name?: string } {
  if (typeof given === 'string') return { text: given };
  const { text, name } = (given ?? {}) as { text?: unknown; name?: unknown };
  return { text: typeof text === 'string' ? text : '', ...(typeof name === 'string' ? { name } : {}) };
}

/**
 * Runs a query that takes a callback, returns a promise, or is a stream. The span of a stream covers only its
 * start.
 */
function ended<Result>(span: Span, given: unknown[], run: () => Result): Result {
  const end = (error?: Error | null) => {
    if (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('db.response.status_code', (error as { code?: string }).code ?? error.name);
    }
    span.end();
  };
  const last = given.at(-1);
  if (typeof last === 'function') {
    given[given.length - 1] = context.bind(context.active(), (...results: Parameters<Callback>) => {
      end(results[0]);
      (last as Callback)(...results);
    });
    return run();
  }
  const result = run();
  if (result instanceof Promise)
    result.then(
      () => end(),
      (error: Error) => end(error),
    );
  else end();
  return result;
}
