import { describe, expect, it } from 'vitest';
import { TimeShare, type TimeShareOptions } from './time-share.js';

const options: TimeShareOptions = {
  share: 0.3,
  light: Infinity,
  leastShare: 0.3,
  burst: 10,
  usual: 0,
  maxWaiting: 200,
  maxWait: 15_000,
  beyond: 'refuse',
  isShared: () => true,
};
const refusal = {
  status: 429,
  issueCode: 'throttled',
  headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
};

/** Milliseconds that something takes. */
async function took(work: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work;
  return performance.now() - begun;
}

describe('a share of time', () => {
  it('lets only the app with more use wait, in the order of its requests', async () => {
    const thread = new TimeShare(options);
    thread.charge('a', 40);
    const order: string[] = [];
    const turns = ['a', 'a', 'b'].map((app, n) => thread.turn(app).then(() => order.push(`${app}${n}`)));
    expect(await took(Promise.all(turns))).toBeGreaterThan(80);
    expect(order).toEqual(['b2', 'a0', 'a1']);
  });

  it('charges the usual time of a request at its start, so that a share is not exceeded by many starts', async () => {
    let at = 0;
    let isShared = true;
    const thread = new TimeShare({ ...options, isShared: () => isShared }, () => at);
    for (let n = 0; n < 50; n++) thread.charge('a', 4);
    at += 60_000;
    let begun = 0;
    const turns = Array.from({ length: 20 }, () => thread.turn('a').then(() => (begun += 1)));
    await Promise.resolve();
    // Ten milliseconds pay for three requests of four milliseconds, with a debt of two.
    expect(begun).toBe(3);
    isShared = false;
    await Promise.all(turns);
  });

  it('admits no flood of an unknown app', async () => {
    let isShared = true;
    const thread = new TimeShare({ ...options, usual: 1, isShared: () => isShared }, () => 0);
    let begun = 0;
    const turns = Array.from({ length: 100 }, () => thread.turn('a').then(() => (begun += 1)));
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect(begun).toBe(11);
    isShared = false;
    await Promise.all(turns);
  });

  it('is smaller for an app with long requests, and never zero', async () => {
    const graded = { ...options, share: 0.5, light: 2, leastShare: 0.1 };
    for (const [usual, share] of [
      [1, 0.5],
      [2, 0.5],
      [4, 0.25],
      [100, 0.1],
    ] as const) {
      let at = 0;
      const thread = new TimeShare({ ...graded, usual, burst: 0 }, () => at);
      for (let n = 0; n < 4; n++) {
        thread.charge('a', usual);
        at += 10_000;
      }
      thread.charge('a', usual);
      expect(thread.isLight('a')).toBe(usual <= 2);
      at += usual / share - 0.02;
      expect([usual, thread.isOverdrawn('a')]).toEqual([usual, true]);
      at += 0.04;
      expect([usual, thread.isOverdrawn('a')]).toEqual([usual, false]);
    }
  });

  it('never limits an app with light requests that uses less than another app', async () => {
    let at = 0;
    const thread = new TimeShare({ ...options, light: 2, leastShare: 0.1, burst: 0 }, () => at);
    for (let n = 0; n < 100; n++) thread.charge('flood', 1);
    for (let n = 0; n < 50; n++) thread.charge('light', 1);
    for (let n = 0; n < 5; n++) thread.charge('heavy', 9);
    expect(['flood', 'light', 'heavy'].map((app) => thread.isOverdrawn(app))).toEqual([true, false, true]);
    await thread.turn('light');
    for (let n = 0; n < 60; n++) thread.charge('light', 1);
    expect(['flood', 'light'].map((app) => thread.isOverdrawn(app))).toEqual([false, true]);
    at += 10_000;
    for (let n = 0; n < 2; n++) thread.charge('flood', 20);
    expect(thread.isOverdrawn('light')).toBe(false);
  });

  it('limits an app with heavy requests only when no other app has used more in relation to its share', () => {
    const at = 0;
    const thread = new TimeShare({ ...options, share: 0.5, light: 3, leastShare: 0.1, burst: 0 }, () => at);
    // The shares are 0.3 and 0.1 of the time, so 150 ms of the second are more than 200 ms of the first.
    for (let n = 0; n < 40; n++) thread.charge('pages', 5);
    for (let n = 0; n < 5; n++) thread.charge('greedy', 30);
    expect(['pages', 'greedy'].map((app) => thread.isOverdrawn(app))).toEqual([false, true]);
    for (let n = 0; n < 140; n++) thread.charge('pages', 5);
    expect(['pages', 'greedy'].map((app) => thread.isOverdrawn(app))).toEqual([true, false]);
  });

  it('limits each of two apps that use about the same, however few requests they have at once', () => {
    const thread = new TimeShare(
      { ...options, light: 3, leastShare: 0.1, burst: 0, inProgress: () => 2 },
      () => 0,
    );
    for (let n = 0; n < 5; n++)
      for (const app of ['one', 'other']) thread.charge(app, app === 'one' ? 30 : 25);
    expect(['one', 'other'].map((app) => thread.isOverdrawn(app))).toEqual([true, true]);
  });

  it('takes a request among tiny ones for heavy', () => {
    const thread = new TimeShare({ ...options, light: 3, usual: 0.5 }, () => 0);
    let light = 0;
    for (let n = 0; n < 60; n++) {
      thread.charge('mixed', n % 6 === 5 ? 80 : 0.3);
      if (n >= 6 && thread.isLight('mixed')) light += 1;
    }
    expect(light).toBe(0);
  });

  it('refuses at once a request whose wait would be too long, and says when to come again', () => {
    let isShared = true;
    const thread = new TimeShare({ ...options, usual: 10, isShared: () => isShared }, () => 0);
    for (let n = 0; n < 4; n++) thread.charge('a', 10);
    thread.admit('a', 0);
    thread.admit('a', 100);
    const refused = { status: 429, headers: { 'retry-after': '7' } };
    expect(() => thread.admit('a', 200)).toThrow(expect.objectContaining(refused));
    for (let n = 0; n < 500; n++) thread.charge('a', 10);
    expect(() => thread.admit('a', 100)).toThrow(expect.objectContaining({ status: 429 }));
    isShared = false;
    thread.admit('a', 500);
  });

  it('limits every app that has many heavy requests at once', () => {
    const inProgress = (app: string) => (app === 'pages' ? 3 : 40);
    const thread = new TimeShare({ ...options, light: 3, leastShare: 0.1, burst: 0, inProgress }, () => 0);
    for (let n = 0; n < 5; n++) {
      thread.charge('greedy', 30);
      thread.charge('also greedy', 28);
      thread.charge('pages', 10);
    }
    const apps = ['greedy', 'also greedy', 'pages'];
    expect(apps.map((app) => thread.isOverdrawn(app))).toEqual([true, true, false]);
  });

  it('limits each key where no request is light', () => {
    const strangers = new TimeShare({ ...options, light: 0, burst: 0 }, () => 0);
    strangers.charge('one', 100);
    strangers.charge('other', 1);
    expect(['one', 'other'].map((key) => strangers.isOverdrawn(key))).toEqual([true, true]);
  });

  it('is no limit while all apps together use less, and the debt of that time is small', async () => {
    let at = 0;
    const thread = new TimeShare({ ...options, burst: 0, calmOver: 100 }, () => at);
    thread.charge('a', 20);
    expect(thread.isOverdrawn('a')).toBe(false);
    thread.charge('b', 1000);
    at += 350;
    expect(thread.isOverdrawn('b')).toBe(true);
    thread.charge('a', 20);
    at += 60;
    expect(thread.isOverdrawn('b')).toBe(false);
    thread.charge('b', 1);
    for (let n = 0; n < 50; n++) thread.charge('b', 1);
    // The debt was cut to 50 ms in the calm, and grew by these requests.
    expect(thread.isOverdrawn('b')).toBe(true);
    at += 110 / 0.3;
    expect(thread.isOverdrawn('b')).toBe(false);
  });

  it('passes to one request at a time when several wait', async () => {
    let at = 0;
    let isShared = true;
    const thread = new TimeShare({ ...options, burst: 0, usual: 6, isShared: () => isShared }, () => at);
    thread.charge('a', 6);
    let begun = 0;
    const turns = Array.from({ length: 5 }, () => thread.turn('a').then(() => (begun += 1)));
    at += 20.1;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(begun).toBe(1);
    isShared = false;
    await Promise.all(turns);
  });

  it('takes the first requests of a new process for no measure of the next', () => {
    const at = 0;
    const thread = new TimeShare({ ...options, light: 3, usual: 0.5 }, () => at);
    thread.charge('a', 80);
    for (let n = 0; n < 2; n++) thread.charge('a', 1);
    expect(thread.isLight('a')).toBe(false);
    thread.charge('a', 1);
    expect(thread.isLight('a')).toBe(true);
    for (let n = 0; n < 4; n++) thread.charge('a', 80);
    expect(thread.isLight('a')).toBe(false);
  });

  it('is a part of the processor time that this process gets on a busy machine', () => {
    let at = 0;
    const thread = new TimeShare({ ...options, share: 0.5, burst: 0, slowdown: () => 4 }, () => at);
    thread.charge('a', 1);
    at += 7.99;
    expect(thread.isOverdrawn('a')).toBe(true);
    at += 0.02;
    expect(thread.isOverdrawn('a')).toBe(false);
  });

  it('is everything while the app is alone, and this use hardly counts later', async () => {
    let at = 0;
    let isShared = false;
    const thread = new TimeShare({ ...options, isShared: () => isShared }, () => at);
    thread.charge('a', 60_000);
    await thread.turn('a');
    isShared = true;
    expect(thread.isOverdrawn('a')).toBe(true);
    at += 200;
    expect(thread.isOverdrawn('a')).toBe(false);
    thread.charge('a', 6000);
    await expect(thread.turn('a')).rejects.toMatchObject(refusal);
    const other = new TimeShare({ ...options, isShared: () => isShared });
    other.charge('a', 3000);
    const turn = other.turn('a');
    isShared = false;
    await turn;
  });

  it('lets a limited number of requests of an app wait, and refuses the others with a time for the retry', async () => {
    let isShared = true;
    const thread = new TimeShare({ ...options, isShared: () => isShared });
    for (let n = 0; n < 1000; n++) thread.charge('a', 1);
    const waiting = Array.from({ length: 200 }, () => thread.turn('a'));
    await expect(thread.turn('a')).rejects.toMatchObject(refusal);
    isShared = false;
    await Promise.all(waiting);
    await thread.turn('a');
  });

  it('serves further requests where a refusal would cost as much', async () => {
    let isShared = true;
    const refusals = new TimeShare({ ...options, beyond: 'pass', isShared: () => isShared });
    for (let n = 0; n < 1000; n++) refusals.charge('a', 1);
    const waiting = Array.from({ length: 200 }, () => refusals.turn('a'));
    await refusals.turn('a');
    isShared = false;
    await Promise.all(waiting);
  });

  it('remembers a bounded number of apps', async () => {
    let at = 0;
    const thread = new TimeShare(options, () => (at += 1000));
    for (let n = 0; n < 5000; n++) thread.charge(`app ${n}`, 1);
    const strangers = new TimeShare(options, () => 0);
    for (let n = 0; n < 5000; n++) strangers.charge(`address ${n}`, 1_000_000);
    expect([thread.size, strangers.size].every((size) => size <= 1000)).toBe(true);
  });
});
