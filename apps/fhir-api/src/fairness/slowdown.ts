/** Weight of what was measured before, at each new request: some hundred requests count. */
const memory = 0.99;

/**
 * How many times longer work takes by the clock than it uses a processor, because other programs use the processors. The
 * time of a statement is known by the clock only; on a busy machine it would make an app with short ones look greedy.
 */
export class Slowdown {
  private clock = 1;
  private processor = 1;

  /** @param measured milliseconds of work of this process, by the clock and of a processor */
  note({ clock, processor }: { clock: number; processor: number }): void {
    this.clock = this.clock * memory + clock;
    this.processor = this.processor * memory + processor;
  }

  /** 1 on a machine that has nothing else to do. */
  get factor(): number {
    return Math.max(1, this.clock / Math.max(this.processor, 0.001));
  }
}
