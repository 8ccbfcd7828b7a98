import { describe, expect, it } from '@jest/globals';
import { ProcessorShare } from './time-share.js';

/** Milliseconds that something takes. */
async function took(work: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work;
  return performance.now() - begun;
}

describe('the share of the one thread', () => {
  it('makes an app that has used more wait, in the order of its requests, and no other', async () => {
    const processor = new ProcessorShare(() => true);
    processor.charge('a', 40);
    const order: string[] = [];
    const turns = ['a', 'a', 'b'].map((app, n) => processor.turn(app).then(() => order.push(`${app}${n}`)));
    expect(await took(Promise.all(turns))).toBeGreaterThan(80);
    expect(order).toEqual(['b2', 'a0', 'a1']);
  });

  it('is all of it while the app is alone, and from the moment on that it is', async () => {
    let isShared = false;
    const processor = new ProcessorShare(() => isShared);
    processor.charge('a', 60_000);
    await processor.turn('a');
    isShared = true;
    await expect(processor.turn('a')).rejects.toMatchObject({ status: 429, issueCode: 'throttled' });
    const other = new ProcessorShare(() => isShared);
    other.charge('a', 3000);
    const turn = other.turn('a');
    isShared = false;
    await turn;
  });

  it('lets so many requests of an app wait, and refuses the others with the time to come back', async () => {
    let isShared = true;
    const processor = new ProcessorShare(() => isShared);
    processor.charge('a', 1000);
    const waiting = Array.from({ length: 200 }, () => processor.turn('a'));
    await expect(processor.turn('a')).rejects.toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
    });
    isShared = false;
    await Promise.all(waiting);
    await processor.turn('a');
  });
});
