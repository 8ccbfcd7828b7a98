import type { FastifyRequest } from 'fastify';
import type { VerifiedToken } from '../verified-token.js';

/** FHIR base URL of the simulated sandbox. */
export const base = 'http://sandbox/fhir';

export interface SimulatedToken {
  claims: { client_id: string; grant_id?: string; jti: string };
  resourceType: string;
  /** True time at which the first revocation of the token was committed. */
  endedAt: number | undefined;
}

/** A request with the token. @param waits whether the answer takes time to make */
export function requestOf({ claims, resourceType }: SimulatedToken, waits: boolean): FastifyRequest {
  const url = `${new URL(base).pathname}/${resourceType}/${waits ? 'slow' : 'quick'}`;
  const headers = { host: new URL(base).host, authorization: claims.jti };
  return { id: claims.jti, method: 'GET', headers, raw: { url } } as unknown as FastifyRequest;
}

/** A token of an app; with a grant it is a member's. */
export function token(clientId: string, grantId: string | undefined, jti: string): SimulatedToken {
  return {
    claims: { client_id: clientId, jti, ...(grantId ? { grant_id: grantId } : {}) },
    resourceType: grantId ? 'Patient' : 'Practitioner',
    endedAt: undefined,
  };
}

/** A token issued long before the first event. The replica's clock may be wrong by hours. */
export function claimsOf({ claims }: SimulatedToken): VerifiedToken['claims'] {
  const now = Math.floor(Date.now() / 1000);
  const scope = claims.grant_id ? 'openid fhirUser launch/patient patient/*.rs' : 'system/*.rs';
  return {
    iss: 'issuer',
    aud: 'base',
    sub: 'subject',
    scope,
    ...claims,
    ...(claims.grant_id ? { patient: 'one' } : {}),
    iat: issuedAt(now),
    exp: now + 365 * 24 * 3600,
  };
}

const issuedAt = (now: number) => now - 24 * 3600;
