import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';

const alg = 'ES256';

/**
 * A new private key for the DPoP proofs of one run (RFC 9449). It leaves the portal's server in no answer.
 */
export async function newProofKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return exportJWK(privateKey);
}

/**
 * A DPoP proof for one request (RFC 9449 §4.2).
 * @param accessToken the token of a request at the FHIR API, whose hash goes into `ath`
 */
export async function proofOf(
  key: JWK,
  { method, url, accessToken }: { method: string; url: string; accessToken?: string },
): Promise<string> {
  const { kty, crv, x, y } = key;
  const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url');
  return new SignJWT({ jti: randomUUID(), htm: method, htu: withoutQuery(url), ...(ath ? { ath } : {}) })
    .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: { kty, crv, x, y } })
    .setIssuedAt()
    .sign(await importJWK(key, alg));
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
