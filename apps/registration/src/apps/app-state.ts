import { environmentRules, environments, type AppState, type Environment } from '@payer/smart';
import type { App } from './app.entity.js';
import type { AppSecret } from './app-secret.entity.js';

/**
 * The environments that an app may use now. None while the app is suspended or has no plan. An environment
 * opens with the subscription, or with the platform team's approval (`opens` of the environment).
 */
export function environmentsOf(app: Pick<App, 'status' | 'plan' | 'approved_at'>): Environment[] {
  if (app.status !== 'active' || app.plan === null) return [];
  return environments.filter((environment) => app.approved_at || !needsApproval(environment));
}

/** Whether an environment opens only with the platform team's approval. */
export const needsApproval = (environment: Environment): boolean =>
  environmentRules[environment].opens === 'with-approval';

/** Whether the platform team's approval has opened an environment to an app. */
export const isOpenByApproval = (app: { environments: readonly Environment[] }): boolean =>
  app.environments.some(needsApproval);

/** The app's state for other services: `data` of the app events. */
export function appStateOf(app: App, organization: string, secrets: readonly AppSecret[]): AppState {
  return {
    client_id: app.client_id,
    version: app.version,
    client_name: app.client_name,
    organization,
    redirect_uris: app.redirect_uris,
    post_logout_redirect_uris: app.post_logout_redirect_uris,
    client_uri: app.client_uri,
    logo_uri: app.uploaded_logo_uri ?? app.logo_uri,
    policy_uri: app.policy_uri,
    tos_uri: app.tos_uri,
    plan: app.plan,
    status: app.status,
    environments: environmentsOf(app),
    require_pkce: app.require_pkce,
    require_pushed_authorization_requests: app.require_pushed_authorization_requests,
    dpop_bound_access_tokens: app.dpop_bound_access_tokens,
    token_endpoint_auth_method: app.token_endpoint_auth_method,
    jwks: app.jwks,
    jwks_uri: app.jwks_uri,
    secrets: secrets.map(({ sha256, expires_at }) => ({
      sha256,
      expires_at: expires_at?.toISOString() ?? null,
    })),
    portal_access:
      app.status !== 'deleted' && app.portal_redirect_uri && app.portal_secret_sha256
        ? { redirect_uri: app.portal_redirect_uri, secret_sha256: app.portal_secret_sha256 }
        : null,
    tokens_valid_from: app.tokens_valid_from?.toISOString() ?? null,
    reviewed: app.reviewed,
    attested: app.attested_at !== null,
    levers: app.levers,
  };
}
