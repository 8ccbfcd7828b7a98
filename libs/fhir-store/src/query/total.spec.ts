import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRepository } from '../repository.js';
import { baseUrl, member, TestStore } from '../testing/store.js';

const store = new TestStore();
beforeAll(async () => {
  await store.start();
  await store.put([
    { resourceType: 'Patient', id: 'ann' },
    ...['a', 'b', 'c'].map((id) => ({
      resourceType: 'Observation',
      id,
      subject: { reference: 'Patient/ann' },
    })),
  ]);
});
afterAll(() => store.stop());

it('a count of all matches delays no short statement: it has a connection of the pool', async () => {
  const shared: string[] = [];
  const { pool } = store;
  store.engine = openRepository({
    pool,
    quickSearches: {
      query: (statement) => {
        shared.push(statement.text);
        return pool.query(statement);
      },
    },
    environment: 'sandbox',
    baseUrl,
    cursorKey: 'test',
  });
  for (const query of ['Observation?_count=1', 'Observation?_summary=count'])
    expect((await store.search(query, member('ann'))).total).toBe(3);
  expect(shared).toHaveLength(1);
  expect(shared.join()).not.toContain('count(*)');
});
