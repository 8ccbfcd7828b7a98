import { Problem } from '@payer/service';

/**
 * NIST SP 800-63B-4 §3.1.1.2 requires a length and a list of common passwords, but no rules about characters.
 */
export const shortestPassword = 12;
export const longestPassword = 200;

/** A password with a lower score can be found in 10^8 guesses. */
const leastScore = 3;

/** Shortest part of a name or an email that a password must not contain. */
const shortestWord = 4;

/** Passwords that books and comics recommend. Their words are in no list of passwords. */
const famous = new Set(['correcthorsebatterystaple', 'thequickbrownfoxjumpsoverthelazydog']);

/** Judges whether a password can be guessed. */
interface Guesser {
  /** A common password stays common with additional letters before or after it. */
  isCommon(password: string): boolean;
  /** @param words the owner's, see {@link PasswordOwner} */
  score(password: string, words: string[]): number;
}

let guesser: Promise<Guesser> | undefined;

/** Loads the lists of words on first use, because that takes time. */
async function loadGuesser(): Promise<Guesser> {
  const { ZxcvbnFactory } = await import('@zxcvbn-ts/core');
  const { adjacencyGraphs, dictionary } = await import('@zxcvbn-ts/language-common');
  const estimator = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs, maxLength: longestPassword });
  const common = new Set<unknown>(Object.values(dictionary).flat());
  return {
    isCommon(password) {
      const plain = password.toLowerCase();
      const core = plain.replace(/^[^a-z]+|[^a-z]+$/g, '');
      if (famous.has(plain.replace(/[^a-z]/g, ''))) return true;
      return common.has(plain) || (core.length >= plain.length / 3 && common.has(core));
    },
    score: (password, words) => estimator.check(password, words).score,
  };
}

/** The owner's data that a password must not repeat. */
export interface PasswordOwner {
  email: string;
  name: string;
  organization: string;
}

/** The problem of a chosen password, or undefined. */
export async function passwordProblem(password: string, owner: PasswordOwner): Promise<string | undefined> {
  if ([...password].length < shortestPassword) return `must have at least ${shortestPassword} characters`;
  if (password.length > longestPassword) return `must have at most ${longestPassword} characters`;
  const words = [owner.email, owner.name, owner.organization]
    .flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)])
    .map((word) => word.toLowerCase())
    .filter((word) => word.length >= shortestWord);
  const plain = password.toLowerCase();
  const isOwn = (text: string) =>
    text
      .split(/[^\p{L}\p{N}]+/u)
      .some((word) => word.length >= shortestWord && plain.includes(word.toLowerCase()));
  if (isOwn(owner.email.split('@')[0]!) || isOwn(owner.name))
    return 'must not contain your name or your email address';
  const { isCommon, score } = await (guesser ??= loadGuesser());
  if (isCommon(password) || score(password, words) < leastScore)
    return 'is too easy to guess; several words that do not belong together are a good password';
  return undefined;
}

/** @throws Problem 400 that names the field */
export async function checkPassword(
  password: string,
  owner: PasswordOwner,
  field = 'password',
): Promise<void> {
  const message = await passwordProblem(password, owner);
  if (message) throw new Problem(400, 'invalid_request', `${field}: ${message}`, [{ field, message }]);
}
