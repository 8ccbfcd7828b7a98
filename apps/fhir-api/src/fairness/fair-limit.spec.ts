import { describe, expect, it } from 'vitest';
import { FairLimit, type FairLimitOptions } from './fair-limit.js';

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A limit with work that runs until the test ends it. */
function limitOf(options: Partial<FairLimitOptions> = {}) {
  const limit = new FairLimit({
    slots: 2,
    perApp: { alone: 2, shared: () => 2 },
    maxWaiting: { perApp: 100, inAll: 100 },
    maxWait: 60_000,
    isShared: () => false,
    ...options,
  });
  const started: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const ask = (name: string) =>
    limit.run(name[0]!, () => {
      started.push(name);
      return new Promise<string>((resolve, reject) =>
        ends.set(name, (error) => (error ? reject(error) : resolve(name))),
      );
    });
  const end = async (name: string, error?: Error) => {
    ends.get(name)!(error);
    await tick();
  };
  return { ask, end, started };
}

describe('a fair limit', () => {
  it('runs a limited amount of work at a time, and the work of one app in the order of its arrival', async () => {
    const { ask, end, started } = limitOf();
    const all = ['a1', 'a2', 'a3', 'a4'].map(ask);
    await tick();
    expect(started).toEqual(['a1', 'a2']);
    for (const name of ['a2', 'a1', 'a3', 'a4']) await end(name);
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('gives free slots to the apps in turn: an app with many requests waits for its own requests', async () => {
    const { ask, end, started } = limitOf();
    const all = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'c1', 'b2'].map(ask);
    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4', 'a5']) {
      await tick();
      await end(started.find((one) => one === name) ?? started.at(-1)!);
    }
    await Promise.all(all);
    const placeOf = (name: string) => started.indexOf(name);
    expect(Math.max(placeOf('b1'), placeOf('c1'))).toBeLessThan(placeOf('a4'));
    expect(placeOf('b2')).toBeLessThan(placeOf('a5'));
  });

  it('one app never has all slots, and has only its share while other apps are active', async () => {
    let isShared = false;
    const { ask, end, started } = limitOf({
      slots: 4,
      perApp: { alone: 3, shared: () => 1 },
      isShared: () => isShared,
    });
    const all = ['a1', 'a2', 'a3', 'a4', 'a5'].map(ask);
    await tick();
    expect(started).toEqual(['a1', 'a2', 'a3']);
    isShared = true;
    all.push(ask('b1'));
    await tick();
    expect(started).toEqual(['a1', 'a2', 'a3', 'b1']);
    await end('a1');
    await end('a2');
    expect(started).toHaveLength(4);
    await end('a3');
    expect(started.at(-1)).toBe('a4');
    for (const name of ['b1', 'a4', 'a5']) await end(name);
    await Promise.all(all);
  });

  it('continues when work fails', async () => {
    const { ask, end, started } = limitOf({ slots: 1 });
    const [failing, next] = [ask('a1'), ask('b1')];
    const failure = expect(failing).rejects.toThrow('broken');
    await end('a1', new Error('broken'));
    await failure;
    expect(started).toEqual(['a1', 'b1']);
    await end('b1');
    expect(await next).toBe('b1');
  });

  it('answers 429 when too many requests of one app wait, and 503 when too many requests of all apps wait', async () => {
    const { ask, end } = limitOf({ slots: 1, maxWaiting: { perApp: 1, inAll: 2 } });
    const all = ['a1', 'a2', 'b1'].map(ask);
    await expect(ask('a3')).rejects.toMatchObject({
      status: 429,
      issueCode: 'throttled',
      headers: { 'retry-after': '2' },
    });
    await expect(ask('c1')).rejects.toMatchObject({ status: 503, issueCode: 'throttled' });
    for (const name of ['a1', 'a2', 'b1']) await end(name);
    await Promise.all(all);
  });

  it('no request waits for ever', async () => {
    const { ask, end, started } = limitOf({ slots: 1, maxWait: 20 });
    const first = ask('a1');
    await expect(ask('b1')).rejects.toMatchObject({ status: 429 });
    const next = ask('b2');
    await end('a1');
    await end('b2');
    expect(await Promise.all([first, next])).toEqual(['a1', 'b2']);
    expect(started).toEqual(['a1', 'b2']);
  });
});
