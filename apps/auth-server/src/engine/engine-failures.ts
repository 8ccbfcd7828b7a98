import {
  databaseIsUnavailable,
  failureOf,
  maxBodyBytes,
  oauthError,
  tookTooLong,
  type RequestFailure,
} from '@payer/service';
import { memberMessagePolicy, renderMemberFailure } from '@payer/ui';
import { textsForHeaders } from '../http/languages.js';
import { endpointPaths } from '@payer/smart';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { bodyTooLong } from './engine-texts.js';
import { failures } from './unit-of-work/failed-steps.js';

/**
 * Answers failures that neither the app nor a bug has caused: 503 with `Retry-After` while the database is
 * unavailable or too slow (`temporarily_unavailable` in RFC 6749 §4.1.2.1 and §5.2), and 413 for a body that
 * is too long. The engine alone would answer 500 and 400. Must be the first middleware, so that it sees the
 * errors of all others.
 */
export function engineFailures(provider: Provider, planName: string) {
  const note = (ctx: object, error: unknown) => {
    const failure = failureBehind(error);
    if (failure) failures.set(ctx, failure);
    return failure;
  };
  for (const event of ['server_error', 'grant.error', 'authorization.error'] as const)
    provider.on(event as 'server_error', (ctx, error) => void note(ctx, error));
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    try {
      await next();
    } catch (error) {
      if (!note(ctx, error)) throw error;
    }
    const failure = failures.get(ctx);
    if (failure) answer(ctx, failure, planName);
  };
}

function failureBehind(error: unknown): RequestFailure | undefined {
  const { cause } = (error ?? {}) as { cause?: unknown };
  for (const one of [error, cause]) if (databaseIsUnavailable(one) || tookTooLong(one)) return failureOf(one);
  if (cause instanceof Error && cause.message === bodyTooLong)
    return {
      status: 413,
      code: 'body_too_large',
      detail: `The body may have at most ${maxBodyBytes} bytes.`,
    };
  return undefined;
}

function answer(ctx: KoaContextWithOIDC, failure: RequestFailure, planName: string): void {
  // A failed step stores nothing, so the browser keeps the cookies with which it can repeat the step.
  ctx.remove('Set-Cookie');
  ctx.remove('Location');
  ctx.status = failure.status;
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Pragma', 'no-cache');
  if (failure.retryAfter !== undefined) ctx.set('Retry-After', String(failure.retryAfter));
  // RFC 6749 §5.2: the token endpoint answers in JSON, regardless of Accept.
  if (!ctx.path.startsWith(endpointPaths.authorization)) {
    ctx.body = oauthError(failure);
    return;
  }
  ctx.type = 'html';
  ctx.set('Content-Security-Policy', memberMessagePolicy());
  ctx.body = renderMemberFailure({ texts: textsForHeaders(ctx.headers), planName }, failure);
}
