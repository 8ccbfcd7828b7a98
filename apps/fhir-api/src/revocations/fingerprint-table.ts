const wordsPerSlot = 5;
const startCapacity = 1024;
/** Load at which the table grows. It grows by a quarter only, so that it wastes little memory. */
const highestLoad = 0.85;
const growth = 1.25;

/**
 * A hash table from a 128-bit fingerprint to an instant, in one typed array: open addressing, linear probing,
 * 20 bytes a slot. The garbage collector has no objects to visit.
 */
export class FingerprintTable {
  private capacity = startCapacity;
  private slots = new Uint32Array(startCapacity * wordsPerSlot);
  private count = 0;

  get size(): number {
    return this.count;
  }

  get bytes(): number {
    return this.slots.byteLength;
  }

  /** Keeps the latest instant per fingerprint. @param instant seconds, 1 … 2^32-1 (0 marks an empty slot) */
  put(fingerprint: Uint32Array, instant: number): void {
    if (this.count >= this.capacity * highestLoad) this.grow();
    const slot = this.slotOf(fingerprint);
    const known = this.slots[slot + 4]!;
    if (known === 0) {
      this.slots.set(fingerprint, slot);
      this.count += 1;
    }
    this.slots[slot + 4] = Math.max(known, instant);
  }

  /** The latest instant of the fingerprint, or 0. */
  get(fingerprint: Uint32Array): number {
    return this.slots[this.slotOf(fingerprint) + 4]!;
  }

  /** The slot of the fingerprint, or the empty slot for it. */
  private slotOf(fingerprint: Uint32Array): number {
    const { slots, capacity } = this;
    // Multiply-and-shift distributes over any capacity, not only powers of two.
    for (
      let index = Math.floor((fingerprint[0]! / 0x1_0000_0000) * capacity);
      ;
      index = (index + 1) % capacity
    ) {
      const slot = index * wordsPerSlot;
      if (
        slots[slot + 4] === 0 ||
        (slots[slot] === fingerprint[0] &&
          slots[slot + 1] === fingerprint[1] &&
          slots[slot + 2] === fingerprint[2] &&
          slots[slot + 3] === fingerprint[3])
      )
        return slot;
    }
  }

  private grow(): void {
    const before = this.slots;
    this.capacity = Math.ceil(this.capacity * growth);
    this.slots = new Uint32Array(this.capacity * wordsPerSlot);
    for (let slot = 0; slot < before.length; slot += wordsPerSlot)
      if (before[slot + 4] !== 0)
        this.slots.set(
          before.subarray(slot, slot + wordsPerSlot),
          this.slotOf(before.subarray(slot, slot + 4)),
        );
  }
}
