import { textAsBytesBy } from './bytes-client.js';
import type { Text } from './database.js';
import { take } from './take.js';

/** Bytes: a page of twenty claims. A page of a thousand resources takes several buffers. */
const scratchLength = 262_144;
/** The most buffers of one answer: 4 MiB. */
const maxHeld = 16;
/** The most buffers that wait for their next use. */
const maxIdle = 16;
const idle: Buffer[] = [];

/**
 * The resources of one answer until its Bundle is written, and memory for those that are long. New buffers
 * count as growth of the heap until the next full collection, so a page of claims caused one for every 40
 * pages. After {@link release} nobody may use the values: the next answer overwrites them.
 */
export class Scratch {
  /** Types of the statements whose long values are kept here. */
  readonly types = textAsBytesBy((bytes) => this.copy(bytes));
  private readonly held: Buffer[] = [];
  private readonly rows: (readonly { body: Text }[])[] = [];
  private buffer: Buffer | undefined;
  private length = 0;
  private isReleased = false;

  /** The rows lose their bodies at the release: see {@link take}. */
  keep<Rows extends readonly { body: Text }[]>(rows: Rows): Rows {
    this.rows.push(rows);
    return rows;
  }

  release(): void {
    this.isReleased = true;
    for (const rows of this.rows) for (const row of rows) take(row, 'body');
    this.rows.length = 0;
    for (const buffer of this.held) if (idle.length < maxIdle) idle.push(buffer);
    this.held.length = 0;
    this.buffer = undefined;
  }

  private copy(bytes: Buffer): Buffer {
    // Rows of a statement that has failed may still come, and must not touch the next answer.
    const buffer = this.isReleased ? undefined : this.bufferFor(bytes.length);
    if (!buffer) return Buffer.from(bytes);
    const start = this.length;
    this.length += bytes.length;
    const copied = buffer.subarray(start, this.length);
    bytes.copy(copied);
    return copied;
  }

  /** The buffer with room for a value; undefined when the value is too long, or the answer holds the most. */
  private bufferFor(length: number): Buffer | undefined {
    if (this.buffer && this.length + length <= scratchLength) return this.buffer;
    if (length > scratchLength || this.held.length === maxHeld) return undefined;
    this.buffer = idle.pop() ?? Buffer.allocUnsafeSlow(scratchLength);
    this.held.push(this.buffer);
    this.length = 0;
    return this.buffer;
  }
}
