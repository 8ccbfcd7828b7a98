import type { ServiceName } from './events.js';

/** Which services may use a route: a caller that is not named here is refused, whatever it can prove. */
type Callers = readonly ServiceName[];

/** The routes that services serve for each other, by the service that is called, and who may call. */
export const internalRoutes = {
  registration: { facts: ['auth-server', 'consent', 'fhir-api'] },
  consent: {
    facts: ['auth-server', 'fhir-api'],
    'status of a grant': ['fhir-api'],
    'live grants': ['auth-server'],
  },
  'auth-server': {
    facts: ['consent', 'fhir-api'],
    'ids of a member': ['registration'],
    'redeemed grants': ['consent'],
  },
  'fhir-api': { 'access records': ['registration'] },
} as const satisfies Record<ServiceName, Record<string, Callers>>;

/** Seconds that a service's token is valid (`exp` - `iat`). */
export const serviceTokenLifetime = 60;
/** Header `typ` of a service's token: no other token of the platform passes for one (RFC 8725 §3.11). */
export const serviceTokenType = 'service+jwt';
