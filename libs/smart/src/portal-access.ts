import type { Environment } from './environments.js';
import type { AppState } from './events.js';

/**
 * Environments in which the portal may run an app's flow for its developer. None of them holds real members.
 */
const environmentsWithPortalAccess: ReadonlySet<Environment> = new Set<Environment>(['sandbox']);

/**
 * An app in one environment. Where the portal may run the app's flow ("Try it"), the app also has the
 * portal's redirect URI and secret. Elsewhere it has neither.
 */
export function appInEnvironment(app: AppState, environment: Environment): AppState {
  const access = app.portal_access;
  if (!access || !environmentsWithPortalAccess.has(environment)) return app;
  return {
    ...app,
    // An app without a redirect URI has no redirect flow.
    redirect_uris: app.redirect_uris.length > 0 ? [...app.redirect_uris, access.redirect_uri] : [],
    secrets: [...app.secrets, { sha256: access.secret_sha256, expires_at: null }],
  };
}
