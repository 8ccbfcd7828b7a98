import { authorizationCodeLifetime } from '@payer/smart';
import { usedBefore } from './storage.js';

const again = 'start again at the authorization endpoint';

const reused =
  'it has been used before. A code and a refresh token are good once, and using one again ends the grant that it stands on ' +
  '(RFC 9700 §4.14.2): ' +
  again;

/**
 * What was wrong with a code or refresh token, by the engine's detail. The caller has proved to be the app by then, so the reason
 * tells nobody else anything.
 */
const grantFaults: Record<string, string> = {
  'authorization code not found': `the code is unknown, older than ${authorizationCodeLifetime} seconds, or its grant has ended; ${again}`,
  'authorization code is expired': `the code is older than ${authorizationCodeLifetime} seconds; ${again}`,
  'authorization code redirect_uri mismatch':
    'redirect_uri must be the one of the authorization request, character for character',
  'authorization code already consumed': reused,
  'refresh token already used': reused,
  [usedBefore]: reused,
  'refresh token not found': `the refresh token is unknown, or its grant has ended; ${again}`,
  'refresh token is expired': `the time for which the member shared has passed; ${again}`,
  'grant not found': `the member has ended this grant, or its time has passed; ${again}`,
  'grant is expired': `the time for which the member shared has passed; ${again}`,
  'client mismatch': 'it was given to another client',
  'code_verifier must be provided':
    'code_verifier is missing; the authorization request had a code_challenge',
  'unsupported code_challenge_method':
    'there is a code_verifier, but the authorization request had no code_challenge',
  'code_verifier does not match code_challenge':
    'code_verifier does not match the code_challenge of the authorization request',
};

const texts: Record<string, string> = {
  invalid_grant: `the code or refresh token is unknown, expired, used before or revoked; ${again}`,
  invalid_client:
    'client authentication failed; send client_id and client_secret with HTTP Basic authentication (client_secret_basic)',
  temporarily_unavailable:
    'this server cannot confirm at the moment which grants and apps have ended, so it gives no tokens. Nothing is wrong with the request: send it again after the time in Retry-After',
  unsupported_grant_type: 'grant_type must be authorization_code, refresh_token or client_credentials',
};

/**
 * A text for `error_description` (RFC 6749 §5.2) that says what to fix.
 * @param detail the engine's own, of which only the known ones are told
 */
export function refusalText(error: string, detail?: string): string | undefined {
  return (error === 'invalid_grant' && detail && grantFaults[detail]) || texts[error];
}
