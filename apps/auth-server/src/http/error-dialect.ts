import type { ErrorDialect } from '@payer/service';
import { environmentPattern } from '@payer/smart';

const oauth = new RegExp(`^/${environmentPattern}/(token|introspect|revoke|par|jwks|\\.well-known/.*)/?$`);
const pages = new RegExp(`^/${environmentPattern}/(authorize|interaction|sign-out)(/|$)`);

/**
 * Programs call the OAuth endpoints. The other paths below an issuer are for people, who get pages if they
 * accept HTML.
 */
export function dialectOf(path: string, accept: string): ErrorDialect {
  if (oauth.test(path)) return 'oauth';
  if (pages.test(path)) return 'page';
  return accept.includes('text/html') ? 'page' : 'problem';
}
