import { describe, expect, it } from 'vitest';
import { concat, type Pauses } from './concat.js';

const parts = Array.from({ length: 40 }, (_, i) => [`${i}ü`, Buffer.alloc(20_000, 'x')]).flat();

/** Pauses that are always due. */
function countedPauses(): Pauses & { count: number } {
  return {
    isDue: true,
    count: 0,
    yield() {
      this.count += 1;
      return Promise.resolve();
    },
  };
}

describe('texts of which some are bytes', () => {
  it('become UTF-8 bytes in their order', async () => {
    const bytes = await concat(parts, countedPauses());
    expect(String(bytes)).toBe(parts.join(''));
    expect(Buffer.isBuffer(bytes)).toBe(true);
  });

  it('are copied in portions when they are long, and at once when they are short', async () => {
    const [long, short] = [countedPauses(), countedPauses()];
    await concat(parts, long);
    await concat(parts.slice(0, 4), short);
    expect([long.count, short.count]).toEqual([10, 0]);
  });
});

it('texts that are all strings become a string', async () => {
  expect(await concat(['a', 'ü', 'b'], countedPauses())).toBe('aüb');
});
