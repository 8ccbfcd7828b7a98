/*
 * Texts of oidc-provider that identify its refusals, because the engine gives them no codes.
 * `engine-texts.spec.ts` checks each text against the installed version.
 */

/** Details of `invalid_grant`: the engine's reasons, which its answers omit. */
export const grantDetails = {
  codeNotFound: 'authorization code not found',
  codeExpired: 'authorization code is expired',
  codeRedirectUri: 'authorization code redirect_uri mismatch',
  codeUsed: 'authorization code already consumed',
  refreshTokenUsed: 'refresh token already used',
  refreshTokenNotFound: 'refresh token not found',
  refreshTokenExpired: 'refresh token is expired',
  grantNotFound: 'grant not found',
  grantExpired: 'grant is expired',
  otherClient: 'client mismatch',
  proofMissing: 'DPoP proof JWT not provided',
  proofReused: 'DPoP proof JWT Replay detected',
  proofOfOtherRequest: 'DPoP proof key thumbprint does not match dpop_jkt',
  proofOfOtherKey: 'failed jkt verification',
  verifierMissing: 'code_verifier must be provided',
  verifierUnasked: 'unsupported code_challenge_method',
  verifierWrong: 'code_verifier does not match code_challenge',
} as const;

/** Parts of `invalid_request` descriptions that mean another error (RFC 6749 §5.2). */
export const requestFaults = {
  /** The app may not use the grant type: `unauthorized_client`. */
  grantTypeNotAllowed: 'not allowed for this client',
  /** The client is unknown or not authenticated: `invalid_client`. */
  notAuthenticated: ['no client authentication', 'authorization header', 'client_secret must be provided'],
} as const;

/** The detail of `invalid_client` for a client assertion that was sent before. */
export const assertionUsed = 'client assertion tokens must only be used once';

/** The error message for a body that is too long. */
export const bodyTooLong = 'request entity too large';
