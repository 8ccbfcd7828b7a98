import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary, document } from '../testing/binaries.js';
import { bundle, deletion, lines, patient, weight } from '../testing/small-resources.js';
import { directory, member, TestStore } from '../testing/store.js';

const store = new TestStore();
const practitioners = Array.from({ length: 20 }, (_, n) => ({ resourceType: 'Practitioner', id: `s-${n}` }));
const weights = Array.from({ length: 20 }, (_, n) => weight(`s-${n}`, 's'));
const all = [patient('s'), ...practitioners, ...weights];

beforeAll(async () => {
  await store.start();
  await store.put(all);
});
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

  it('deletes what waited since an earlier load, also when its target comes', async () => {
    const role = (id: string) => ({
      resourceType: 'PractitionerRole',
      id,
      organization: { reference: 'Organization?identifier=s|waited-for' },
    });
    const target = {
      resourceType: 'Organization',
      id: 'waited-for',
      name: 'o',
      identifier: [{ system: 's', value: 'waited-for' }],
    };
    await store.put([role('earlier')]);
    const report = await snapshot([role('given'), target], ['PractitionerRole'], { limit: 1 });
    expect(report).toMatchObject({ unresolved: 0 });
    expect(await store.ids('PractitionerRole', directory)).toEqual(['given']);
  });

  it('keeps what its Bundles create unless it exists', async () => {
    const create = (uuid: string) =>
      bundle('transaction', {
        fullUrl: `urn:uuid:${uuid}`,
        resource: { resourceType: 'Location', name: 'l', identifier: [{ system: 's', value: 'exists' }] },
        request: { method: 'POST', url: 'Location', ifNoneExist: 'identifier=s|exists' },
      });
    await store.load(store.file('create.json', create('first')));
    const again = store.file('again.json', create('second'));
    const report = await store.loadWith({ snapshot: { types: ['Location'], limit: 1 } }, again);
    expect(report).toMatchObject({ unchanged: 1, deleted: 0 });
    expect(await store.ids('Location', directory)).toEqual(['first']);
  });

  it('of a type that is not served stops before anything is loaded', async () => {
    await expect(snapshot(all, ['Claim'])).rejects.toThrow(/snapshot of Claim, which is not a resource type/);
  });
});

describe('a snapshot of a type with a time to be kept', () => {
  const rule = {
    type: 'ExplanationOfBenefit',
    where: { element: 'use', value: 'preauthorization' },
    inForce: 'preAuthRefPeriod',
    years: 1,
  };
  const days = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString();
  const benefit = (id: string, changed: number, more: object = {}) => ({
    resourceType: 'ExplanationOfBenefit',
    id,
    meta: { lastUpdated: days(changed) },
    status: 'active',
    type: { text: 'U+0000 is \u0000' },
    use: 'preauthorization',
    patient: { reference: 'Patient/s' },
    created: '2020-01-01',
    insurer: { display: 'Plan' },
    provider: { display: 'Doctor' },
    outcome: 'complete',
    insurance: [{ focal: true, coverage: { display: 'Coverage' } }],
    ...more,
  });
  const inForce = (...ends: (string | undefined)[]) => ({
    preAuthRefPeriod: ends.map((end) => ({ start: '2020-01-01', ...(end ? { end } : {}) })),
  });
  const [today, year] = [days(0).slice(0, 10), days(0).slice(0, 4)];
  const benefits = [
    benefit('changed-lately', -360, { status: 'cancelled' }),
    benefit('in-force', -400, inForce('2021-01-01', today)),
    benefit('in-force-this-year', -400, inForce(year)),
    benefit('in-force-without-an-end', -400, inForce(undefined)),
    benefit('over', -400, inForce('2021-01-01', days(-1).slice(0, 10))),
    benefit('without-a-period', -400),
    benefit('claim-changed-lately', -1, { use: 'claim' }),
  ];
  const idsLeft = async () => (await store.ids('ExplanationOfBenefit?_sort=_id', member('s'))).sort();
  const load = (options: object) =>
    store.loadWith(
      { snapshot: { types: ['ExplanationOfBenefit'], limit: 1, retention: [rule], ...options } },
      store.file(`snapshot-${files++}.ndjson`, ''),
    );

  it('keeps what has changed lately or is in force, and deletes the rest', async () => {
    await store.put(benefits);
    const report = await load({});
    expect(report).toMatchObject({ kept: 4, deleted: 3 });
    const kept = ['changed-lately', 'in-force', 'in-force-this-year', 'in-force-without-an-end'];
    expect(await idsLeft()).toEqual(kept);
    // What stays is not asked about.
    expect(await load({ limit: 0 })).toMatchObject({ kept: 4, deleted: 0, snapshotHeld: undefined });
    expect(await load({ types: ['Practitioner'] })).toMatchObject({ kept: 0 });
  });

  it('leaves a deletion that names the resource as it is', async () => {
    await store.load(
      store.file('deletion.json', bundle('transaction', deletion('ExplanationOfBenefit/changed-lately'))),
    );
    expect(await idsLeft()).not.toContain('changed-lately');
  });
});
