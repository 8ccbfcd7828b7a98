import { redirectWithErrorPage, withErrorPage } from '@payer/service';
import type { KoaContextWithOIDC } from 'oidc-provider';

/** Adds `error_uri` to the engine's errors, in JSON bodies and in redirects to an app. */
export function errorPages(portalUrl: string) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    const location = ctx.response.get('Location');
    if (location) ctx.set('Location', redirectWithErrorPage(location, portalUrl));
    const body: unknown = ctx.body;
    if (!body || typeof body !== 'object' || Buffer.isBuffer(body)) return;
    const completed = withErrorPage(body, portalUrl);
    if (completed !== body) ctx.body = completed;
  };
}
