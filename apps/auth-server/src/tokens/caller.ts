import { sha256 } from '@payer/service';
import type { AppState, Environment } from '@payer/smart';
import { timingSafeEqual } from 'node:crypto';
import { secretMatches, type Apps } from '../clients/apps.js';

/** The authenticated client of introspection or revocation. */
export type Caller = { app: AppState } | { resourceServer: true };

/**
 * Reads the `Authorization` header: client_secret_basic (RFC 6749 §2.3.1, raw or form-encoded), or the bearer
 * secret of a resource server.
 */
export async function authenticateCaller(
  apps: Apps,
  environment: Environment,
  introspectionToken: string,
  authorization: string | undefined,
): Promise<Caller | undefined> {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  if (scheme.toLowerCase() === 'bearer') {
    const same = timingSafeEqual(Buffer.from(sha256(value)), Buffer.from(sha256(introspectionToken)));
    return same ? { resourceServer: true } : undefined;
  }
  const credentials = basicCredentials(authorization);
  if (!credentials) return undefined;
  const { clientId, secret } = credentials;
  const app = await apps.findFor(environment, clientId, (known) => secretMatches(known, secret));
  return app && app.status !== 'deleted' && secretMatches(app, secret) ? { app } : undefined;
}

/** The credentials of client_secret_basic, or undefined for another header. */
export function basicCredentials(
  authorization: string | undefined,
): { clientId: string; secret: string } | undefined {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (scheme.toLowerCase() !== 'basic' || colon < 0) return undefined;
  return { clientId: formDecode(decoded.slice(0, colon)), secret: formDecode(decoded.slice(colon + 1)) };
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
