import { sha256 } from '@payer/service';
import type { AppState } from '@payer/smart';
import { timingSafeEqual } from 'node:crypto';
import { secretMatches, type Apps } from '../clients/apps.js';

/** Who calls introspection or revocation. */
export type Caller = { app: AppState } | { resourceServer: true };

/** Reads the `Authorization` header: client_secret_basic (RFC 6749 §2.3.1, raw or form-encoded), or a resource server's bearer secret. */
export async function authenticateCaller(
  apps: Apps,
  introspectionToken: string,
  authorization: string | undefined,
): Promise<Caller | undefined> {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  if (scheme.toLowerCase() === 'bearer') {
    const same = timingSafeEqual(Buffer.from(sha256(value)), Buffer.from(sha256(introspectionToken)));
    return same ? { resourceServer: true } : undefined;
  }
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return undefined;
  const clientId = formDecode(decoded.slice(0, colon));
  const secret = formDecode(decoded.slice(colon + 1));
  const app = await apps.findFor(clientId, (known) => secretMatches(known, secret));
  return app && app.status !== 'deleted' && secretMatches(app, secret) ? { app } : undefined;
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
