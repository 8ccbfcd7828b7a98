import { environmentRules, environments, isSynthetic, type Environment } from './environments.js';
import type { AppState } from './events.js';
import { hasLevers } from './levers.js';
import { asReviewed } from './reviewed-app.js';

/** Whether the portal may run an app's flow for its developer: only where no real member is. */
const hasPortalAccess = isSynthetic;

/**
 * The environment of trials and of the demonstration apps: the first with synthetic records that opens with
 * the subscription.
 */
export const trialEnvironment: Environment = environments.find(
  (environment) => isSynthetic(environment) && environmentRules[environment].opens === 'with-subscription',
)!;

/**
 * An app in one environment. Production has the reviewed values only. The secrets of an app that
 * authenticates with `private_key_jwt` are not valid. Levers exist only where no real member is. Where the
 * portal may run the app's flow ("Try it"), the app also has the portal's redirect URI and secret.
 */
export function appInEnvironment(state: AppState, environment: Environment): AppState {
  const reviewed = asReviewed(state, environment);
  const usesKeys = reviewed.token_endpoint_auth_method === 'private_key_jwt';
  const app = { ...reviewed, ...(usesKeys ? { secrets: [] } : {}) };
  if (!hasLevers(environment)) delete app.levers;
  const access = app.portal_access;
  if (!access || !hasPortalAccess(environment)) return app;
  return {
    ...app,
    // An app without a redirect URI has no redirect flow.
    redirect_uris: app.redirect_uris.length > 0 ? [...app.redirect_uris, access.redirect_uri] : [],
    secrets: [...app.secrets, { sha256: access.secret_sha256, expires_at: null }],
  };
}
