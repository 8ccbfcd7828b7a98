/**
 * A bounded cache with two generations. A full young generation becomes the old one, and the previous old one
 * is dropped. A hit in the old generation moves the entry to the young one. The hit rate is close to
 * least-recently-used, and a hit in the young generation costs no bookkeeping.
 */
export class TokenCache<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  /** @param capacity entries of one generation */
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
