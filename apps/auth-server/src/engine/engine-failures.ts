import {
  databaseIsUnavailable,
  failureOf,
  maxBodyBytes,
  oauthError,
  type RequestFailure,
} from '@payer/service';
import { memberMessagePolicy, renderMemberFailure } from '@payer/ui';
import { textsForHeaders } from '../sign-in/languages.js';
import { endpointPaths } from '@payer/smart';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { bodyTooLong } from './engine-texts.js';

/**
 * Answers failures that are neither the app's nor an error of ours: 503 with `Retry-After` while the database is
 * unavailable (RFC 6749 §4.1.2.1 and §5.2 name it `temporarily_unavailable`), 413 for a body that is too long. The engine
 * alone would say 500 and 400. Has to be the first middleware: it sees what the others throw.
 */
export function engineFailures(provider: Provider, planName: string) {
  const failures = new WeakMap<object, RequestFailure>();
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
  for (const one of [error, cause]) if (databaseIsUnavailable(one)) return failureOf(one);
  if (cause instanceof Error && cause.message === bodyTooLong)
    return {
      status: 413,
      code: 'body_too_large',
      detail: `The body may have at most ${maxBodyBytes} bytes.`,
    };
  return undefined;
}

function answer(ctx: KoaContextWithOIDC, failure: RequestFailure, planName: string): void {
  ctx.remove('Location');
  ctx.status = failure.status;
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Pragma', 'no-cache');
  if (failure.retryAfter !== undefined) ctx.set('Retry-After', String(failure.retryAfter));
  // RFC 6749 §5.2: programs get JSON, whatever they say they accept.
  if (!ctx.path.startsWith(endpointPaths.authorization)) {
    ctx.body = oauthError(failure);
    return;
  }
  ctx.type = 'html';
  ctx.set('Content-Security-Policy', memberMessagePolicy);
  ctx.body = renderMemberFailure({ texts: textsForHeaders(ctx.headers), planName }, failure);
}
