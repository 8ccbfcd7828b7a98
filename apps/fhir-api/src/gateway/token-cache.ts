/**
 * A bounded cache in two generations: when the young one is full it becomes the old one, and the old one is dropped; what
 * is used from the old one moves to the young one. Nearly as good as least-recently-used, with no work on a hit.
 */
export class TokenCache<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  /** @param capacity of one generation */
  constructor(private readonly capacity: number) {}

  get(token: string): Value | undefined {
    const value = this.young.get(token);
    if (value !== undefined) return value;
    const survivor = this.old.get(token);
    if (survivor !== undefined) this.set(token, survivor);
    return survivor;
  }

  set(token: string, value: Value): void {
    if (this.young.size >= this.capacity) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(token, value);
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }
}
