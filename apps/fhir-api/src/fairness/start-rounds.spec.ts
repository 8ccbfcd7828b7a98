import { describe, expect, it } from 'vitest';
import { StartRounds } from './start-rounds.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('requests that arrive together', () => {
  it('begin a few at a time, in their order, and delay no other app', async () => {
    const rounds = new StartRounds(4);
    const begun: string[] = [];
    const begin = (app: string, n: number) => rounds.turn(app).then(() => begun.push(`${app}${n}`));
    const all = Array.from({ length: 10 }, (_, n) => begin('a', n));
    all.push(begin('b', 0));
    await Promise.resolve();
    await Promise.resolve();
    expect(begun).toEqual(['a0', 'a1', 'a2', 'a3', 'b0']);
    await nextTurn();
    expect(begun).toHaveLength(9);
    all.push(begin('a', 10));
    await Promise.all(all);
    expect(begun.filter((name) => name.startsWith('a'))).toEqual(
      Array.from({ length: 11 }, (_, n) => `a${n}`),
    );
  });

  it('begin at once when they come one after the other', async () => {
    const rounds = new StartRounds(1);
    for (let n = 0; n < 5; n++) {
      let hasBegun = false;
      void rounds.turn('a').then(() => (hasBegun = true));
      await Promise.resolve();
      await Promise.resolve();
      expect(hasBegun).toBe(true);
      await nextTurn();
      await nextTurn();
    }
  });
});
