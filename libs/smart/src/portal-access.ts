import type { Environment } from './environments.js';
import type { AppState } from './events.js';
import { hasLevers } from './levers.js';
import { asReviewed } from './reviewed-app.js';

/**
 * Environments in which the portal may run an app's flow for its developer. None of them holds real members.
 */
const environmentsWithPortalAccess: ReadonlySet<Environment> = new Set<Environment>(['sandbox']);

/**
 * An app in one environment. Production has the reviewed values only. The secrets of an app that
 * authenticates with `private_key_jwt` are not valid. Levers exist in the sandbox only. Where the portal may
 * run the app's flow ("Try it"), the app also has the portal's redirect URI and secret.
 */
export function appInEnvironment(state: AppState, environment: Environment): AppState {
  const reviewed = asReviewed(state, environment);
  const usesKeys = reviewed.token_endpoint_auth_method === 'private_key_jwt';
  const app = { ...reviewed, ...(usesKeys ? { secrets: [] } : {}) };
  if (!hasLevers(environment)) delete app.levers;
  const access = app.portal_access;
  if (!access || !environmentsWithPortalAccess.has(environment)) return app;
  return {
    ...app,
    // An app without a redirect URI has no redirect flow.
    redirect_uris: app.redirect_uris.length > 0 ? [...app.redirect_uris, access.redirect_uri] : [],
    secrets: [...app.secrets, { sha256: access.secret_sha256, expires_at: null }],
  };
}
