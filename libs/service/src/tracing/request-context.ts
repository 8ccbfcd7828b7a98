import { context, createContextKey, type Context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

const requestIdKey = createContextKey('request id');

/**
 * Makes the current request, or the event being delivered, known to the code that it runs: for logs, audit
 * entries and events.
 */
export function followContexts(): void {
  // Has no effect when a context manager exists already.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

export function withRequestId(within: Context, requestId: string): Context {
  return within.setValue(requestIdKey, requestId);
}

/** The id of the current request; undefined outside of requests. */
export function currentRequestId(): string | undefined {
  return context.active().getValue(requestIdKey) as string | undefined;
}
