import { createRequire } from 'node:module';

type Hash = (password: string, options: object) => Promise<string>;

/** The test files of a process share the library, so its state is there once for the process. */
const inProcess = globalThis as { payerPasswordHashes?: { isCheap: boolean } };

/**
 * Makes password hashes cheap for a test file. A hash of production takes 20 ms of processor time, and the
 * test files of the portal make hundreds.
 */
export function hashCheaply(): void {
  if (inProcess.payerPasswordHashes) inProcess.payerPasswordHashes.isCheap = true;
  else {
    const state = (inProcess.payerPasswordHashes = { isCheap: true });
    const library = createRequire(import.meta.url)('@node-rs/argon2') as { hash: Hash };
    const { hash } = library;
    library.hash = (password, options) =>
      hash(password, state.isCheap ? { ...options, memoryCost: 64, timeCost: 1 } : options);
  }
}

/** Hashes at the cost of production in this test file. Its subject is the hash, or the time of a hash. */
export function hashAsInProduction(): void {
  if (inProcess.payerPasswordHashes) inProcess.payerPasswordHashes.isCheap = false;
}
