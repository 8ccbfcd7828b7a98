/** Milliseconds by which two clocks of one machine may differ through rounding and slewing. */
const jitter = 100;

/**
 * Measures elapsed milliseconds, also through suspensions and clock changes. The monotonic clock stops while
 * the machine is suspended. The wall clock continues, but an operator may set it. So a jump of the wall clock
 * ahead of the monotonic clock counts as elapsed time, and a jump back is ignored. Errors therefore make
 * knowledge look older, never younger. One case stays hidden: a jump back and a suspension between the same
 * two readings. A service reads the clock every few seconds.
 */
export class SteadyClock {
  /** Sum of the forward jumps in milliseconds. */
  private jumped = 0;
  /** Wall clock minus monotonic clock, after the last jump. */
  private offset: number;

  constructor(
    private readonly elapsed: () => number = () => performance.now(),
    private readonly wall: () => number = Date.now,
  ) {
    this.offset = wall() - elapsed();
  }

  now(): number {
    const elapsed = this.elapsed();
    const ahead = this.wall() - elapsed - this.offset;
    if (Math.abs(ahead) <= jitter) return elapsed + this.jumped + Math.max(0, ahead);
    this.offset += ahead;
    if (ahead > 0) this.jumped += ahead;
    return elapsed + this.jumped;
  }
}
