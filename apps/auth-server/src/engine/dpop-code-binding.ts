import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import { errors, Provider, type AdapterPayload } from 'oidc-provider';
import { grantDetails } from './engine-texts.js';

/**
 * Compares the key of a code with the key of the request's proof before the code is used up (RFC 9449 §10).
 * The engine alone compares them afterwards, and the app's next try would revoke the grant. The engine has
 * verified the proof before it looks up the code.
 * @throws InvalidGrant, which the app reads as `invalid_dpop_proof` (`refusal-texts.ts`)
 */
export async function checkCodeKey({ dpopJkt }: AdapterPayload): Promise<void> {
  const ctx = Provider.ctx;
  if (!dpopJkt || ctx?.oidc.route !== 'token') return;
  const proof = ctx.get('DPoP');
  if (!proof) throw new errors.InvalidGrant(grantDetails.proofMissing);
  const { jwk } = decodeProtectedHeader(proof);
  if (!jwk || (await calculateJwkThumbprint(jwk)) !== dpopJkt)
    throw new errors.InvalidGrant(grantDetails.proofOfOtherRequest);
}
