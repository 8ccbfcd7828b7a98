import { createHash } from 'node:crypto';
import type { Environment } from '@payer/smart';

/** The texts of fingerprints. Environments share no text, and a token's text never equals a grant's. */
export const revocationKey = {
  grant: (environment: Environment, grantId: string) => `grant:${environment}:${grantId}`,
  token: (environment: Environment, jti: string) => `token:${environment}:${jti}`,
  everyToken: (environment: Environment) => `environment:${environment}`,
};

/**
 * The first 128 bits of SHA-256. Among a million revocations, the chance that a live grant has the
 * fingerprint of another, revoked grant is below 10^-32.
 */
export function fingerprint(text: string): Uint32Array {
  const digest = createHash('sha256').update(text).digest();
  return new Uint32Array([0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset)));
}
