/** Parameters that an authorization response adds to the redirect URI (RFC 6749 §4.1.2, RFC 9207 §2). */
const responseParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'];

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Checks a redirect URI at registration: absolute, no fragment, no wildcard, `https` (plain `http` only for
 * loopback). The URI is then stored, and later compared, character for character. Sources: the developer page
 * ("fully specified redirect URIs"), RFC 6749 §3.1.2, RFC 9700 §4.1, RFC 8252 §7.3.
 *
 * @returns the fault and its fix, or undefined
 */
export function redirectUriProblem(uri: string): string | undefined {
  if (/[\s\u0000-\u001f\u007f]/.test(uri))
    return 'must not contain spaces, line breaks or control characters';
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'must be ASCII; write other characters percent-encoded';
  // RFC 3986 §2: programs interpret a backslash and similar characters differently, so the target of the URI
  // would be ambiguous.
  const forbidden = /[\\"<>^`{|}]/.exec(uri)?.[0] ?? /%(?![0-9a-f]{2})/i.exec(uri)?.[0];
  if (forbidden) return `must not contain ${forbidden}; write it percent-encoded`;
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    return 'must be an absolute URL such as https://client-app.example/redirect';
  }
  if (!/^https?:\/\//.test(uri))
    return `must start with https:// (lower case); this one starts with ${url.protocol}`;
  if (uri.includes('#')) return 'must not contain a fragment (#)';
  if (uri.includes('*')) return 'must not contain a wildcard (*); register each URI in full';
  if (url.username || url.password) return 'must not contain a user name or password';
  if (url.protocol === 'http:' && !loopbackHosts.includes(url.hostname))
    return 'must use https; plain http is allowed only for localhost, 127.0.0.1 and [::1]';
  const reserved = responseParameters.find((name) => url.searchParams.has(name));
  if (reserved) return `must not have the query parameter ${reserved}, which the answer adds`;
  return undefined;
}
