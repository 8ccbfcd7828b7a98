import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { passwordMatches } from '@payer/service';
import { bcryptMatches } from './bcrypt-thread.js';
import { readPasswordHash } from './hash-forms.js';

const deriveKey = promisify(pbkdf2);

/**
 * Whether a password belongs to an imported hash. The check runs outside the main thread.
 * bcrypt takes the first 72 bytes of a password only, as it did in the system that made the hash.
 * @throws RefusedHash when the import should have refused the hash
 */
export async function importedHashMatches(encoded: string, password: string): Promise<boolean> {
  const hash = readPasswordHash(encoded);
  if (hash.scheme === 'pbkdf2') {
    const key = await deriveKey(password, hash.salt, hash.iterations, hash.key.length, hash.digest);
    return timingSafeEqual(key, hash.key);
  }
  return hash.scheme === 'bcrypt'
    ? bcryptMatches(hash.encoded, password)
    : passwordMatches(hash.encoded, password);
}

/** The bytes of a password that bcrypt regards. */
const bcryptBytes = 72;

/**
 * Whether the password may replace the imported hash. A password that is longer than bcrypt regards is not
 * known in full: a slip in its rest would become part of the password.
 */
export const isKnownInFull = (encoded: string, password: string): boolean =>
  !encoded.startsWith('$2') || Buffer.byteLength(password) <= bcryptBytes;
