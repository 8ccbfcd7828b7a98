import { assertionAlgorithms, assertionMaxLifetime, type AppState } from '@payer/smart';
import type { JWTHeaderParameters, JWTPayload } from 'jose';

/** `client_assertion_type` of a JWT (RFC 7523 §2.2). */
export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Seconds by which the clocks of app and server may differ. */
export const clockTolerance = 15;

const maxJti = 256;

/** A client assertion as it was sent, before its signature is verified. */
export interface ReadAssertion {
  app: AppState;
  header: Partial<JWTHeaderParameters>;
  claims: JWTPayload;
  /**
   * The values of `aud` that mean this server: its issuer, the token endpoint, the endpoint of the request.
   */
  audiences: readonly string[];
  /** Seconds since the epoch. */
  now: number;
}

/** A rule of RFC 7523 §3 or SMART 2.2. It returns the fault in words for the developer, or undefined. */
type Rule = (assertion: ReadAssertion) => string | undefined;

const algorithmIsAllowed: Rule = ({ header }) =>
  (assertionAlgorithms as readonly unknown[]).includes(header.alg)
    ? undefined
    : `alg must be ${assertionAlgorithms.join(' or ')}`;

const keySetIsTheRegisteredOne: Rule = ({ app, header }) =>
  header.jku === undefined || header.jku === app.jwks_uri
    ? undefined
    : 'jku must be the jwks_uri that is registered for the app, or absent';

const issuerIsTheApp: Rule = ({ app, claims }) =>
  claims.iss === app.client_id && claims.sub === app.client_id
    ? undefined
    : 'iss and sub must both be the client_id';

const audienceIsThisServer: Rule = ({ claims, audiences }) => {
  const named = [claims.aud].flat();
  return named.some((one) => one !== undefined && audiences.includes(one))
    ? undefined
    : `aud must be the token endpoint of this environment, ${audiences[0]}`;
};

const hasNotExpired: Rule = ({ claims: { exp }, now }) => {
  if (typeof exp !== 'number') return 'exp is missing; it must be a number of seconds since 1970';
  return exp + clockTolerance > now ? undefined : 'it has expired; make a new one for each request';
};

const isShortLived: Rule = ({ claims: { exp = 0 }, now }) =>
  exp <= now + assertionMaxLifetime + clockTolerance
    ? undefined
    : `exp must be at most ${assertionMaxLifetime} seconds in the future`;

const hasBegun: Rule = ({ claims: { nbf, iat }, now }) => {
  const from = Math.max(...[nbf, iat].map((time) => (typeof time === 'number' ? time : 0)));
  return from <= now + clockTolerance ? undefined : 'nbf or iat is in the future; check the clock of the app';
};

const hasAnId: Rule = ({ claims: { jti } }) =>
  typeof jti === 'string' && jti !== '' && jti.length <= maxJti
    ? undefined
    : `jti is missing; it must be a new text of at most ${maxJti} characters for each assertion`;

/** The rules for the header and the claims, in the order in which a developer can correct them. */
const rules: readonly Rule[] = [
  algorithmIsAllowed,
  keySetIsTheRegisteredOne,
  issuerIsTheApp,
  audienceIsThisServer,
  hasNotExpired,
  isShortLived,
  hasBegun,
  hasAnId,
];

/** The first fault of a client assertion besides its signature and its repeated use, or undefined. */
export function assertionProblem(assertion: ReadAssertion): string | undefined {
  for (const rule of rules) {
    const problem = rule(assertion);
    if (problem) return problem;
  }
  return undefined;
}
