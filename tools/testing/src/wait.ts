/**
 * Repeats a check until it holds.
 * @param timeout milliseconds: a guard against a hang, which a busy machine must not reach
 * @param pause milliseconds between two checks; when absent, they grow from 10 to 100, because a check costs
 *   processor time that the awaited work needs
 * @returns what the check gave
 * @throws Error with the last failure when time is up
 */
export async function eventually<T>(
  check: () => Promise<T> | T,
  { timeout = 40_000, pause }: { timeout?: number; pause?: number } = {},
): Promise<Exclude<T, undefined | false | null>> {
  const deadline = Date.now() + timeout;
  for (let wait = pause ?? 10; ; wait = pause ?? Math.min(100, wait * 1.5)) {
    let failure: unknown;
    try {
      const value = await check();
      if (value !== undefined && value !== false && value !== null)
        return value as Exclude<T, undefined | false | null>;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline)
      throw new Error(
        `did not hold within ${timeout} ms${failure ? `: ${(failure as Error).message}` : ''}`,
        {
          cause: failure,
        },
      );
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
