import type { DocumentedError } from './documented-error.js';

const fhir = (
  code: string,
  statuses: readonly number[],
  ...causes: readonly (readonly [cause: string, fix: string])[]
): DocumentedError => ({
  code,
  source: 'fhir',
  statuses,
  causes: causes.map(([cause, fix]) => ({ cause, fix })),
});

/**
 * Errors of the FHIR API: `issue.code` of the OperationOutcome, and the errors of RFC 6750 in
 * `WWW-Authenticate`.
 */
export const fhirErrors: readonly DocumentedError[] = [
  fhir(
    'login',
    [401],
    [
      'The request has no access token, or one that is malformed, altered, revoked or of the other environment.',
      'Send Authorization: Bearer and a token of this environment. If its grant has ended, send the member to the authorization endpoint again.',
    ],
  ),
  fhir('expired', [401], ['The access token has expired.', 'Use the refresh token, or ask for a new token.']),
  fhir(
    'security',
    [401],
    [
      'The token is not a token that this server accepts, such as an id_token.',
      'Send the access_token of the token answer.',
    ],
  ),
  fhir(
    'invalid_token',
    [401],
    [
      'WWW-Authenticate names this error when a token was sent and is not accepted.',
      'Read the OperationOutcome: its issue says which of the causes it is.',
    ],
  ),
  fhir(
    'invalid_dpop_proof',
    [401],
    [
      'The proof in the header DPoP is missing, was used before, or does not fit the request or the token.',
      'Make a new proof for each request: htm and htu are its method and URL, ath is the hash of the token, jti is new.',
    ],
  ),
  fhir(
    'insufficient_scope',
    [403],
    [
      'WWW-Authenticate names this error when the token is good but does not allow the request.',
      'Use an app of the plan that reads the resource type.',
    ],
  ),
  fhir(
    'forbidden',
    [403],
    [
      'The token’s plan does not read this resource type, or the app may not use the environment.',
      'See which plan reads which types in the FHIR reference. For another plan, create another app.',
    ],
  ),
  fhir(
    'not-found',
    [404],
    [
      'The resource does not exist, or it is not the member’s. The answer is the same for both.',
      'Check the id. A member’s token reads the member’s own records and the resources they point to.',
    ],
  ),
  fhir('deleted', [410], ['The resource was deleted.', 'Forget the resource.']),
  fhir(
    'invalid',
    [400],
    [
      'A parameter has a value that its type does not allow, such as a date that is none.',
      'The diagnostics name the parameter and what it takes.',
    ],
  ),
  fhir(
    'not-supported',
    [400, 404, 405, 406, 415],
    [
      'The request uses a parameter, modifier, resource type, method or format that this server does not have.',
      'The FHIR reference and the CapabilityStatement list what there is. Prefer: handling=lenient ignores unknown parameters.',
    ],
  ),
  fhir(
    'too-costly',
    [400],
    [
      'The search is too large to run: too many values, too long a chain, or too many included resources.',
      'Narrow the search, or split it.',
    ],
  ),
  fhir('too-long', [413], ['The body of the search is too long.', 'Split the search.']),
  fhir(
    'throttled',
    [429, 503],
    [
      'The app sends more than its share of requests.',
      'Wait as many seconds as Retry-After says, and send fewer requests at a time.',
    ],
  ),
  fhir(
    'transient',
    [503],
    [
      'The server cannot confirm at the moment that nothing has ended, or cannot reach its database.',
      'Wait as many seconds as Retry-After says, then send the request again.',
    ],
  ),
  fhir(
    'structure',
    [400],
    [
      'The request is not valid HTTP/1.1.',
      'Use an HTTP library, and percent-encode what an address cannot hold.',
    ],
  ),
  fhir(
    'timeout',
    [408, 503],
    ['The request did not arrive whole in time (408).', 'Send the whole request at once.'],
    ['The search took too long and was stopped (503).', 'Narrow the search, or ask for smaller pages.'],
  ),
  fhir(
    'exception',
    [500],
    [
      'Something failed on the server.',
      'Send the request again later. If it fails again, ask with the X-Request-Id of the answer.',
    ],
  ),
];
