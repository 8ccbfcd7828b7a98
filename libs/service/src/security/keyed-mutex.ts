/**
 * Runs the tasks of one key one after another, in the order of their arrival. Tasks of different keys run
 * concurrently.
 */
export class KeyedMutex {
  private readonly last = new Map<string, Promise<unknown>>();

  /**
   * @param work its parameter says whether it had to wait for another task
   * @returns the result of the task, or its error
   */
  async runExclusive<T>(key: string, work: (hasWaited: boolean) => Promise<T>): Promise<T> {
    const before = this.last.get(key);
    const run = () => work(before !== undefined);
    const mine = (before ?? Promise.resolve()).then(run, run);
    this.last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(key) === mine) this.last.delete(key);
    }
  }
}
