import { expect, it } from 'vitest';
import { FactFeed } from './fact-feed.js';

it('a reader starts over when the cursor of the owner falls back under the same name', async () => {
  const asked: string[] = [];
  const cursors = ['100', '120', '40', '41'];
  const feed = new FactFeed({
    owner: 'consent',
    url: 'http://consent',
    interval: 1000,
    apply() {},
    logger: { log() {}, warn() {}, error() {} },
    fetch: ((url: string) => {
      asked.push(new URL(url).search);
      const answer = { identity: 'one', restored_seconds_ago: null, next: null, facts: [] };
      const body = { ...answer, cursor: cursors[asked.length - 1] };
      return Promise.resolve({ status: 200, json: () => Promise.resolve(body) });
    }) as unknown as typeof fetch,
  });
  for (let reading = 0; reading < 3; reading += 1) expect(await feed.readNow(30_000)).toBe(true);
  expect(asked).toEqual(['', '?after=100', '?after=120', '']);
  expect(feed.restoredAge).toBeLessThan(60);
});
