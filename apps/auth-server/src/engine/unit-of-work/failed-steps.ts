import type { RequestFailure } from '@payer/service';

/** Failures by the engine's context of the request. The engine catches its errors and answers them itself. */
export const failures = new WeakMap<object, RequestFailure>();

/** Whether a request has failed in the engine. Its step must not be stored. */
export const hasFailed = (ctx: object): boolean => failures.has(ctx);
