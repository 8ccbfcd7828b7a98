import { z } from 'zod';
import { environments } from './environments.js';
import { plans } from './plans.js';

/*
 * Event contracts: CloudEvents 1.0 attributes; `data` carries the whole current state of the thing and its `version`,
 * so that applying an event twice, or late, changes nothing. Unknown fields are ignored: producers may add some.
 */

const instant = z.iso.datetime();

/** An app (OAuth client) as every service but registration knows it. Member names are RFC 7591's where it has one. */
export const appState = z.object({
  client_id: z.string(),
  version: z.number().int(),
  client_name: z.string(),
  organization: z.string(),
  redirect_uris: z.array(z.string()),
  client_uri: z.string().nullish(),
  logo_uri: z.string().nullish(),
  policy_uri: z.string().nullish(),
  tos_uri: z.string().nullish(),
  /** null until the developer subscribes the app. */
  plan: z.enum(plans).nullable(),
  status: z.enum(['active', 'suspended', 'deleted']),
  /** Environments the app may use now; always empty when suspended, deleted or unsubscribed. */
  environments: z.array(z.enum(environments)),
  /** Whether the authorization endpoint insists on PKCE. */
  require_pkce: z.boolean(),
  /** SHA-256 (base64url) of each secret that is valid now or until `expires_at`; secrets are 256-bit random. */
  secrets: z.array(z.object({ sha256: z.string(), expires_at: instant.nullable() })),
  /** The app's tokens issued before this instant are refused (set when it is suspended or deleted); null when never. */
  tokens_valid_from: instant.nullable(),
});
export type AppState = z.infer<typeof appState>;

export const grantEndReasons = ['member', 'expired', 'token-reuse', 'app', 'platform'] as const;

/** A grant: which member lets which app see what, until when. */
export const grantState = z.object({
  grant_id: z.string(),
  version: z.number().int(),
  environment: z.enum(environments),
  sub: z.string(),
  patient: z.string(),
  client_id: z.string(),
  scope: z.string(),
  status: z.enum(['active', 'revoked']),
  created_at: instant,
  expires_at: instant,
  revoked_at: instant.nullable(),
  revoked_reason: z.enum(grantEndReasons).nullable(),
});
export type GrantState = z.infer<typeof grantState>;

/** One token (`jti`), or all tokens of a grant issued before an instant. */
export const tokenRevocation = z.object({
  /** `jti` of the one token, or the `grant_id` when all of the grant's tokens are meant. */
  id: z.string(),
  version: z.number().int(),
  environment: z.enum(environments),
  client_id: z.string(),
  jti: z.string().nullable(),
  grant_id: z.string().nullable(),
  /** Tokens of the grant with `iat` at or before this instant are refused; null when one token is meant. */
  issued_before: instant.nullable(),
  /** After this instant every token meant here has expired and the revocation may be forgotten. */
  expires_at: instant,
  reason: z.enum(['app', 'token-reuse', 'code-reuse']),
  /** Whether the whole grant has ended, so that consent ends it too. */
  ends_grant: z.boolean(),
});
export type TokenRevocation = z.infer<typeof tokenRevocation>;

/** Running totals of one app (and grant) on one day; a newer total replaces the older. */
export const accessTotals = z.object({
  /** `environment:client_id:grant_id-or-hyphen:day` */
  id: z.string(),
  version: z.number().int(),
  environment: z.enum(environments),
  client_id: z.string(),
  grant_id: z.string().nullable(),
  day: z.iso.date(),
  requests: z.number().int(),
  /** Requests refused or failed (status 400 and above). */
  errors: z.number().int(),
  last_at: instant,
});
export type AccessTotals = z.infer<typeof accessTotals>;

/** An authorization request of a known app that ended in an error; shown to its developer in the portal. */
export const authorizationFailure = z.object({
  id: z.string(),
  version: z.number().int(),
  environment: z.enum(environments),
  client_id: z.string(),
  at: instant,
  /** OAuth error code. */
  error: z.string(),
  detail: z.string(),
  redirect_uri: z.string().optional(),
});
export type AuthorizationFailure = z.infer<typeof authorizationFailure>;

/** Travels the same road as the grant events, so that who hears it knows how fresh its knowledge is. */
export const heartbeat = z.object({ id: z.string(), version: z.number().int(), at: instant });
export type Heartbeat = z.infer<typeof heartbeat>;

/** Every event: its topic, who emits it, what identifies the thing (message key), and the contract of `data`. */
export const eventContracts = {
  'app-registered': { source: 'registration', key: 'client_id', data: appState },
  'app-updated': { source: 'registration', key: 'client_id', data: appState },
  'app-approved': { source: 'registration', key: 'client_id', data: appState },
  'app-suspended': { source: 'registration', key: 'client_id', data: appState },
  'grant-created': { source: 'consent', key: 'grant_id', data: grantState },
  'grant-revoked': { source: 'consent', key: 'grant_id', data: grantState },
  'token-revoked': { source: 'auth-server', key: 'id', data: tokenRevocation },
  'authorization-failed': { source: 'auth-server', key: 'id', data: authorizationFailure },
  'access-recorded': { source: 'fhir-api', key: 'id', data: accessTotals },
  heartbeat: { source: 'consent', key: 'id', data: heartbeat },
} as const;

export type EventType = keyof typeof eventContracts;
export const eventTypes = Object.keys(eventContracts) as EventType[];
/** Events whose `data` is an {@link AppState}. */
export const appEventTypes = ['app-registered', 'app-updated', 'app-approved', 'app-suspended'] as const;
export type EventData<T extends EventType> = z.infer<(typeof eventContracts)[T]['data']>;

/** CloudEvents 1.0 envelope (structured mode). `subject` is the key of the thing. */
export interface CloudEvent<T extends EventType = EventType> {
  specversion: '1.0';
  id: string;
  source: string;
  type: T;
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  /** W3C trace context of the request that caused the event (CloudEvents distributed tracing extension). */
  traceparent?: string;
  data: EventData<T>;
}

const envelope = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.enum(eventTypes as [EventType, ...EventType[]]),
  subject: z.string().min(1),
  time: instant,
  datacontenttype: z.literal('application/json'),
  traceparent: z.string().optional(),
  data: z.unknown(),
});

/**
 * Makes an event of a thing's current state.
 * @throws ZodError when `data` breaks the contract
 */
export function cloudEvent<T extends EventType>(
  type: T,
  data: EventData<T>,
  attributes: { id: string; time: Date; traceparent?: string },
): CloudEvent<T> {
  const contract = eventContracts[type];
  const parsed = contract.data.parse(data) as EventData<T>;
  return {
    specversion: '1.0',
    id: attributes.id,
    source: `/${contract.source}`,
    type,
    subject: String((parsed as Record<string, unknown>)[contract.key]),
    time: attributes.time.toISOString(),
    datacontenttype: 'application/json',
    ...(attributes.traceparent ? { traceparent: attributes.traceparent } : {}),
    data: parsed,
  };
}

/**
 * Reads an event as it came from a transport.
 * @throws Error saying which part breaks the contract
 */
export function parseCloudEvent(value: unknown): CloudEvent {
  const head = envelope.safeParse(value);
  if (!head.success) throw new Error(`not an event: ${z.prettifyError(head.error)}`);
  const data = eventContracts[head.data.type].data.safeParse(head.data.data);
  if (!data.success) throw new Error(`not a valid ${head.data.type}: ${z.prettifyError(data.error)}`);
  return { ...head.data, data: data.data } as CloudEvent;
}
