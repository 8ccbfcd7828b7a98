/** Milliseconds by which two clocks of one machine may differ by rounding and slewing. */
const jitter = 100;

/**
 * Milliseconds that pass here, whatever happens to the clocks of this machine. The monotonic clock stands still while the
 * machine is suspended; the wall clock goes on, but it can be set. So each jump of the wall clock ahead of the monotonic
 * one counts as time that has passed, and a jump back counts as nothing: knowledge looks older then, never younger. Only a
 * jump back and a suspension between the same two readings hide one another; a service reads every few seconds.
 */
export class SteadyClock {
  /** Sum of the jumps ahead. */
  private jumped = 0;
  /** The wall clock less the monotonic one, after the last jump. */
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
