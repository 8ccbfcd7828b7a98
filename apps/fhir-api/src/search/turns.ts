import { FhirError } from '../fhir-error.js';

/**
 * Lets few large answers be made at a time, and others wait for their turn in order: each takes tens of megabytes until it is sent, and a dozen
 * at once would take more than the process may have.
 */
export class Turns {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param most answers at a time; @param mostWaiting requests that wait, before further ones are refused */
  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
  ) {}

  /** @throws FhirError 503 when too many wait */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.taken < this.most) this.taken += 1;
    else await this.wait();
    try {
      return await work();
    } finally {
      // The turn goes to the next that waits, or back.
      const next = this.waiting.shift();
      if (next) next();
      else this.taken -= 1;
    }
  }

  private wait(): Promise<void> {
    if (this.waiting.length >= this.mostWaiting)
      throw new FhirError(
        503,
        'throttled',
        'Too many large searches wait already. Ask for less (_count up to 100, fewer _include and _revinclude), or try again soon.',
      );
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
