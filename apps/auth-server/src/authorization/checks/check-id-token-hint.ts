import { compactVerify, decodeJwt } from 'jose';
import type { Keys } from '../../keys/keys.js';
import type { AuthorizationError, AuthorizationRequest } from './check.js';

/**
 * OpenID Connect Core §3.1.2.1: `id_token_hint` is an id_token that this issuer gave to the app. It may have
 * expired. The engine checks the hint of a browser's request; this check is for pushed requests.
 */
export async function checkIdTokenHint(
  { app, addresses, parameters }: AuthorizationRequest,
  keys: Keys,
): Promise<AuthorizationError | undefined> {
  const hint = parameters.get('id_token_hint');
  if (hint === null) return undefined;
  try {
    await compactVerify(
      hint,
      ({ kid }) => {
        const key = keys.verifying(addresses.environment, kid);
        if (!key) throw new Error('unknown key');
        return key;
      },
      { algorithms: ['RS256'] },
    );
    const { iss, aud, sub } = decodeJwt(hint);
    if (iss === addresses.issuer && [aud].flat().includes(app.client_id) && sub) return undefined;
  } catch {
    // Any other text is no id_token of ours.
  }
  return {
    error: 'invalid_request',
    description: 'id_token_hint must be an id_token that this server gave to the app, or absent',
  };
}
