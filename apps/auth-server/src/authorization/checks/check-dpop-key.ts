import type { Check } from './check.js';

/** RFC 9449 §10: `dpop_jkt` is the SHA-256 thumbprint of a key (RFC 7638). No proof fits another value. */
export const checkDpopKey: Check = ({ parameters }) =>
  /^[A-Za-z0-9_-]{43}$/.test(parameters.get('dpop_jkt') ?? 'x'.repeat(43))
    ? undefined
    : {
        error: 'invalid_request',
        description: 'dpop_jkt must be the base64url SHA-256 thumbprint of the key of the proofs, or absent',
      };
