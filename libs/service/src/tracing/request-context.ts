import { context, createContextKey, type Context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

const requestIdKey = createContextKey('request id');

/** Lets what runs in a request, or in the delivery of an event, know which: for logs, audit entries and events. */
export function followContexts(): void {
  // Refused, without harm, where a manager is there already.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

export function withRequestId(within: Context, requestId: string): Context {
  return within.setValue(requestIdKey, requestId);
}

/** The request that the running code answers; undefined outside of requests. */
export function currentRequestId(): string | undefined {
  return context.active().getValue(requestIdKey) as string | undefined;
}
