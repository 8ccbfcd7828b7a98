import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify, type JWTPayload } from 'jose';

/** Algorithms of a DPoP proof. All are asymmetric (RFC 9449 §4.2). */
export const dpopAlgorithms = ['ES256', 'ES384', 'RS256', 'RS384'] as const;

/** Seconds around now in which `iat` of a proof must lie. */
export const dpopWindow = 300;

const maxJti = 256;

/** A DPoP proof that does not fit its request. The message says why, for the developer. */
export class DpopProofRefused extends Error {
  override readonly name = 'DpopProofRefused';

  constructor(problem: string) {
    super(`the DPoP proof is not accepted: ${problem}`);
  }
}

/** The request that a proof belongs to. */
export interface ProvenRequest {
  method: string;
  /** The public URL of the request. Its query does not matter. */
  url: string;
  /** The access token of the request at a resource server. */
  accessToken?: string;
}

export interface DpopProof {
  /** SHA-256 thumbprint of the key (RFC 7638), which a token names as `cnf.jkt`. */
  thumbprint: string;
  jti: string;
  /** Seconds since the epoch after which the proof is refused by its age. */
  expiresAt: number;
}

/** A rule of RFC 9449 §4.3. It returns the fault, or undefined. */
type Rule = (claims: JWTPayload, request: ProvenRequest) => string | undefined;

const methodFits: Rule = ({ htm }, { method }) => (htm === method ? undefined : `htm must be ${method}`);

const urlFits: Rule = ({ htu }, { url }) =>
  typeof htu === 'string' && targetOf(htu) === targetOf(url)
    ? undefined
    : 'htu must be the URL of the request, without query and fragment';

const isRecent: Rule = ({ iat }) =>
  typeof iat === 'number' && Math.abs(Date.now() / 1000 - iat) <= dpopWindow
    ? undefined
    : `iat must lie within ${dpopWindow} seconds of now; make a new proof for each request`;

const hasAnId: Rule = ({ jti }) =>
  typeof jti === 'string' && jti !== '' && jti.length <= maxJti
    ? undefined
    : `jti must be a new text of at most ${maxJti} characters`;

const tokenFits: Rule = ({ ath }, { accessToken }) =>
  accessToken === undefined || ath === createHash('sha256').update(accessToken).digest('base64url')
    ? undefined
    : 'ath must be the base64url SHA-256 of the access token';

const rules: readonly Rule[] = [methodFits, urlFits, isRecent, hasAnId, tokenFits];

/**
 * Verifies a DPoP proof (RFC 9449 §4.3), except for the repeated use of its `jti`.
 * @throws DpopProofRefused
 */
export async function verifyDpopProof(proof: string, request: ProvenRequest): Promise<DpopProof> {
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    algorithms: [...dpopAlgorithms],
    typ: 'dpop+jwt',
  }).catch((error: unknown) => {
    throw new DpopProofRefused(reasonOf(error));
  });
  for (const rule of rules) {
    const problem = rule(payload, request);
    if (problem) throw new DpopProofRefused(problem);
  }
  return {
    thumbprint: await calculateJwkThumbprint(protectedHeader.jwk!),
    jti: payload.jti!,
    expiresAt: Math.ceil(payload.iat! + dpopWindow),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JOSEAlgNotAllowed) return `alg must be one of ${dpopAlgorithms.join(', ')}`;
  if (error instanceof errors.JWTClaimValidationFailed) return 'typ must be dpop+jwt';
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'its signature was not made with the key in its header';
  return 'it must be a JWT that has its public key as jwk in its header';
}

/** A URL without query and fragment, in its normal form (RFC 3986 §6.2). Undefined for any other text. */
function targetOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  url.hash = '';
  url.search = '';
  return url.href;
}
