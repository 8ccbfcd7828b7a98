import { z } from 'zod';
import { clientAuthMethods, keySet } from './client-authentication.js';
import { environments } from './environments.js';
import { appLevers } from './levers.js';
import { plans } from './plans.js';
import { reviewedApp } from './reviewed-app.js';

/* The data of each event: the whole state of its subject, and the `version` of that state. */

const instant = z.iso.datetime();

/**
 * An explanatory word that no decision depends on. An unknown word is read as `fallback`: an older consumer
 * must not put a revocation aside because of a newer producer's reason.
 */
const explanation = <const T extends readonly string[]>(words: T, fallback: T[number]) =>
  z.enum(words).catch(fallback);

/**
 * An app (OAuth client), as every service except registration knows it. Member names follow RFC 7591 where it
 * defines them.
 */
export const appState = z
  .object({
    client_id: z.string().describe('OAuth client id; letters and digits'),
    version: z.number().int().describe('grows by one with each change of the app'),
    client_name: z.string().describe('the name that members see'),
    organization: z.string().describe('who makes the app'),
    redirect_uris: z.array(z.string()).describe('compared character for character'),
    post_logout_redirect_uris: z
      .array(z.string())
      .optional()
      .describe(
        'where a sign-out may return to, compared character for character; absent before version 0.2',
      ),
    client_uri: z.string().nullish().describe("the app's home page"),
    logo_uri: z.string().nullish().describe("the app's logo"),
    policy_uri: z.string().nullish().describe('its privacy policy'),
    tos_uri: z.string().nullish().describe('its terms of service'),
    plan: z.enum(plans).nullable().describe('null until the developer subscribes the app'),
    status: z.enum(['active', 'suspended', 'deleted']).describe('only an active app is served'),
    environments: z
      .array(z.enum(environments))
      .describe('environments the app may use now; always empty when suspended, deleted or unsubscribed'),
    require_pkce: z.boolean().describe('whether the authorization endpoint insists on PKCE'),
    require_pushed_authorization_requests: z
      .boolean()
      .optional()
      .describe('whether the app must push its authorization requests (RFC 9126); absent before version 0.2'),
    dpop_bound_access_tokens: z
      .boolean()
      .optional()
      .describe('whether the tokens of the app are bound to its key (RFC 9449); absent before version 0.2'),
    token_endpoint_auth_method: z
      .enum(clientAuthMethods)
      .optional()
      .describe('how the app authenticates; absent before version 0.2, and then `client_secret_basic`'),
    jwks: keySet.nullish().describe('public keys of the app for `private_key_jwt`, by value'),
    jwks_uri: z.string().nullish().describe('address of these keys; an app has `jwks` or `jwks_uri`'),
    secrets: z
      .array(
        z.object({
          sha256: z.string().describe('SHA-256 of the secret, base64url; secrets are 256-bit random'),
          expires_at: instant.nullable().describe('end of the grace period after a rotation; null when none'),
        }),
      )
      .describe('the secrets that are valid now'),
    portal_access: z
      .object({
        redirect_uri: z.string().describe("the portal's own redirect URI"),
        secret_sha256: z.string().describe("SHA-256 of the portal's secret for this app, base64url"),
      })
      .nullish()
      .describe('by which the portal runs the flow of the app for its developer; holds in the sandbox only'),
    tokens_valid_from: instant
      .nullable()
      .describe('tokens issued before are refused (set by suspension and deletion); null when never'),
    reviewed: reviewedApp
      .nullish()
      .describe('values that the platform team approved, and that hold in production; null before approval'),
    attested: z
      .boolean()
      .optional()
      .describe("whether the developer has attested the app's privacy practices; absent before version 0.2"),
    levers: appLevers
      .nullish()
      .describe('errors and ends that the developer asked for; valid in the sandbox only (decision 81)'),
  })
  .meta({ title: 'AppState', description: 'An app, as it is now' });
export type AppState = z.infer<typeof appState>;

export const grantEndReasons = [
  'member',
  'expired',
  'right-ended',
  'token-reuse',
  'app',
  'platform',
  'developer',
  'restore',
] as const;

/** A grant: the member, the app, the allowed access and its end. */
export const grantState = z
  .object({
    grant_id: z.string().describe('the `grant_id` claim of its tokens'),
    version: z.number().int().describe('1 when made, 2 when ended'),
    environment: z.enum(environments).describe('where it holds'),
    sub: z.string().describe('the member, as the issuer names them'),
    patient: z.string().describe('id of the Patient resource it opens'),
    related_person: z
      .string()
      .optional()
      .describe('id of the RelatedPerson as which the member acted; absent for own records'),
    client_id: z.string().describe('the app'),
    scope: z.string().describe('what the member allowed, separated by spaces'),
    sensitive: z
      .array(z.string())
      .optional()
      .describe('keys of the sensitive kinds of data that the member opened; absent means none'),
    status: z.enum(['active', 'revoked']).describe('a revoked grant stays revoked'),
    created_at: instant.describe('when the member allowed it'),
    expires_at: instant.describe('when it ends by itself'),
    revoked_at: instant.nullable().describe('when it ended; null while it lives'),
    revoked_reason: explanation(grantEndReasons, 'platform')
      .nullable()
      .describe('who or what ended it; null while it lives'),
  })
  .meta({ title: 'GrantState', description: 'A grant, as it is now' });
export type GrantState = z.infer<typeof grantState>;

/** An earlier end of a grant. The end only ever moves earlier. */
export const grantShortening = z
  .object({
    grant_id: z.string().describe('the `grant_id` claim of its tokens'),
    version: z.number().int().describe('when the end was moved, in milliseconds since 1970'),
    environment: z.enum(environments).describe('where the grant holds'),
    client_id: z.string().describe('the app'),
    expires_at: instant.describe('when the grant ends by itself now'),
  })
  .meta({ title: 'GrantShortening', description: 'The end that a member has chosen for a grant later on' });
export type GrantShortening = z.infer<typeof grantShortening>;

/**
 * A revocation of one token (`jti`), or of all tokens of a grant or environment that were issued before an
 * instant.
 */
export const tokenRevocation = z
  .object({
    id: z
      .string()
      .describe(
        "`jti` of the one token, the `grant_id` when a grant's tokens are meant, else the environment",
      ),
    version: z.number().int().describe('1 for a token; for a grant the instant, in milliseconds since 1970'),
    environment: z.enum(environments).describe('where the tokens are valid'),
    client_id: z.string().describe('the app that holds them'),
    jti: z.string().nullable().describe('the one token; null when many are meant'),
    grant_id: z
      .string()
      .nullable()
      .describe(
        'the grant they belong to; null for a token without one, and when all of the environment are meant',
      ),
    issued_before: instant
      .nullable()
      .describe('tokens of the grant with `iat` at or before it are refused; null when one token is meant'),
    expires_at: instant.describe('then every token meant here has expired, and the event may be forgotten'),
    reason: explanation(['app', 'token-reuse', 'code-reuse', 'right-ended', 'restore'], 'app').describe(
      'why',
    ),
    ends_grant: z.boolean().describe('whether the whole grant has ended, so that consent ends it too'),
  })
  .meta({
    title: 'TokenRevocation',
    description: 'One token, or the tokens of a grant, that are valid no more',
  });
export type TokenRevocation = z.infer<typeof tokenRevocation>;

/** Running totals of one app (and grant) on one day; a newer total replaces the older one. */
export const accessTotals = z
  .object({
    id: z.string().describe('`environment:client_id:grant_id-or-hyphen:day`'),
    version: z.number().int().describe('grows by one with each change of the total'),
    environment: z.enum(environments).describe('where the requests were made'),
    client_id: z.string().describe('the app'),
    grant_id: z.string().nullable().describe('null for directory access'),
    day: z.iso.date().describe('UTC'),
    requests: z.number().int().describe('all requests of the day so far'),
    errors: z.number().int().describe('of these, refused or failed (status 400 and above)'),
    last_at: instant.describe('the last request'),
    reads: z
      .array(
        z.object({
          type: z.string().describe('FHIR resource type that was asked for'),
          requests: z.number().int().describe('served requests for it'),
          resources: z.number().int().describe('resources in their answers'),
        }),
      )
      .optional()
      .describe('what was read, by resource type; absent from the previous version'),
  })
  .meta({ title: 'AccessTotals', description: 'How often an app has asked on one day' });
export type AccessTotals = z.infer<typeof accessTotals>;

/** The numbers of records of some members. A newer number of a member replaces the older one. */
export const recordCounts = z
  .object({
    id: z.string().describe('of this batch'),
    version: z.number().int().describe('when they were counted, in milliseconds since 1970'),
    environment: z.enum(environments).describe('where the records are'),
    members: z
      .array(
        z.object({
          patient: z.string().describe('id of the Patient resource'),
          counts: z
            .array(
              z.object({
                type: z.string().describe('FHIR resource type'),
                count: z.number().int().describe('resources of this type'),
                since: z.iso.date().nullable().describe('earliest date in them; null without any date'),
              }),
            )
            .describe('types without resources are absent'),
        }),
      )
      .max(100)
      .describe('at most 100'),
  })
  .meta({ title: 'RecordCounts', description: 'How many records of which type some members have' });
export type RecordCounts = z.infer<typeof recordCounts>;

/**
 * An authorization request of a known app that ended in an error; shown to the app's developer in the portal.
 */
export const authorizationFailure = z
  .object({
    id: z.string().describe('of this failure'),
    version: z.number().int().describe('always 1'),
    environment: z.enum(environments).describe('where it was tried'),
    client_id: z.string().describe('the app'),
    at: instant.describe('when'),
    error: z.string().describe('OAuth error code'),
    detail: z.string().describe('what was wrong, in words for the developer'),
    redirect_uri: z.string().optional().describe('as sent'),
    lever: z.string().optional().describe('id of the lever that caused the error, if one did'),
  })
  .meta({ title: 'AuthorizationFailure', description: 'An authorization request that ended in an error' });
export type AuthorizationFailure = z.infer<typeof authorizationFailure>;

/** For replicas of the version before decision 20, which measure the freshness of their knowledge by it. */
export const heartbeat = z
  .object({
    id: z.string().describe('the service that sends it: `consent`'),
    version: z.number().int().describe('`at`, in milliseconds since 1970'),
    at: instant.describe('every grant that ended before was published before this event'),
  })
  .meta({ title: 'Heartbeat', description: 'How far the ends of grants have been published' });
export type Heartbeat = z.infer<typeof heartbeat>;
