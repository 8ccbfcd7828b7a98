import { AsyncLocalStorage } from 'node:async_hooks';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { afterEach, expect, it, vi } from 'vitest';
import { currentRequestId, followContexts, withRequestId } from '../tracing/request-context.js';
import { Batches, togetherOrAlone } from './batches.js';
import { databaseIsUnavailable } from './unavailable.js';

afterEach(() => void vi.useRealTimers());

/** An error of PostgreSQL. */
const sqlError = (code: string) => Object.assign(new Error(`SQLSTATE ${code}`), { code });

/** Work whose first batch lasts until it is ended. */
function firstBatchLasts() {
  const batches: string[][] = [];
  const ends: { resolve(): void; reject(error: unknown): void }[] = [];
  const work = (items: readonly string[]) => {
    batches.push([...items]);
    if (batches.length > 1) return Promise.resolve(items);
    return new Promise<readonly string[]>((resolve, reject) =>
      ends.push({ resolve: () => resolve(items), reject }),
    );
  };
  const begun = () => vi.waitFor(() => expect(ends).toHaveLength(1));
  return { batches, work, begun, end: () => ends[0]! };
}

const statuses = async (outcomes: Promise<unknown>[]) =>
  (await Promise.allSettled(outcomes)).map(({ status }) => status);

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
  const work = togetherOrAlone<string>(() => Promise.reject(sqlError('22P05')), keep);
  const outcomes = await Promise.allSettled(
    (await work(['a', 'broken', 'c'])).map((one) => Promise.resolve(one)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(stored).toEqual(['a', 'c']);
});

it.each(['22P05', '23505', '21000', '54000'])(
  'values that are refused (%s) are stored alone',
  async (code) => {
    const alone: string[] = [];
    const work = togetherOrAlone<string>(
      () => Promise.reject(sqlError(code)),
      async (item) => void alone.push(item),
    );
    for (const stored of await work(['a', 'b'])) await stored;
    expect(alone).toEqual(['a', 'b']);
  },
);

it.each(['57014', '57P01', '53300', '40P01', '42P01'])(
  'a failure that is not of the values (%s) is that of all items, and none is stored alone',
  async (code) => {
    const alone: string[] = [];
    const work = togetherOrAlone<string>(
      () => Promise.reject(sqlError(code)),
      async (item) => void alone.push(item),
    );
    await expect(work(['a', 'b'])).rejects.toMatchObject({ code });
    expect(alone).toEqual([]);
  },
);

it.each(['57014', '57P01'])('a stall of the database (%s) fails the waiting items, too', async (code) => {
  const { work, batches, begun, end } = firstBatchLasts();
  const stored = new Batches(work, { lanes: 1, largest: 2 });
  const first = stored.add('a');
  await begun();
  const waiting = ['b', 'c', 'd'].map((item) => stored.add(item));
  end().reject(sqlError(code));
  expect(await statuses([first, ...waiting])).toEqual(Array.from({ length: 4 }, () => 'rejected'));
  await expect(waiting[2]).rejects.toMatchObject({ code });
  expect(await stored.add('e')).toBe('e');
  expect(batches).toEqual([['a'], ['e']]);
});

it('an item that has waited too long is refused as if the database were unavailable', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { work, batches, begun, end } = firstBatchLasts();
  const stored = new Batches(work, { lanes: 1, largest: 2, longestWait: 5000 });
  const first = stored.add('a');
  await begun();
  const late = ['b', 'c', 'd'].map((item) => stored.add(item));
  vi.advanceTimersByTime(3000);
  const young = stored.add('e');
  vi.advanceTimersByTime(2001);
  end().resolve();
  expect(await statuses([first, ...late, young])).toEqual([
    'fulfilled',
    ...late.map(() => 'rejected'),
    'fulfilled',
  ]);
  expect(databaseIsUnavailable(await late[0]!.catch((error: unknown) => error))).toBe(true);
  expect(batches).toEqual([['a'], ['e']]);
});

it('a batch has the context of its first asker, and runs within no request', async () => {
  followContexts();
  const request = new AsyncLocalStorage<string>();
  const within: unknown[] = [];
  const asked = (id: string, ask: () => Promise<unknown>) =>
    context.with(withRequestId(ROOT_CONTEXT, id), () => request.run(id, ask));
  const work = new Batches<string, string>(
    async (items) => {
      await later();
      within.push([items.join(), request.getStore(), currentRequestId()]);
      return items;
    },
    { lanes: 1, largest: 1 },
  );
  await Promise.all(['1', '2'].map((id) => asked(id, () => work.add(id))));
  expect(within).toEqual([
    ['1', undefined, '1'],
    ['2', undefined, '2'],
  ]);
});
