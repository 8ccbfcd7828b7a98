import { authorizationOf } from './authorization-header.js';

/**
 * Reads the credentials of client_secret_basic (RFC 6749 §2.3.1), raw or form-encoded. Undefined for another
 * header.
 */
export function basicCredentials(
  authorization: string | undefined,
): { clientId: string; secret: string } | undefined {
  const { scheme, credentials } = authorizationOf(authorization);
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (scheme !== 'basic' || colon < 0) return undefined;
  return { clientId: formDecode(decoded.slice(0, colon)), secret: formDecode(decoded.slice(colon + 1)) };
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
