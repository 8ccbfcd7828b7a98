import { FhirError } from '@payer/fhir-store';
import { bearerChallenge, dpopChallenge, realmChallenge } from './www-authenticate.js';

/** The content of a refusal: HTTP status, the issue of its OperationOutcome, and headers. */
export interface RefusalDetails {
  status: number;
  /** FHIR IssueType. */
  issueCode: string;
  /** Text for the developer: the fault, the expectation and the remedy. */
  text: string;
  headers?: Record<string, string>;
}

/** The error that refuses a request. */
export class Refusal extends FhirError {
  constructor({ status, issueCode, text, headers }: RefusalDetails) {
    super(status, issueCode, text, undefined, headers);
  }
}

/** 401 for a request without a token. It has no error code, because no token was wrong (RFC 6750 §3.1). */
export function tokenMissing(fhirBaseUrl: string, text: string): Refusal {
  return new Refusal({
    status: 401,
    issueCode: 'login',
    text,
    headers: { 'www-authenticate': realmChallenge(fhirBaseUrl) },
  });
}

/**
 * 401: the token is malformed, altered, expired, revoked, or from another environment (RFC 6750 §3.1).
 * @param page documentation page of the state that refuses the token
 */
export function invalidToken(
  text: string,
  issueCode: 'login' | 'expired' | 'security' = 'login',
  page?: string,
): Refusal {
  return new Refusal({
    status: 401,
    issueCode,
    text,
    headers: { 'www-authenticate': bearerChallenge('invalid_token', text, { error_uri: page }) },
  });
}

/** 403: the token is valid, but does not permit this request (RFC 6750 §3.1). */
export function insufficientScope(text: string, scopes: readonly string[] = []): Refusal {
  const scope = scopes.length > 0 ? scopes.join(' ') : undefined;
  return new Refusal({
    status: 403,
    issueCode: 'forbidden',
    text,
    headers: { 'www-authenticate': bearerChallenge('insufficient_scope', text, { scope }) },
  });
}

/** 401 with the challenge of RFC 9449 §7.1. */
export function invalidProof(error: 'invalid_token' | 'invalid_dpop_proof', text: string): Refusal {
  return new Refusal({
    status: 401,
    issueCode: 'security',
    text,
    headers: { 'www-authenticate': dpopChallenge(error, text) },
  });
}

/** 503: the access cannot be confirmed now. The app may try again. */
export function tryAgain(text: string, seconds: number): Refusal {
  return new Refusal({
    status: 503,
    issueCode: 'transient',
    text,
    headers: { 'retry-after': String(seconds) },
  });
}
