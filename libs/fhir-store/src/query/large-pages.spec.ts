import { afterAll, beforeAll, expect, it } from 'vitest';
import { entries, member, TestStore } from '../testing/store.js';

const store = new TestStore();
const names = ['anna', 'bert', 'carl'];
/** Around the length of a long value, of a long answer, and of the memory of an answer. */
const lengths = [10, 3000, 5000, 12_000, 40_000, 90_000, 150_000];

const note = (name: string, length: number) => ({
  resourceType: 'Observation',
  id: `${name}-${length}`,
  status: 'final',
  code: { text: 'note' },
  subject: { reference: `Patient/${name}` },
  note: [{ text: `${name} `.repeat(length / 5) }],
});

beforeAll(async () => {
  await store.start();
  await store.put(
    names.flatMap((name) => [
      { resourceType: 'Patient', id: name, name: [{ family: name }] },
      ...lengths.map((length) => note(name, length)),
    ]),
  );
});
afterAll(() => store.stop());

it('pages of long resources that are made at the same time have the resources of their own patient', async () => {
  const asked = Array.from({ length: 60 }, (_, i) => ({ name: names[i % 3]!, count: (i % 7) + 1 }));
  const pages = await Promise.all(
    asked.map(({ name, count }) => store.search(`Observation?_count=${count}`, member(name))),
  );
  pages.forEach((page, i) => {
    const { name, count } = asked[i]!;
    const found = entries(page, 'match').map(({ resource }) => resource);
    const ids = lengths.map((length) => `${name}-${length}`).sort();
    expect(found.map(({ id }) => id)).toEqual(ids.slice(0, count));
    for (const resource of found)
      expect(resource).toMatchObject(note(name, Number(resource.id.split('-')[1])));
  });
});
