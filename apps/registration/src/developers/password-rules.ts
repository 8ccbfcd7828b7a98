import { Problem } from '@payer/service';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

/**
 * NIST SP 800-63B-4 §3.1.1.2 requires a length and a list of common passwords, but no rules about characters.
 */
export const shortestPassword = 12;
export const longestPassword = 200;

/** A password with a lower score can be found in 10^8 guesses. */
const leastScore = 3;

/** Shortest part of a name or an email that a password must not contain. */
const shortestWord = 4;

let estimator: ZxcvbnFactory | undefined;

/** Creates the estimator on first use, because its word lists take time to load. */
function estimate(password: string, words: string[]): number {
  estimator ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs, maxLength: longestPassword });
  return estimator.check(password, words).score;
}

const common = new Set<unknown>(Object.values(dictionary).flat());

/** A common password stays common with additional letters before or after it. */
function isCommon(password: string): boolean {
  const plain = password.toLowerCase();
  const core = plain.replace(/^[^a-z]+|[^a-z]+$/g, '');
  return common.has(plain) || (core.length >= plain.length / 3 && common.has(core));
}

/** The owner's data that a password must not repeat. */
export interface PasswordOwner {
  email: string;
  name: string;
  organization: string;
}

/** The problem of a chosen password, or undefined. */
export function passwordProblem(password: string, owner: PasswordOwner): string | undefined {
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
  if (isCommon(password) || estimate(password, words) < leastScore)
    return 'is too easy to guess; several words that do not belong together are a good password';
  return undefined;
}

/** @throws Problem 400 that names the field */
export function checkPassword(password: string, owner: PasswordOwner, field = 'password'): void {
  const message = passwordProblem(password, owner);
  if (message) throw new Problem(400, 'invalid_request', `${field}: ${message}`, [{ field, message }]);
}
