import { randomFillSync } from 'node:crypto';
import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanKind,
} from '@opentelemetry/api';

/** Records nothing unless an OpenTelemetry SDK is registered. */
const tracer = trace.getTracer('payer');

const traceparentPattern = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;

/**
 * The context of a `traceparent` (W3C Trace Context §3.2). An absent or malformed header gives the root
 * context (§4.3).
 */
export function contextOf(traceparent: unknown): Context {
  const [, traceId, spanId, flags] =
    (typeof traceparent === 'string' && traceparentPattern.exec(traceparent)) || [];
  if (!traceId || !spanId || !flags) return ROOT_CONTEXT;
  const traceFlags = parseInt(flags, 16) & TraceFlags.SAMPLED;
  const spanContext = { traceId, spanId, traceFlags, isRemote: true };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}

/** The `traceparent` of the running code, for outgoing messages and records; undefined outside a trace. */
export function currentTraceparent(): string | undefined {
  const span = trace.getSpanContext(context.active());
  if (!span) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/** Trace id of a context, 32 hexadecimal digits. Default: the context of the running code. */
export function traceIdOf(within: Context = context.active()): string | undefined {
  return trace.getSpanContext(within)?.traceId;
}

export interface SpanOptions {
  kind: SpanKind;
  attributes?: Attributes;
}

/**
 * Begins a span. Without an SDK nothing is recorded, but the span still has a trace id, the parent's or a new
 * one. It links the logs, audit entries and events of one request.
 */
export function beginSpan(
  name: string,
  options: SpanOptions,
  parent: Context,
): { span: Span; context: Context } {
  const recorded = tracer.startSpan(name, options, parent);
  const span = isSpanContextValid(recorded.spanContext())
    ? recorded
    : trace.wrapSpanContext({
        traceId: randomHex(16),
        spanId: randomHex(8),
        traceFlags: TraceFlags.NONE,
      });
  return { span, context: trace.setSpan(parent, span) };
}

const random = Buffer.alloc(6144);
let nextRandom = random.length;

/** Random bytes from a supply, because asking for a few takes as long as asking for thousands. No secrets. */
function randomHex(bytes: number): string {
  if (nextRandom + bytes > random.length) {
    randomFillSync(random);
    nextRandom = 0;
  }
  return random.toString('hex', nextRandom, (nextRandom += bytes));
}

/**
 * Runs work in a span that ends with the work. Marks a failure without its message, because the message may
 * contain values.
 */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  parent: Context,
  work: () => Promise<T>,
): Promise<T> {
  const { span, context: within } = beginSpan(name, options, parent);
  try {
    return await context.with(within, work);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttribute('error.type', (error as Error).name);
    throw error;
  } finally {
    span.end();
  }
}
