import type { Subject } from './subject.js';

/** A look from the outside at one rule of a running environment. */
export interface Check {
  id: string;
  /** A sentence that is true when the check passes. */
  title: string;
  /** Whether it needs the demonstration apps, which exist in the sandbox only. */
  needsApp: boolean;
  /** @throws Fault that says what was found and what was expected; any other Error when no answer came */
  run(subject: Subject): Promise<void>;
}

/** A deviation from a standard. */
export class Fault extends Error {}

/** @throws Fault with the sentence when the condition does not hold */
export function demand(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new Fault(sentence);
}

/** @throws Fault that names the expected and the found status */
export function demandStatus({ status }: { status: number }, ...expected: readonly number[]): void {
  demand(expected.includes(status), `The status is ${status}. It must be ${expected.join(' or ')}.`);
}
