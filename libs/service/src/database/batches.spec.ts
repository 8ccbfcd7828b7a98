import { expect, it } from 'vitest';
import { Batches, togetherOrAlone } from './batches.js';

const later = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

it('items that arrive while a batch runs form the next batch, and each gets its own outcome', async () => {
  const batches: number[][] = [];
  const doubled = new Batches<number, number>(
    async (items) => {
      batches.push([...items]);
      await later();
      return items.map((item) => item * 2);
    },
    { lanes: 1, largest: 3 },
  );
  const first = doubled.add(1);
  await new Promise((resolve) => setImmediate(resolve));
  const rest = [2, 3, 4, 5].map((item) => doubled.add(item));
  expect(await Promise.all([first, ...rest])).toEqual([2, 4, 6, 8, 10]);
  expect(batches).toEqual([[1], [2, 3, 4], [5]]);
  expect(await doubled.add(6)).toBe(12);
});

it('the failure of a batch is that of its items, and the next batch runs', async () => {
  const work = new Batches<string, string>(
    (items) =>
      items.includes('broken') ? Promise.reject(new Error('refused')) : Promise.resolve([...items]),
    { lanes: 1, largest: 2 },
  );
  const outcomes = await Promise.allSettled(['a', 'broken', 'c'].map((item) => work.add(item)));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
});

it('an outcome that takes longer delays no later batch', async () => {
  const work = new Batches<string, string>(
    (items) => Promise.resolve(items.map((item) => (item === 'slow' ? later().then(() => item) : item))),
    { lanes: 1, largest: 1 },
  );
  const done: string[] = [];
  await Promise.all(['slow', 'quick'].map(async (item) => done.push(await work.add(item))));
  expect(done).toEqual(['quick', 'slow']);
});

it('an item that cannot be stored with others fails alone', async () => {
  const stored: string[] = [];
  const keep = (item: string): Promise<void> =>
    item === 'broken' ? Promise.reject(new Error('refused')) : Promise.resolve(void stored.push(item));
  const work = togetherOrAlone<string>(() => Promise.reject(new Error('one of them is broken')), keep);
  const outcomes = await Promise.allSettled(
    (await work(['a', 'broken', 'c'])).map((one) => Promise.resolve(one)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(stored).toEqual(['a', 'c']);
});
