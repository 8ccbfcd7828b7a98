import type { ServiceName } from './events.js';

/** Services that may call a route. Any other caller is refused, even with a valid token. */
type Callers = readonly ServiceName[];

/** The routes that services serve for each other, by called service, with their allowed callers. */
export const internalRoutes = {
  registration: {
    facts: ['auth-server', 'consent', 'fhir-api'],
    logos: ['consent'],
    'mail to a member': ['auth-server'],
  },
  consent: {
    facts: ['auth-server', 'fhir-api'],
    'status of a grant': ['fhir-api'],
    'live grants': ['auth-server'],
    'sign-out of a member': ['auth-server'],
  },
  'auth-server': {
    facts: ['consent', 'fhir-api'],
    'ids of a member': ['registration'],
    'redeemed grants': ['consent'],
    'notice about a grant': ['consent'],
  },
  'fhir-api': { 'access records': ['registration'], loads: ['registration'] },
} as const satisfies Record<ServiceName, Record<string, Callers>>;

/** Validity of a service's token in seconds (`exp` - `iat`). */
export const serviceTokenLifetime = 60;
/**
 * Header `typ` of a service's token, so that no other token of the platform passes as one (RFC 8725 §3.11).
 */
export const serviceTokenType = 'service+jwt';
