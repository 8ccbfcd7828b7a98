import { throttled } from './throttled.js';

/**
 * Milliseconds without progress after which a stream is ended, so that a reader who stalls keeps no place.
 */
const maxStall = 30_000;

export interface DecompressionLimits {
  /** Files that are decompressed at a time. Each costs as much as many searches. */
  inAll: number;
  /** Of them, files of one caller. */
  perCaller: number;
}

/**
 * Limits the files that are decompressed at a time. A place is reserved with the answer, before its stream
 * begins: otherwise requests of the same moment would all pass.
 */
export class Decompressions {
  private readonly reserved = new Map<string, number>();
  private inAll = 0;

  constructor(private readonly limits: DecompressionLimits = { inAll: 8, perCaller: 2 }) {}

  /**
   * Reserves a place.
   * @returns gives the place back; further calls do nothing
   * @throws Refusal 429 when the caller, or all callers together, have as many as they may
   */
  reserve(caller: string): () => void {
    const own = this.reserved.get(caller) ?? 0;
    if (own >= this.limits.perCaller || this.inAll >= this.limits.inAll)
      throw throttled(
        'Too many files are decompressed now. Send "Accept-Encoding: gzip" to get the file as it lies, or try again soon.',
        2,
      );
    this.reserved.set(caller, own + 1);
    this.inAll += 1;
    let isReserved = true;
    return () => {
      if (!isReserved) return;
      isReserved = false;
      this.inAll -= 1;
      const left = this.reserved.get(caller)! - 1;
      if (left > 0) this.reserved.set(caller, left);
      else this.reserved.delete(caller);
    };
  }

  /** Places that are reserved now. */
  get size(): number {
    return this.inAll;
  }
}

/**
 * Passes the parts of a stream on, and calls `stalled` when the reader takes no part for too long.
 * @param stall milliseconds
 */
export async function* endWhenStalled(
  parts: AsyncIterable<Buffer>,
  stalled: () => void,
  stall = maxStall,
): AsyncGenerator<Buffer> {
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const part of parts) {
      timer = setTimeout(stalled, stall).unref();
      yield part;
      clearTimeout(timer);
    }
  } finally {
    clearTimeout(timer);
  }
}
