import { randomBytes } from 'node:crypto';
import { sha256 } from '@payer/service';

const amount = 10;

/**
 * Letters and digits without `0`, `1`, `l` and `o`, which look like each other: 32 characters, 5 bits each.
 */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Ten new codes of 80 bits, in four groups. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: amount }, () => {
    const letters = [...randomBytes(16)].map((byte) => alphabet[byte % 32]).join('');
    return letters.match(/.{4}/g)!.join('-');
  });
}

/** The stored form. A code has 80 random bits, so a plain hash cannot be guessed. */
export const hashOfRecoveryCode = (code: string): string =>
  sha256(code.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));

export const looksLikeRecoveryCode = (code: string): boolean =>
  code.replaceAll(/[^A-Za-z0-9]/g, '').length === 16;
