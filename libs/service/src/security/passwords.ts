import { hash, verify } from '@node-rs/argon2';

/** argon2id. The library's constant is a const enum, which separately compiled modules cannot use. */
const argon2id = 2;

/** OWASP's first recommendation for argon2id: 19 MiB, 2 passes, 1 lane. */
const cost = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export function hashPassword(password: string): Promise<string> {
  return hash(password, cost);
}

/** A hash at this cost of a password that nobody has. */
export const decoyHash =
  '$argon2id$v=19$m=19456,t=2,p=1$c6nCZilscUjqKDw2IrsPZA$w+hJa7XjM0vJrkXQ9BAkfut3sWw6E748CxemuFAlK9U';

/**
 * Takes equally long for an unknown name (`stored` undefined) and for a wrong password, so that names cannot
 * be probed.
 */
export async function passwordMatches(stored: string | undefined, password: string): Promise<boolean> {
  const matches = await verify(stored ?? decoyHash, password);
  return stored !== undefined && matches;
}
