import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundle, deletion, lines, patient, weight } from '../testing/small-resources.js';
import { member, TestStore } from '../testing/store.js';

const store = new TestStore();
beforeAll(() => store.start(), 60_000);
afterAll(() => store.stop());

describe('the owners of a resource', () => {
  const provenance = (id: string, ...targets: string[]) => ({
    resourceType: 'Provenance',
    id,
    target: targets.map((reference) => ({ reference })),
    recorded: '2026-01-01T00:00:00Z',
    agent: [{ who: { reference: 'Practitioner/of-provenance' } }],
  });

  it('takes what names no patient in any order, and lets it go where goes what it refers to', async () => {
    const practitioner = { resourceType: 'Practitioner', id: 'of-provenance' };
    const of = async (patientId: string) => [
      await store.ids('Provenance', member(patientId)),
      await store.ids('Practitioner', member(patientId)),
    ];
    const first = store.file(
      'p1.ndjson',
      lines(provenance('prov', 'Observation/t1', 'Observation/t2'), practitioner),
    );
    expect(await store.load(first)).toMatchObject({ created: 2, waiting: 1 });
    expect(await store.load(first)).toMatchObject({ unchanged: 2, waiting: 1 });
    expect(await of('o1')).toEqual([[], []]);
    await store.load(store.file('p2.ndjson', lines(patient('o1'), patient('o2'), weight('t1', 'o1'))));
    expect(await of('o1')).toEqual([['prov'], ['of-provenance']]);
    await store.load(store.file('p3.ndjson', lines(weight('t2', 'o2'))));
    expect(await of('o2')).toEqual([['prov'], ['of-provenance']]);
    await store.load(store.file('p4.ndjson', lines(weight('t1', 'o2'))));
    expect([await of('o1'), await of('o2')]).toEqual([
      [[], []],
      [['prov'], ['of-provenance']],
    ]);
    const deleted = await store.load(
      store.file('p5.json', bundle('transaction', deletion('Observation/t1'), deletion('Observation/t2'))),
    );
    expect(deleted).toMatchObject({ deleted: 2, waiting: 1 });
    expect(await of('o2')).toEqual([[], []]);
    expect(await store.load(store.file('p6.ndjson', lines(weight('t2', 'o1'))))).toMatchObject({
      waiting: 0,
    });
    expect(await of('o1')).toEqual([['prov'], ['of-provenance']]);
  });

  it('follows owners over a long chain and around a circle, and takes the old owner away', async () => {
    const chain = Array.from({ length: 15 }, (_, i) => provenance(`chain-${i}`, `Provenance/chain-${i + 1}`));
    const circle = provenance('chain-15', 'Provenance/chain-0', 'Observation/chain-end');
    await store.load(store.file('chain.ndjson', lines(...chain, circle)));
    for (const owner of ['chain-a', 'chain-b']) {
      const report = await store.load(store.file('end.ndjson', lines(weight('chain-end', owner))));
      expect(report.waiting).toBe(0);
      expect(await store.ids('Provenance', member(owner))).toHaveLength(16);
    }
    expect(await store.ids('Provenance', member('chain-a'))).toEqual([]);
  });

  it('does not show a Provenance to its author, who is another member', async () => {
    const written = {
      ...provenance('by', 'Observation/about'),
      agent: [{ who: { reference: 'Patient/author' } }],
    };
    await store.load(store.file('by.ndjson', lines(patient('author'), weight('about', 'them'), written)));
    expect(await store.ids('Provenance', member('them'))).toEqual(['by']);
    expect(await store.ids('Provenance', member('author'))).toEqual([]);
  });
});
