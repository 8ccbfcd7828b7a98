import { createRequire } from 'node:module';

type Hash = (password: string, options: HashCost) => Promise<string>;
type Verify = (hash: string, password: string) => Promise<boolean>;
interface HashCost {
  memoryCost: number;
  timeCost: number;
  parallelism: number;
}
interface PasswordHashes {
  isCheap: boolean;
  /** Hashes and comparisons that began, each with its cost. */
  work: string[];
}

/** The test files of a process share the library, so its state is there once for the process. */
const inProcess = globalThis as { payerPasswordHashes?: PasswordHashes };

/**
 * Makes password hashes cheap for a test file. A hash of production takes 20 ms of processor time, and the
 * test files of the portal make hundreds.
 */
export function hashCheaply(): void {
  if (inProcess.payerPasswordHashes) inProcess.payerPasswordHashes.isCheap = true;
  else inProcess.payerPasswordHashes = replaceHashes();
}

function replaceHashes(): PasswordHashes {
  const state: PasswordHashes = { isCheap: true, work: [] };
  const library = createRequire(import.meta.url)('@node-rs/argon2') as { hash: Hash; verify: Verify };
  const { hash, verify } = library;
  library.hash = (password, options) => {
    const cost = state.isCheap ? { ...options, memoryCost: 64, timeCost: 1 } : options;
    state.work.push(`hash m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}`);
    return hash(password, cost);
  };
  library.verify = (encoded, password) => {
    state.work.push(`verify ${encoded.split('$')[3]}`);
    return verify(encoded, password);
  };
  return state;
}

/** Hashes at the cost of production in this test file. Its subject is the hash, or the work of a hash. */
export function hashAsInProduction(): void {
  if (inProcess.payerPasswordHashes) inProcess.payerPasswordHashes.isCheap = false;
}

/**
 * The hashes and comparisons of passwords during an action, each with its cost. They decide how long an
 * answer takes, and unlike its time they are the same on a busy machine.
 */
export async function passwordWorkOf<T>(action: () => Promise<T>): Promise<{ result: T; work: string[] }> {
  const state = inProcess.payerPasswordHashes;
  if (!state) throw new Error('hashCheaply was not called in this process');
  const before = state.work.length;
  const result = await action();
  return { result, work: state.work.slice(before) };
}
