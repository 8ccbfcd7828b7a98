import { z } from 'zod';
import { clientAuthMethods, environments, keySet, plans } from '@payer/smart';
import type { ProductionRequest } from '../request-record/production-request.entity.js';
import { productionRequestView, viewOfRequest } from '../request-record/production-request-view.js';
import type { App } from './app.entity.js';
import type { AppSecret } from './app-secret.entity.js';
import { environmentsOf } from './app-state.js';
import type { PendingChange } from './pending-change.js';
import { reviewedDifference } from './reviewed-values.js';

/** An app in the answers of the API. Never contains a secret or its hash. */
export const appViewSchema = z.object({
  client_id: z.string(),
  client_id_issued_at: z.int(),
  client_name: z.string(),
  redirect_uris: z.array(z.string()),
  post_logout_redirect_uris: z.array(z.string()),
  client_uri: z.string().nullable(),
  logo_uri: z.string().nullable(),
  /** The logo that was uploaded to the portal. Members see it instead of the picture at logo_uri. */
  uploaded_logo_uri: z.string().nullable(),
  policy_uri: z.string().nullable(),
  tos_uri: z.string().nullable(),
  contacts: z.array(z.string()),
  require_pkce: z.boolean(),
  require_pushed_authorization_requests: z.boolean(),
  dpop_bound_access_tokens: z.boolean(),
  token_endpoint_auth_method: z.enum(clientAuthMethods),
  jwks: keySet.nullable(),
  jwks_uri: z.string().nullable(),
  /** Whether the program that registered the app can change it (RFC 7592). */
  managed_by_program: z.boolean(),
  organization: z.string(),
  /** Null for an app that only the journal knows. */
  organization_id: z.uuid().nullable(),
  plan: z.enum(plans).nullable(),
  status: z.enum(['active', 'suspended', 'deleted']),
  environments: z.array(z.enum(environments)),
  /** The latest one. */
  production_request: productionRequestView.nullable(),
  /** Whether the developer has attested the app's privacy practices. */
  attested: z.boolean(),
  /** Changes since the approval. They hold in the sandbox, and in production after the team's approval. */
  pending_change: z
    .object({ id: z.uuid(), changes: z.array(reviewedDifference), created_at: z.iso.datetime() })
    .nullable(),
  suspension: z.object({ reason: z.string(), since: z.iso.datetime() }).nullable(),
  /** The valid secrets, the newest first (only in the answer about a single app). */
  secrets: z
    .array(z.object({ created_at: z.iso.datetime(), expires_at: z.iso.datetime().nullable() }))
    .optional(),
  version: z.int(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export type AppView = z.infer<typeof appViewSchema>;

export function appView(of: {
  app: App;
  organization: string;
  request: ProductionRequest | undefined;
  change: PendingChange | undefined;
  secrets: AppSecret[] | undefined;
}): AppView {
  const { app, organization, request, change, secrets } = of;
  return {
    client_id: app.client_id,
    client_id_issued_at: Math.floor(app.created_at.getTime() / 1000),
    client_name: app.client_name,
    redirect_uris: app.redirect_uris,
    post_logout_redirect_uris: app.post_logout_redirect_uris,
    client_uri: app.client_uri,
    logo_uri: app.logo_uri,
    uploaded_logo_uri: app.uploaded_logo_uri,
    policy_uri: app.policy_uri,
    tos_uri: app.tos_uri,
    contacts: app.contacts,
    require_pkce: app.require_pkce,
    require_pushed_authorization_requests: app.require_pushed_authorization_requests,
    dpop_bound_access_tokens: app.dpop_bound_access_tokens,
    token_endpoint_auth_method: app.token_endpoint_auth_method,
    jwks: app.jwks,
    jwks_uri: app.jwks_uri,
    managed_by_program: app.registration_token_sha256 !== null,
    organization,
    organization_id: app.organization_id,
    plan: app.plan,
    status: app.status,
    environments: environmentsOf(app),
    production_request: request ? viewOfRequest(request) : null,
    attested: app.attested_at !== null,
    pending_change: change
      ? { id: change.id, changes: change.changes, created_at: change.created_at.toISOString() }
      : null,
    suspension:
      app.status === 'suspended' && app.suspended_at
        ? { reason: app.suspended_reason ?? '', since: app.suspended_at.toISOString() }
        : null,
    ...(secrets
      ? {
          secrets: secrets.map((secret) => ({
            created_at: secret.created_at.toISOString(),
            expires_at: secret.expires_at?.toISOString() ?? null,
          })),
        }
      : {}),
    version: app.version,
    created_at: app.created_at.toISOString(),
    updated_at: app.updated_at.toISOString(),
  };
}
