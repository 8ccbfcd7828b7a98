import { signatureFor, type AnswerSigner } from '@payer/service';
import { endpointPaths } from '@payer/smart';
import type { KoaContextWithOIDC } from 'oidc-provider';

/**
 * Signs the published keys for a service that asks for a signature. An attacker who published keys in place
 * of auth-server could make tokens for every member.
 */
export function signKeys(signer: AnswerSigner) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    if (ctx.path !== endpointPaths.jwks || ctx.status !== 200) return;
    const { originalUrl } = ctx.req as { originalUrl?: string };
    await signatureFor(signer, {
      headers: ctx.req.headers,
      method: ctx.method,
      target: originalUrl ?? ctx.originalUrl,
      asked: '',
      status: ctx.status,
      answered: JSON.stringify(ctx.body),
    }).then((headers) => headers && ctx.set(headers));
  };
}
