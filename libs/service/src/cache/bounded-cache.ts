/**
 * A bounded cache with two generations. A full young generation becomes the old one, and the previous old one
 * is dropped. A hit in the old generation moves the entry to the young one. The hit rate is close to
 * least-recently-used, and a hit in the young generation costs no bookkeeping.
 */
export class BoundedCache<Key, Value extends NonNullable<unknown>> {
  private young = new Map<Key, Value>();
  private old = new Map<Key, Value>();

  /** @param capacity entries of one generation: the cache has at most twice as many */
  constructor(private readonly capacity: number) {}

  get(key: Key): Value | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const survivor = this.old.get(key);
    if (survivor !== undefined) this.set(key, survivor);
    return survivor;
  }

  set(key: Key, value: Value): void {
    if (this.young.size >= this.capacity && !this.young.has(key)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  delete(key: Key): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }
}
