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

it('$everything of several patients at the same time has the resources of its patient only', async () => {
  const pages = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const name = names[i % 3]!;
      const access = { ...member(name), patient: name };
      const path = `Patient/${name}/$everything`;
      const { json } = await store.engine.everything({ access, params: [], path });
      return { name, page: JSON.parse(String(json)) as Parameters<typeof entries>[0] };
    }),
  );
  for (const { name, page } of pages) {
    const notes = entries(page, 'match')
      .map(({ resource }) => resource)
      .filter(({ resourceType }) => resourceType === 'Observation');
    expect(notes.map(({ id }) => id)).toEqual(lengths.map((length) => `${name}-${length}`).sort());
    for (const resource of notes)
      expect(resource).toMatchObject(note(name, Number(resource.id.split('-')[1])));
  }
});

it('resources included at the same time are those of their own searches', async () => {
  const pages = await Promise.all(
    Array.from({ length: 30 }, (_, i) => {
      const name = names[i % 3]!;
      return store
        .search(`Patient?_id=${name}&_revinclude=Observation:subject`, member(name))
        .then((page) => ({ name, page }));
    }),
  );
  for (const { name, page } of pages) {
    const notes = entries(page, 'include').map(({ resource }) => resource);
    expect(notes.map(({ id }) => id).sort()).toEqual(lengths.map((length) => `${name}-${length}`).sort());
    for (const resource of notes)
      expect(resource).toMatchObject(note(name, Number(resource.id.split('-')[1])));
  }
});
