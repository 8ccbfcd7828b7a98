import { appendParameters } from '@payer/service';
import type { KoaContextWithOIDC } from 'oidc-provider';

/**
 * Sends an authorization response to the redirect URI character for character, with the response's parameters
 * appended (RFC 6749 §3.1.2). The engine parses the URI and writes it again: `?flag` becomes `?flag=`.
 */
export async function exactRedirects(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next();
  const registered = ctx.oidc?.params?.redirect_uri;
  const location = ctx.response.get('Location');
  if (typeof registered !== 'string' || !URL.canParse(registered) || !URL.canParse(location)) return;
  const [written, sent] = [new URL(registered), new URL(location)];
  if (written.origin !== sent.origin || written.pathname !== sent.pathname) return;
  const parameters = [...sent.searchParams].slice([...written.searchParams].length);
  ctx.set('Location', appendParameters(registered, parameters));
}
