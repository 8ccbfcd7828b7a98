import { textAsBytesBy } from './bytes-client.js';

/** Bytes: a page of twenty claims. */
const scratchLength = 262_144;
/** Most buffers that wait for their next use. */
const maxIdle = 16;
const idle: Buffer[] = [];

/**
 * Memory for the long values of one answer until its Bundle is written. New buffers count as growth of the
 * heap until the next full collection, so a page of claims caused one for every 40 pages. After
 * {@link release} nobody may use the values: the next answer overwrites them.
 */
export class Scratch {
  /** Types of the statements whose long values are kept here. */
  readonly types = textAsBytesBy((bytes) => this.copy(bytes));
  private buffer: Buffer | undefined;
  private length = 0;
  private isReleased = false;

  release(): void {
    this.isReleased = true;
    if (this.buffer && idle.length < maxIdle) idle.push(this.buffer);
    this.buffer = undefined;
  }

  private copy(bytes: Buffer): Buffer {
    const end = this.length + bytes.length;
    // Rows of a statement that has failed may still come, and must not touch the next answer.
    if (this.isReleased || end > scratchLength) return Buffer.from(bytes);
    this.buffer ??= idle.pop() ?? Buffer.allocUnsafeSlow(scratchLength);
    const copied = this.buffer.subarray(this.length, end);
    bytes.copy(copied);
    this.length = end;
    return copied;
  }
}
