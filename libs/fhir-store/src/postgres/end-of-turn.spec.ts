import { describe, expect, it } from 'vitest';
import { atEndOfTurn } from './end-of-turn.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('jobs at the end of a turn of the event loop', () => {
  it('run in order, after the current work, and with the jobs that they add', async () => {
    const ran: string[] = [];
    atEndOfTurn(() => {
      ran.push('first');
      atEndOfTurn(() => ran.push('added by the first'));
    });
    atEndOfTurn(() => ran.push('second'));
    await Promise.resolve();
    expect(ran).toEqual([]);
    const turn = nextTurn();
    await turn;
    expect(ran).toEqual(['first', 'second', 'added by the first']);
  });

  it('run again in a later turn', async () => {
    const ran: number[] = [];
    for (const n of [1, 2]) {
      atEndOfTurn(() => ran.push(n));
      await nextTurn();
    }
    expect(ran).toEqual([1, 2]);
  });

  it('run also behind a job that fails', async () => {
    const failures: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => failures.push(error));
    let ran = 0;
    atEndOfTurn(() => {
      throw new Error('this job fails');
    });
    atEndOfTurn(() => (ran += 1));
    await nextTurn();
    await nextTurn();
    for (const listener of listeners) process.on('uncaughtException', listener);
    expect(ran).toBe(1);
    expect(failures).toMatchObject([{ message: 'this job fails' }]);
  });
});
