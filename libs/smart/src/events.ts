import { z } from 'zod';
import { auditEntry } from './audit.js';
import { requestBatch } from './request-records.js';
import {
  appState,
  grantShortening,
  grantState,
  tokenRevocation,
  accessTotals,
  recordCounts,
  authorizationFailure,
  heartbeat,
} from './event-data.js';

export {
  appState,
  grantEndReasons,
  grantState,
  heartbeat,
  tokenRevocation,
  type AccessTotals,
  type AppState,
  type AuthorizationFailure,
  type GrantShortening,
  type GrantState,
  type Heartbeat,
  type RecordCounts,
  type TokenRevocation,
} from './event-data.js';

/*
 * Event contracts, with CloudEvents 1.0 attributes. `data` holds the whole current state of its subject and
 * the `version` of that state, so applying an event twice or late changes nothing. Consumers ignore unknown
 * fields, so producers may add fields. docs/events.md defines how a contract may change; its tables are
 * generated from this file (`npm run event-docs`).
 */

export const serviceNames = ['auth-server', 'consent', 'fhir-api', 'registration'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The contract of one event type. The type's name is its topic. */
interface EventContract {
  /** Services that may emit the event. Every consumer refuses an event signed by another service. */
  sources: readonly [ServiceName, ...ServiceName[]];
  /** The field of `data` that identifies the subject: key of the message, `subject` of the event. */
  key: string;
  data: z.ZodObject;
  /** The meaning of the event. */
  meaning: string;
  /** The services that act on the event, each with its action. */
  actedOn: Partial<Record<ServiceName, string>>;
  /** Hours for which the log keeps the event; null: the newest event of each key is kept without limit. */
  keptHours: number | null;
  /** Whether consumers may apply the event a second later, together with others. No decision needs it. */
  mayWait?: true;
}

const month = 30 * 24;
const takenByAll = {
  'auth-server': 'keeps the state in its model of apps; logs the app in or refuses it by that',
  consent: 'keeps the state in its model of apps, to name the app on its pages',
  'fhir-api': 'keeps the state in memory; serves or refuses the app by that',
} as const;

/**
 * All event types: topic, emitting services, identifying field (message key), contract of `data`, and acting
 * services.
 */
export const eventContracts = {
  'app-registered': {
    sources: ['registration'],
    key: 'client_id',
    data: appState,
    meaning: 'A developer has created an app.',
    actedOn: takenByAll,
    keptHours: null,
  },
  'app-updated': {
    sources: ['registration'],
    key: 'client_id',
    data: appState,
    meaning: "An app's metadata, secret, plan or state has changed: also when it was reinstated, or deleted.",
    actedOn: {
      ...takenByAll,
      consent: `${takenByAll.consent}; ends the grants of a deleted app, and those that a lever ends`,
    },
    keptHours: null,
  },
  'app-approved': {
    sources: ['registration'],
    key: 'client_id',
    data: appState,
    meaning: 'The platform team has opened production to an app.',
    actedOn: takenByAll,
    keptHours: null,
  },
  'app-suspended': {
    sources: ['registration'],
    key: 'client_id',
    data: appState,
    meaning: 'The platform team has closed both environments to an app.',
    actedOn: takenByAll,
    keptHours: null,
  },
  'grant-created': {
    sources: ['consent'],
    key: 'grant_id',
    data: grantState,
    meaning: 'A member has allowed an app to see their data.',
    actedOn: { registration: 'keeps when which app had access to which patient, for the audit trail' },
    keptHours: null,
    mayWait: true,
  },
  'grant-revoked': {
    sources: ['consent'],
    key: 'grant_id',
    data: grantState,
    meaning:
      'A grant has ended: by the member, by time, with the right to act for the patient, by the app, by misuse ' +
      'of a token, or with its app.',
    actedOn: {
      'auth-server': "destroys the grant's codes and refresh tokens, and gives no more",
      'fhir-api': "refuses the grant's access tokens, in every replica",
      registration:
        'keeps when which app had access to which patient, for the audit trail, and sends the app its webhook',
    },
    keptHours: null,
  },
  'grant-shortened': {
    sources: ['consent'],
    key: 'grant_id',
    data: grantShortening,
    meaning: 'A member has chosen an earlier end for a grant. `grant-revoked` follows when the end comes.',
    actedOn: { 'fhir-api': 'shows the new end in the Consent that the app reads' },
    keptHours: null,
  },
  'token-revoked': {
    sources: ['auth-server'],
    key: 'id',
    data: tokenRevocation,
    meaning:
      'An app gave tokens back (RFC 7009), a code or refresh token was used twice, or a member may not act ' +
      'for the patient any more.',
    actedOn: {
      'fhir-api': 'refuses the access tokens meant, in every replica',
      consent: 'ends the grant when `ends_grant` says so',
    },
    keptHours: month,
  },
  'authorization-failed': {
    sources: ['auth-server'],
    key: 'id',
    data: authorizationFailure,
    meaning: 'An authorization request of a known app ended in an error.',
    actedOn: { registration: 'shows it to the developer in the portal' },
    keptHours: month,
  },
  'access-recorded': {
    sources: ['fhir-api'],
    key: 'id',
    data: accessTotals,
    meaning: 'How often an app has asked on one day, by grant; a running total, sent in batches.',
    actedOn: {
      consent: 'shows the member when the app last read which kinds of data, and how much',
      registration: "keeps the developer's traffic and the payer's yearly figures",
    },
    keptHours: month,
  },
  'records-counted': {
    sources: ['fhir-api'],
    key: 'id',
    data: recordCounts,
    meaning: 'How many records some members have, by resource type. Each number comes again once a month.',
    actedOn: { consent: 'shows the member how much data an app will see, before the yes' },
    keptHours: 2 * month,
  },
  'requests-recorded': {
    sources: ['auth-server', 'fhir-api'],
    key: 'id',
    data: requestBatch,
    meaning: 'Which requests an app has made in the last seconds, and how they were answered; bounded.',
    actedOn: { registration: 'shows them to the developer in the portal' },
    keptHours: 7 * 24,
  },
  'audit-recorded': {
    sources: ['auth-server', 'consent'],
    key: 'id',
    data: auditEntry,
    meaning: 'Somebody signed in or could not, a grant was made, denied or ended, or a token was revoked.',
    actedOn: { registration: 'keeps the entry in the trail that the platform team queries' },
    keptHours: 12 * month,
    mayWait: true,
  },
  heartbeat: {
    sources: ['consent'],
    key: 'id',
    data: heartbeat,
    meaning: 'All ends of grants before `at` have been published. For replicas of an earlier version.',
    actedOn: {},
    keptHours: 1,
  },
} as const satisfies Record<string, EventContract>;

export type EventType = keyof typeof eventContracts;
export const eventTypes = Object.keys(eventContracts) as EventType[];
export type AppEventType = {
  [Type in EventType]: (typeof eventContracts)[Type]['data'] extends typeof appState ? Type : never;
}[EventType];
/** Event types with an {@link AppState} as `data`. A service that stores apps subscribes to all of them. */
export const appEventTypes = eventTypes.filter(
  (type): type is AppEventType => eventContracts[type].data === appState,
);
/** Event types that consumers may apply a second later (`mayWait`). */
export const waitingEventTypes: readonly string[] = eventTypes.filter(
  (type) => 'mayWait' in eventContracts[type],
);
export type EventData<T extends EventType> = z.infer<(typeof eventContracts)[T]['data']>;
