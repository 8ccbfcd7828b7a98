/** Claims with seconds since 1970 (RFC 7519 §4.1). */
const instants = new Set(['iat', 'exp', 'nbf', 'auth_time']);

/** The claims of a JWT in words, without verification: only the developer who holds the token sees them. */
export function claimsOf(jwt: string): { claim: string; value: string }[] {
  const [, payload = ''] = jwt.split('.');
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    return Object.entries(claims).map(([claim, value]) => ({ claim, value: textOf(claim, value) }));
  } catch {
    return [{ claim: 'token', value: 'is no JWT' }];
  }
}

function textOf(claim: string, value: unknown): string {
  if (typeof value === 'number' && instants.has(claim))
    return `${value} (${new Date(value * 1000).toISOString()})`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
