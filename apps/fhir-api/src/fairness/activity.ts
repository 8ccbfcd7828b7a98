/** Milliseconds for which an app counts as active after a request. */
const activeFor = 1000;

/**
 * Tracks the apps that are active now, in all environments of this process. An app that is alone may use all
 * resources. Several apps get a share each.
 */
export class Activity {
  private current = new Set<string>();
  private previous = new Set<string>();
  private turnedAt = 0;

  /** @param now milliseconds on a monotonic clock */
  constructor(private readonly now: () => number = () => performance.now()) {}

  note(app: string): void {
    this.turn();
    this.current.add(app);
  }

  /** Whether another app was active lately. */
  isShared(app: string): boolean {
    this.turn();
    return hasAnother(this.current, app) || hasAnother(this.previous, app);
  }

  /** Whether any app was active lately. */
  get isAnybodyActive(): boolean {
    this.turn();
    return this.current.size + this.previous.size > 0;
  }

  /** Two alternating sets keep each app for one to two periods, and no app for longer. */
  private turn(): void {
    const now = this.now();
    if (now - this.turnedAt < activeFor) return;
    this.previous = now - this.turnedAt < 2 * activeFor ? this.current : new Set();
    this.current = new Set();
    this.turnedAt = now;
  }
}

const hasAnother = (apps: ReadonlySet<string>, app: string): boolean => apps.size > (apps.has(app) ? 1 : 0);
