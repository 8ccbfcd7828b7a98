import { z } from 'zod';
import { environments } from './environments.js';

/**
 * Actions of the audit trail, by the service that owns the fact. fhir-api stores `data-access` itself and
 * answers queries about it.
 */
export const auditActions = {
  registration: [
    'developer-signed-up',
    'app-registered',
    'app-updated',
    'app-deleted',
    'secret-replaced',
    'secret-ended',
    'plan-subscribed',
    'lever-pulled',
    'production-requested',
    'production-withdrawn',
    'production-changes-requested',
    'production-approved',
    'production-rejected',
    'production-appealed',
    'app-attested',
    'app-change-approved',
    'app-change-rejected',
    'team-member-added',
    'team-member-changed',
    'app-suspended',
    'app-reinstated',
    'initial-access-token-issued',
    'initial-access-token-revoked',
    'email-confirmed',
    'webhook-added',
    'webhook-removed',
    'webhook-secret-replaced',
    'audit-exported',
    'audit-export-completed',
    'signed-in',
    'sign-in-refused',
    'sign-in-throttled',
    'password-changed',
    'password-reset-requested',
    'password-reset',
    'sessions-ended',
    'passkey-added',
    'passkey-removed',
    'organization-created',
    'organization-renamed',
    'organization-invited',
    'organization-invitation-withdrawn',
    'organization-joined',
    'organization-left',
    'organization-role-changed',
    'organization-member-removed',
  ],
  'auth-server': [
    'signed-in',
    'sign-in-refused',
    'sign-in-throttled',
    'second-factor-added',
    'second-factor-removed',
    'token-revoked',
    'grant-ended',
    'member-removed',
    'signing-keys-rotated',
  ],
  consent: [
    'grant-allowed',
    'grant-created',
    'grant-denied',
    'grant-shortened',
    'grant-revoked',
    'signing-keys-rotated',
  ],
  'fhir-api': ['data-access'],
} as const;
export type AuditAction = (typeof auditActions)[keyof typeof auditActions][number];

/** Every action once, for lists to choose from. */
export const allAuditActions: readonly AuditAction[] = [...new Set(Object.values(auditActions).flat())];

/**
 * `app` acts with its credentials or token, `system` acts without a person (expiry), and `unknown` has not
 * identified itself.
 */
const actorRoles = ['member', 'developer', 'platform', 'app', 'system', 'unknown'] as const;
export type ActorRole = (typeof actorRoles)[number];

/**
 * One act, written once and never changed. It identifies a member by `sub` only, and contains no token,
 * secret, password, clinical data or free text from a stranger.
 */
export const auditEntry = z
  .object({
    id: z.uuid(),
    version: z.number().int().describe('always 1: an entry never changes'),
    at: z.iso.datetime().describe('when it happened'),
    service: z.string().describe('who owns the fact'),
    action: z.string().describe('what happened, a word of auditActions; later versions add some'),
    actor_role: z.enum(actorRoles).catch('unknown').describe('as what somebody acted'),
    actor: z
      .string()
      .nullable()
      .describe(
        'sub of a member, email of a developer or of the platform team, client_id of an app; null when unknown',
      ),
    environment: z.enum(environments).nullable().describe('null where it is about neither'),
    client_id: z.string().nullable().describe('the app it is about'),
    grant_id: z.string().nullable().describe('the grant it is about'),
    sub: z.string().nullable().describe('the member it is about'),
    request_id: z.string().nullable().describe('X-Request-Id of the request that did it'),
    trace_id: z.string().nullable().describe('trace id (W3C Trace Context) of the request that did it'),
    detail: z.record(z.string(), z.unknown()).describe('what else there is to know, by action'),
  })
  .meta({ title: 'AuditEntry', description: 'One act, for the audit trail of the platform team' });
export type AuditEntry = z.infer<typeof auditEntry>;
