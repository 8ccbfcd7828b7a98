import type { IncomingMessage } from 'node:http';

const wholeUrl = /^https?:\/\/([^/?#@\\]+)([/?#].*)?$/i;

/** A target that no router can read, so the request gets the service's answer to a malformed URL. */
const unreadable = '/%';

/**
 * The request target in origin form. The router accepts the absolute form, too (RFC 9112 §3.2.2). Without
 * this rule, every check and limit that looks at the path would see another text than the router. The host of
 * an absolute form replaces the header Host.
 */
export function originForm(request: IncomingMessage): string {
  const target = request.url ?? '/';
  if (target.startsWith('/') || target === '*') return target;
  const [, host, path = ''] = wholeUrl.exec(target) ?? [];
  if (host === undefined) return unreadable;
  request.headers.host = host;
  return path.startsWith('/') ? path : `/${path}`;
}
