import { authorizationCodeLifetime } from '@payer/smart';
import { grantDetails } from './engine-texts.js';

const again = 'start again at the authorization endpoint';

/**
 * Faults of a code or refresh token, by the engine's detail. The client is authenticated at this point, so
 * the reason reaches only the app. `grant-state.ts` has the texts for a grant that has ended.
 */
const grantFaults: Record<string, string> = {
  [grantDetails.codeNotFound]: `the code is unknown, older than ${authorizationCodeLifetime} seconds, or its grant has ended; ${again}`,
  [grantDetails.codeExpired]: `the code is older than ${authorizationCodeLifetime} seconds; ${again}`,
  [grantDetails.codeRedirectUri]:
    'redirect_uri must be the one of the authorization request, character for character',
  [grantDetails.refreshTokenNotFound]: `the refresh token is unknown, or its grant has ended; ${again}`,
  [grantDetails.grantNotFound]: `the grant has ended; ${again}`,
  [grantDetails.otherClient]: 'it was given to another client',
  [grantDetails.verifierMissing]: 'code_verifier is missing; the authorization request had a code_challenge',
  [grantDetails.verifierUnasked]:
    'there is a code_verifier, but the authorization request had no code_challenge',
  [grantDetails.verifierWrong]:
    'code_verifier does not match the code_challenge of the authorization request',
};

/** Faults of a DPoP proof where the engine answers `invalid_grant` (RFC 9449 §5: `invalid_dpop_proof`). */
const proofFaults: Record<string, string> = {
  [grantDetails.proofMissing]:
    'the app is set to DPoP: send the header DPoP with a proof of the key of the tokens (RFC 9449)',
  [grantDetails.proofReused]: 'the DPoP proof was used before; make a new one for each request',
  [grantDetails.proofOfOtherRequest]:
    'the DPoP proof has another key than the authorization request (dpop_jkt)',
  [grantDetails.proofOfOtherKey]: 'the DPoP proof has another key than the refresh token',
};

const texts: Record<string, string> = {
  invalid_grant: `the code or refresh token is unknown, expired, used before or revoked; ${again}`,
  invalid_client:
    'client authentication failed; send client_id and client_secret with HTTP Basic authentication (client_secret_basic), ' +
    'or a client_assertion if the app is registered for private_key_jwt',
  temporarily_unavailable:
    'this server cannot confirm at the moment which grants and apps have ended, so it gives no tokens. Nothing is wrong with the request: send it again after the time in Retry-After',
  unsupported_grant_type: 'grant_type must be authorization_code, refresh_token or client_credentials',
};

/**
 * The error about the DPoP proof of a refused request, or undefined when the refusal has another reason.
 * @param detail the engine's own detail
 */
export function proofRefusal(error: string, detail: string | undefined) {
  const fault = error === 'invalid_grant' && detail !== undefined ? proofFaults[detail] : undefined;
  return fault && { error: 'invalid_dpop_proof', error_description: fault };
}

/**
 * A text for `error_description` (RFC 6749 §5.2) that says how to fix the request.
 * @param detail the engine's own detail; an unknown detail is not shown
 */
export function refusalText(error: string, detail?: string): string | undefined {
  return (error === 'invalid_grant' && detail && grantFaults[detail]) || texts[error];
}
