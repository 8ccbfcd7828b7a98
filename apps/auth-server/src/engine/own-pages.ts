import { memberMessagePolicy, renderMemberMessage } from '@payer/ui';
import type { Environment } from '@payer/smart';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { textsForHeaders } from '../http/languages.js';

/**
 * Replaces a page of the engine's own by our page that says to start again. The engine makes one when two
 * members sign in at two tabs of one browser in the same moment. Our pages have a Content-Security-Policy.
 */
export function ownPages(planName: string, environment: Environment) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    if (ctx.status !== 200 || !ctx.response.is('html') || ctx.response.get('Content-Security-Policy')) return;
    const texts = textsForHeaders(ctx.headers);
    ctx.status = 400;
    ctx.set('Content-Security-Policy', memberMessagePolicy());
    ctx.body = renderMemberMessage(
      { texts, planName, environment, title: texts.t('error.startAgain') },
      texts.t('error.answerForeign'),
      texts.t('error.backToApp'),
    );
  };
}
