import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary, document } from '../testing/binaries.js';
import { lines, patient, weight } from '../testing/small-resources.js';
import { directory, member, TestStore } from '../testing/store.js';

const store = new TestStore();
const practitioners = Array.from({ length: 20 }, (_, n) => ({ resourceType: 'Practitioner', id: `s-${n}` }));
const weights = Array.from({ length: 20 }, (_, n) => weight(`s-${n}`, 's'));
const all = [patient('s'), ...practitioners, ...weights];

beforeAll(async () => {
  await store.start();
  await store.put(all);
}, 60_000);
afterAll(() => store.stop());

let files = 0;
const snapshot = (
  resources: readonly object[],
  types: string[],
  options: { limit?: number; confirm?: () => Promise<boolean> } = {},
) =>
  store.loadWith(
    { snapshot: { types, limit: 0.1, ...options } },
    store.file(`snapshot-${files++}.ndjson`, lines(...resources)),
  );
const countOf = async (type: string) =>
  (await store.ids(`${type}?_count=1000`, type === 'Practitioner' ? directory : member('s'))).length;

describe('a snapshot', () => {
  it('deletes what is absent of its types, and nothing of other types', async () => {
    const report = await snapshot(all.slice(3), ['Practitioner']);
    expect(report).toMatchObject({ deleted: 2, unchanged: 38, byType: { Practitioner: 2 } });
    expect(report.snapshotHeld).toBeUndefined();
    expect([await countOf('Practitioner'), await countOf('Observation'), await countOf('Patient')]).toEqual([
      18, 20, 1,
    ]);
    const again = await snapshot(all.slice(3), ['Practitioner']);
    expect(again).toMatchObject({ deleted: 0, unchanged: 38 });
  });

  it('asks first when more is absent than the limit, and deletes nothing without a yes', async () => {
    const few = all.slice(0, 30);
    const held = { because: 'limit', type: 'Observation', absent: 11, stored: 20 };
    expect(await snapshot(few, ['Observation'])).toMatchObject({ deleted: 0, snapshotHeld: held });
    const no = () => Promise.resolve(false);
    expect(await snapshot(few, ['Observation'], { confirm: no })).toMatchObject({ snapshotHeld: held });
    expect(await countOf('Observation')).toBe(20);
    const yes = () => Promise.resolve(true);
    expect(await snapshot(few, ['Observation'], { confirm: yes })).toMatchObject({ deleted: 11 });
    expect(await snapshot([], ['Observation'], { limit: 1 })).toMatchObject({ deleted: 9 });
    expect(await countOf('Observation')).toBe(0);
  });

  it('deletes nothing when something was refused: it may be what seems absent', async () => {
    const resources = [...all.slice(5), { resourceType: 'Practitioner', id: 'not valid!' }];
    const report = await snapshot(resources, ['Practitioner'], { limit: 1 });
    expect(report).toMatchObject({ deleted: 0, rejected: 1, snapshotHeld: { because: 'refusals' } });
  });

  it('reaches what waits, and Binaries', async () => {
    const conditional = { ...weight('c', 's'), performer: [{ reference: 'Practitioner?identifier=s|none' }] };
    await store.put([conditional, binary('sb', 'x'), document('sd', 's', 'Binary/sb')]);
    const report = await snapshot([document('sd', 's', 'Binary/sb')], ['Binary', 'Observation'], {
      limit: 1,
    });
    expect(report).toMatchObject({ unresolved: 0, byType: { Binary: 1 } });
    expect(await store.engine.readBinary({ id: 'sb', access: member('s') })).toBeUndefined();
  });

  it('of a type that is not served stops before anything is loaded', async () => {
    await expect(snapshot(all, ['Claim'])).rejects.toThrow(/snapshot of Claim, which is not a resource type/);
  });
});
