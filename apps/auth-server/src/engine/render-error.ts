import type { Environment } from '@payer/smart';
import { memberMessagePolicy } from '@payer/ui';
import { errors, type ErrorOut, type KoaContextWithOIDC } from 'oidc-provider';
import type { FailedAuthorizations } from '../authorization/failed-authorizations.js';
import { renderRefusedPage } from '../authorization/refused-page.js';
import type { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { textsForHeaders } from '../http/languages.js';

interface Parts {
  config: Config;
  apps: Apps;
  failures: FailedAuthorizations;
}

/**
 * Renders the engine's errors that must not return to an app: as JSON at the token endpoint, otherwise on our
 * page.
 */
export function errorRenderer(environment: Environment, { config, apps, failures }: Parts) {
  return async (ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void> => {
    // RFC 6749 §5.2: the token endpoint answers in JSON, regardless of Accept.
    if (ctx.oidc?.route === 'token') {
      ctx.body = out;
      return;
    }
    const { redirectUri, clientId } = await recordFailure(ctx, out.error, error);
    ctx.type = 'html';
    ctx.set('Content-Security-Policy', memberMessagePolicy());
    ctx.body = renderRefusedPage({
      texts: textsForHeaders(ctx.headers, new URLSearchParams(ctx.querystring).get('ui_locales')),
      planName: config.PLAN_NAME,
      environment,
      portal: config.REGISTRATION_URL,
      error: out.error,
      reason: reasonOf(error, out.error_description),
      redirectUri,
      clientId,
    });
  };

  async function recordFailure(ctx: KoaContextWithOIDC, code: string, error: Error) {
    const parameters = new URLSearchParams(ctx.querystring);
    const redirectUri = parameters.get('redirect_uri') ?? undefined;
    const clientId = parameters.get('client_id') ?? undefined;
    if (clientId && (await apps.find(clientId)))
      await failures.record({
        environment,
        clientId,
        error: code,
        detail: reasonOf(error),
        redirectUri,
      });
    return { redirectUri, clientId };
  }
}

function reasonOf(error: Error, fallback?: string): string {
  if (error instanceof errors.InvalidRedirectUri)
    return 'redirect_uri is not one of those registered for this app; it must match one of them character for character, a trailing slash included';
  if (error instanceof errors.InvalidClient) return 'client_id is not known here';
  if (error instanceof errors.SessionNotFound)
    return 'the sign-in took too long or was started in another browser';
  return fallback ?? error.message;
}
