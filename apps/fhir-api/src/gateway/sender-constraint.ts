import { DpopProofRefused, verifyDpopProof, type DpopProof } from '@payer/service';
import { invalidProof } from './refusal.js';
import type { UsedProofs } from './used-proofs.js';
import type { VerifiedToken } from './verified-token.js';

/** How the `Authorization` header names a token: RFC 6750 §2.1, or RFC 9449 §7.1. */
export type TokenScheme = 'Bearer' | 'DPoP';

/** The request that carries a token. */
export interface TokenRequest {
  method: string;
  /** Public URL of the request. */
  url: string;
  /** The `DPoP` header. */
  proof: string | undefined;
}

/**
 * Checks that a DPoP-bound token comes with a proof of its key, and that a plain token comes without
 * (RFC 9449 §7). A proof is accepted once.
 * @param token as sent
 * @throws Refusal 401
 */
export async function checkSender(
  verified: VerifiedToken,
  { scheme, token }: { scheme: TokenScheme; token: string },
  request: TokenRequest,
  used: UsedProofs,
): Promise<void> {
  const thumbprint = verified.claims.cnf?.jkt;
  if (thumbprint === undefined) {
    if (scheme === 'Bearer') return;
    throw invalidProof('invalid_token', 'The access token is not bound to a key. Send it as "Bearer".');
  }
  if (scheme === 'Bearer')
    throw invalidProof(
      'invalid_token',
      'The access token is bound to a key (DPoP). Send "Authorization: DPoP <access_token>" and a proof in the header DPoP.',
    );
  if (request.proof === undefined)
    throw invalidProof('invalid_dpop_proof', 'The header DPoP is missing. It must have a proof of the key.');
  const proof = await proofOf(request, token);
  if (proof.thumbprint !== thumbprint)
    throw invalidProof('invalid_token', 'The proof has another key than the access token (cnf.jkt).');
  if (!(await used.use(verified.environment, proof)))
    throw invalidProof(
      'invalid_dpop_proof',
      'The DPoP proof was used before. Make a new one for each request.',
    );
}

async function proofOf({ method, url, proof = '' }: TokenRequest, accessToken: string): Promise<DpopProof> {
  try {
    return await verifyDpopProof(proof, { method, url, accessToken });
  } catch (error) {
    if (error instanceof DpopProofRefused)
      throw invalidProof(
        'invalid_dpop_proof',
        `${error.message[0]?.toUpperCase()}${error.message.slice(1)}.`,
      );
    throw error;
  }
}
