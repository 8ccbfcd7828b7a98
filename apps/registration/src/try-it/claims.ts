/** Claims with seconds since 1970 (RFC 7519 §4.1). */
const instants = new Set(['iat', 'exp', 'nbf', 'auth_time', 'grant_created_at', 'grant_expires_at']);

/** A claim of a token in words. */
export interface ShownClaim {
  claim: string;
  value: string;
  /** What the value means, where it has two meanings. */
  meaning?: string;
  /** Path, relative to the FHIR base, of the resource that the claim names. */
  path?: string;
}

/** The claims of a JWT in words, without verification: only the developer who holds the token sees them. */
export function claimsOf(jwt: string): ShownClaim[] {
  const [, payload = ''] = jwt.split('.');
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    return Object.entries(claims).map(([claim, value]) => ({
      claim,
      value: textOf(claim, value),
      ...(claim === 'fhirUser' ? fhirUserOf(String(value)) : {}),
    }));
  } catch {
    return [{ claim: 'token', value: 'is no JWT' }];
  }
}

function textOf(claim: string, value: unknown): string {
  if (typeof value === 'number' && instants.has(claim))
    return `${value} (${new Date(value * 1000).toISOString()})`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const meaningOfUser = {
  Patient: 'The member who signed in. These are the member’s own records.',
  RelatedPerson:
    'The person who signed in, and who acts for the patient of the token, as a parent does. It is not the patient.',
};

/** The person of `fhirUser` (SMART App Launch 2.2 §2.0.12), readable with the same token. */
function fhirUserOf(url: string): Pick<ShownClaim, 'meaning' | 'path'> {
  const [, path, type] = /\/((Patient|RelatedPerson)\/[A-Za-z0-9\-.]{1,64})$/.exec(url) ?? [];
  return path ? { meaning: meaningOfUser[type as keyof typeof meaningOfUser], path } : {};
}
