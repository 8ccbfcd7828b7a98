/**
 * Repeats a check until it holds.
 * @param timeout milliseconds
 * @returns what the check gave
 * @throws Error with the last failure when time is up
 */
export async function eventually<T>(
  check: () => Promise<T> | T,
  { timeout = 10_000, pause = 20 }: { timeout?: number; pause?: number } = {},
): Promise<Exclude<T, undefined | false | null>> {
  const deadline = Date.now() + timeout;
  for (;;) {
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
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
