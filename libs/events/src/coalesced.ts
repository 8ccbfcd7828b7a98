/**
 * A question that many may ask at once: those who ask while an answer is being fetched share the next one, for the answer
 * under way may be older than their question. So there is never more than one fetch at a time, and no answer is older than who asked.
 */
export class Coalesced<Answer> {
  private running: Promise<Answer> | undefined;
  private next: Promise<Answer> | undefined;

  constructor(private readonly fetch: () => Promise<Answer>) {}

  ask(): Promise<Answer> {
    if (this.next) return this.next;
    if (!this.running) return this.begin();
    return (this.next = this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.begin();
      }));
  }

  private begin(): Promise<Answer> {
    const running = this.fetch().finally(() => {
      if (this.running === running) this.running = undefined;
    });
    return (this.running = running);
  }
}
