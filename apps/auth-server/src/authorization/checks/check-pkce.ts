import type { Check } from './check.js';

/**
 * RFC 7636: S256 only. `plain`, the default of an absent method, would show the verifier to everyone who sees
 * the request.
 */
export const checkPkce: Check = ({ app, parameters }) => {
  const challenge = parameters.get('code_challenge');
  const method = parameters.get('code_challenge_method');
  if (!challenge)
    return app.require_pkce || method
      ? {
          error: 'invalid_request',
          description: 'code_challenge is missing; this request needs PKCE with S256',
        }
      : undefined;
  if (method !== 'S256')
    return {
      error: 'invalid_request',
      description: 'code_challenge_method must be S256 (plain, which is the default, is not supported)',
    };
  return /^[A-Za-z0-9_-]{43}$/.test(challenge)
    ? undefined
    : {
        error: 'invalid_request',
        description: 'code_challenge must be the base64url SHA-256 of the verifier',
      };
};
