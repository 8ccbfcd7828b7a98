import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.js';

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** Work that goes on until it is told to end. */
function work() {
  let end: (error?: Error) => void = () => undefined;
  const done = new Promise<string>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve('done'));
  });
  return { run: () => done, end: (error?: Error) => end(error) };
}

describe('turns', () => {
  it('let so many work at a time, and the others after them in order', async () => {
    const turns = new Turns(2, 10);
    const started: number[] = [];
    const works = Array.from({ length: 5 }, work);
    const all = works.map(({ run }, i) =>
      turns.take(() => {
        started.push(i);
        return run();
      }),
    );
    await tick();
    expect(started).toEqual([0, 1]);
    works[1]!.end();
    await tick();
    expect(started).toEqual([0, 1, 2]);
    for (const { end } of works) end();
    expect(await Promise.all(all)).toEqual(Array(5).fill('done'));
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  it('go on when work fails', async () => {
    const turns = new Turns(1, 10);
    const [first, second] = [work(), work()];
    const failing = turns.take(first.run);
    const next = turns.take(second.run);
    first.end(new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    second.end();
    expect(await next).toBe('done');
    expect(await turns.take(() => Promise.resolve('free'))).toBe('free');
  });

  it('are refused when too many wait', async () => {
    const turns = new Turns(1, 1);
    const [first, second] = [work(), work()];
    const [one, two] = [turns.take(first.run), turns.take(second.run)];
    await expect(turns.take(() => Promise.resolve())).rejects.toMatchObject({
      status: 503,
      issueCode: 'throttled',
    });
    first.end();
    second.end();
    await Promise.all([one, two]);
  });
});
