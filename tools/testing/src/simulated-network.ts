/** Decides which message arrives next: fast-check's scheduler. */
export interface MessageScheduler {
  schedule(message: Promise<void>, label: string): Promise<void>;
  count(): number;
  waitOne(): Promise<void>;
}

/** Runs every callback that is ready. Needs the real `setImmediate`. */
export const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Messages that arrive late, in any order, or never. */
export class SimulatedNetwork<Party extends string> {
  /** Parties whose requests and answers are lost. */
  readonly away = new Set<Party>();

  constructor(private readonly scheduler: MessageScheduler) {}

  /** Resolves when the scheduler delivers the message. */
  wait(label: string): Promise<void> {
    return this.scheduler.schedule(Promise.resolve(), label);
  }

  /**
   * A request and its answer, like `fetch`.
   * @param answer is called when the request arrives
   */
  async exchange(party: Party, answer: () => unknown): Promise<Response> {
    const arrives = async (label: string) => {
      await this.wait(`${party} ${label}`);
      if (this.away.has(party)) throw new TypeError('fetch failed');
    };
    await arrives('is asked');
    const body = answer();
    await arrives('answers');
    return { status: 200, json: () => Promise.resolve(body) } as unknown as Response;
  }

  /** Delivers a number of messages, or fewer if there are fewer. */
  async pass(messages: number): Promise<void> {
    for (let left = messages; left > 0 && this.scheduler.count() > 0; left -= 1) {
      await this.scheduler.waitOne();
      await turns();
    }
  }
}
