import type { SupervisedProcess } from './processes.js';

/** How often a person is shown what a start waits for. */
const saidEvery = 10_000;

export interface ReadyOptions {
  name: string;
  port: number;
  process: Pick<SupervisedProcess, 'hasGivenUp'>;
  /** Milliseconds; without it, the wait lasts as long as the process lives. */
  timeout?: number;
  say?(line: string): void;
}

/**
 * Waits until a service says that it is ready. However slow the machine is, a process that lives is waited for.
 * @throws Error with the last answer when the process has ended for good, or the time is up
 */
export async function whenReady({ name, port, process, timeout, say }: ReadyOptions): Promise<void> {
  let last = 'it does not answer yet';
  const startedAt = Date.now();
  let saidAt = startedAt;
  while (timeout === undefined || Date.now() - startedAt < timeout) {
    try {
      const answer = await fetch(`http://localhost:${port}/health/ready`, {
        signal: AbortSignal.timeout(2000),
      });
      if (answer.ok) return;
      last = (await answer.text()).slice(0, 500);
    } catch {
      // Not listening yet, or too busy to answer.
    }
    const reason = process.hasGivenUp;
    if (reason && timeout === undefined) throw new Error(reason);
    if (Date.now() - saidAt >= saidEvery) {
      saidAt = Date.now();
      say?.(`waiting for ${name} since ${Math.round((saidAt - startedAt) / 1000)} s: ${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} is not ready after ${timeout / 1000} s: ${last}`);
}
