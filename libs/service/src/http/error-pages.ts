import { errorPage } from '@payer/smart';
import type { FastifyInstance } from 'fastify';

/** Adds `error_uri` (RFC 6749 §4.1.2.1, §5.2) to an OAuth error: the address of its documentation page. */
export function withErrorPage<Body>(body: Body, portalUrl: string): Body {
  const { error, error_uri } = (body ?? {}) as { error?: unknown; error_uri?: unknown };
  if (typeof error !== 'string' || error_uri !== undefined) return body;
  return { ...body, error_uri: errorPage(portalUrl, error) };
}

/** Adds `error_uri` to an authorization response with an error. All other addresses stay unchanged. */
export function redirectWithErrorPage(location: string, portalUrl: string): string {
  if (!URL.canParse(location)) return location;
  const url = new URL(location);
  const error = url.searchParams.get('error');
  if (!error || url.searchParams.has('error_uri')) return location;
  return appendParameters(location, [['error_uri', errorPage(portalUrl, error)]]);
}

/** Appends parameters to a URI and leaves the URI unchanged, character for character (RFC 6749 §3.1.2). */
export function appendParameters(
  uri: string,
  parameters: readonly (readonly [name: string, value: string])[],
): string {
  if (parameters.length === 0) return uri;
  const separator = !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&';
  return (
    uri +
    separator +
    new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString()
  );
}

/**
 * Adds `error_uri` to every OAuth error in the service's JSON answers.
 * @param isOAuth whether errors of this path are OAuth errors
 */
export function addErrorPages(
  fastify: FastifyInstance,
  portalUrl: string,
  isOAuth: (path: string) => boolean,
): void {
  fastify.addHook('preSerialization', async (request, _reply, body: unknown) =>
    isOAuth(request.url.split('?')[0] ?? '') ? withErrorPage(body, portalUrl) : body,
  );
}
