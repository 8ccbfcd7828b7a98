import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directory, TestStore } from '../testing/store.js';

/** How far included resources are looked for. */

const store = new TestStore();
const organization = (n: number) => ({
  resourceType: 'Organization',
  id: `level-${n}`,
  name: `Level ${n}`,
  ...(n > 0 ? { partOf: { reference: `Organization/level-${n - 1}` } } : {}),
});

beforeAll(async () => {
  await store.start();
  await store.put([
    ...Array.from({ length: 11 }, (_, n) => organization(n)),
    { resourceType: 'Organization', id: 'a', name: 'A', partOf: { reference: 'Organization/b' } },
    { resourceType: 'Organization', id: 'b', name: 'B', partOf: { reference: 'Organization/a' } },
  ]);
});
afterAll(() => store.stop());

describe('a chain of references', () => {
  const upFrom = (n: number) => `Organization?_id=level-${n}&_include:iterate=Organization:partof`;
  const downFrom = (n: number) => `Organization?_id=level-${n}&_revinclude:iterate=Organization:partof`;

  it('is followed to its end, when that is eight references away', async () => {
    expect(await store.included(upFrom(8), directory)).toHaveLength(8);
    expect(await store.included(downFrom(2), directory)).toHaveLength(8);
    expect(await store.included('Organization?_id=level-10&_include=Organization:partof', directory)).toEqual(
      ['Organization/level-9'],
    );
  });

  it('is refused when it goes on: a part of it would look like all', async () => {
    for (const query of [upFrom(9), upFrom(10), downFrom(1), `${upFrom(10)}&_include:iterate=*`])
      await expect(store.search(query, directory)).rejects.toMatchObject({
        status: 400,
        issueCode: 'too-costly',
        message: expect.stringContaining(':iterate'),
      });
  });

  it('may be a circle', async () => {
    expect(await store.included('Organization?_id=a&_include:iterate=*', directory)).toEqual([
      'Organization/b',
    ]);
  });
});
