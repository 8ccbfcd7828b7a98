import { z } from 'zod';
import { environments } from './environments.js';

/** What the audit trail tells of, by who owns the fact. `data-access` is kept by fhir-api itself and asked for there. */
export const auditActions = {
  registration: [
    'developer-signed-up',
    'app-registered',
    'app-updated',
    'app-deleted',
    'secret-replaced',
    'secret-ended',
    'plan-subscribed',
    'production-requested',
    'production-approved',
    'production-rejected',
    'app-suspended',
    'app-reinstated',
    'initial-access-token-issued',
    'audit-exported',
    'audit-export-completed',
    'signed-in',
    'sign-in-refused',
    'sign-in-throttled',
    'password-changed',
    'password-reset-requested',
    'password-reset',
    'sessions-ended',
  ],
  'auth-server': [
    'signed-in',
    'sign-in-refused',
    'sign-in-throttled',
    'token-revoked',
    'grant-ended',
    'signing-keys-rotated',
  ],
  consent: ['grant-allowed', 'grant-created', 'grant-denied', 'grant-revoked', 'signing-keys-rotated'],
  'fhir-api': ['data-access'],
} as const;
export type AuditAction = (typeof auditActions)[keyof typeof auditActions][number];

/** Every action once, for those who choose among them. */
export const allAuditActions: readonly AuditAction[] = [...new Set(Object.values(auditActions).flat())];

/** `app` acts by its credentials or token, `system` by itself (expiry), `unknown` could not say who they are. */
export const actorRoles = ['member', 'developer', 'platform', 'app', 'system', 'unknown'] as const;
export type ActorRole = (typeof actorRoles)[number];

/**
 * One act, written once and never changed. It names a member by `sub` only, and holds no token, secret, password, clinical
 * data or text that a stranger typed.
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
