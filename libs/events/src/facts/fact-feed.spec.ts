import { afterEach, expect, it, vi } from 'vitest';
import { eventually } from '@payer/testing';
import { FactFeed } from './fact-feed.js';
import type { FactPositions } from './fact-position.js';

afterEach(() => {
  vi.useRealTimers();
});

/** @param cursorOf the owner's cursor in its answer to a URL; throws while the owner is away */
function readerOf(
  interval: number,
  cursorOf: (url: string) => string,
  positions?: FactPositions,
): FactFeed<'consent'> {
  return new FactFeed({
    owner: 'consent',
    url: 'http://consent',
    interval,
    apply() {},
    positions,
    logger: { log() {}, warn() {}, error() {} },
    fetch: (async (url: string) => {
      const answer = { identity: 'one', restored_seconds_ago: null, next: null, facts: [] };
      const body = { ...answer, cursor: cursorOf(url) };
      return { status: 200, json: () => Promise.resolve(body) };
    }) as unknown as typeof fetch,
  });
}

it('a reader that starts asks an absent owner often, and an owner that went away once a second', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let asked = 0;
  let isThere = false;
  const feed = readerOf(2000, () => {
    asked += 1;
    if (!isThere) throw new Error('away');
    return '100';
  });
  feed.start();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toBeGreaterThanOrEqual(5);

  isThere = true;
  await vi.advanceTimersByTimeAsync(200);
  expect(feed.readings).toBe(1);

  isThere = false;
  await vi.advanceTimersByTimeAsync(2000);
  asked = 0;
  await vi.advanceTimersByTimeAsync(3000);
  expect(asked).toBe(3);
  void feed.stop();
});

it('a reader starts over when the cursor of the owner falls back under the same name', async () => {
  const asked: string[] = [];
  const cursors = ['100', '120', '40', '41'];
  const feed = readerOf(1000, (url) => {
    asked.push(new URL(url).search);
    return cursors[asked.length - 1]!;
  });
  for (let reading = 0; reading < 3; reading += 1) expect(await feed.readNow(30_000)).toBe(true);
  expect(asked).toEqual(['', '?after=100', '?after=120', '']);
  expect(feed.restoredAge).toBeLessThan(60);
});

it('a position that was loaded while the database of the reader was restored does not count', async () => {
  const asked: string[] = [];
  const stored = ['900', '100'];
  const feed: FactFeed<'consent'> = readerOf(
    1000,
    (url) => {
      asked.push(new URL(url).search);
      return '1000';
    },
    {
      async load() {
        const position = { identity: 'one', cursor: stored.shift()! };
        if (stored.length > 0) feed.forget();
        return position;
      },
      async save() {},
    },
  );
  expect(await feed.readNow(30_000)).toBe(false);
  // After a failure a reader refuses to ask for half a second.
  await eventually(() => feed.readNow(30_000));
  expect(asked).toEqual(['?after=100']);
});
