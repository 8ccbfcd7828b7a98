import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from '../access.js';
import { exampleResources } from '../testing/resources.js';
import { entries, member, TestStore } from '../testing/store.js';

const store = new TestStore();
let patients: string[] = [];
const system = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

type Reader = Access & { patient: string };
const reader = (patient: string) => member(patient) as Reader;

beforeAll(async () => {
  await store.start();
  const all = await exampleResources();
  await store.load(store.file('all.ndjson', all.map((resource) => JSON.stringify(resource)).join('\n')));
  const { rows } = await store.pool.query<{ patient: string }>(
    // A search gives 1,000 matches at once.
    'SELECT patient FROM member_resource GROUP BY patient HAVING count(*) < 1000 ORDER BY count(*) DESC, patient LIMIT 3',
  );
  patients = rows.map(({ patient }) => patient);
}, 120_000);
afterAll(() => store.stop());

const path = (access: Reader) => `Patient/${access.patient}/$everything`;

async function page(access: Reader, query = '') {
  const params = [...new URLSearchParams(query)];
  const { json } = await store.engine.everything({ access, params, path: path(access) });
  return JSON.parse(String(json));
}

/** The resources of all pages, `Type/id` each. */
async function all(access: Reader, query = ''): Promise<string[]> {
  const found: string[] = [];
  for (let next: string | undefined = query; next !== undefined;) {
    const bundle = await page(access, next);
    for (const { resource } of entries(bundle, 'match'))
      found.push(`${resource.resourceType}/${resource.id}`);
    const link = bundle.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
    next = link === undefined ? undefined : new URL(link).search.slice(1);
  }
  return found;
}

/** The same by a search of each type: what the access reaches. */
async function bySearch(access: Reader, parameters = ''): Promise<string[]> {
  const found: string[] = [];
  for (const type of access.types)
    if (type !== 'Binary')
      for (const id of await store.ids(`${type}?_count=1000${parameters}`, access))
        found.push(`${type}/${id}`);
  return found.sort();
}

describe('$everything', () => {
  it.each([1, 7, 1000])(
    'gives all that a search of each type finds, once, in pages of %d',
    async (count) => {
      for (const patient of patients.slice(0, count === 1 ? 1 : 3)) {
        const found = await all(reader(patient), `_count=${count}`);
        expect(found[0]).toBe(`Patient/${patient}`);
        expect(new Set(found).size).toBe(found.length);
        expect([...found].sort()).toEqual(await bySearch(reader(patient)));
      }
    },
    120_000,
  );

  it('takes the types that are asked for, and refuses others', async () => {
    const access = reader(patients[0]!);
    const found = await all(access, '_type=Condition,Organization,Condition&_count=3');
    expect(found.length).toBeGreaterThan(1);
    expect([...found].sort()).toEqual(
      (await bySearch(access)).filter((name) => /^(Condition|Organization)\//.test(name)),
    );
    for (const type of ['InsurancePlan', 'Nothing', 'condition'])
      await expect(page(access, `_type=${type}`)).rejects.toMatchObject({ status: 400, parameter: '_type' });
  });

  it('takes the resources that changed since a time', async () => {
    const access = reader(patients[0]!);
    const found = await all(access, '_since=2025-06-01T00:00:00Z');
    expect([...found].sort()).toEqual(await bySearch(access, '&_lastUpdated=ge2025-06-01T00:00:00Z'));
    expect(await all(access, '_since=9000-01-01T00:00:00Z')).toEqual([]);
  });

  it('leaves out what was cared for before start or after end, and keeps what has no date', async () => {
    const subject = { reference: 'Patient/dana' };
    await store.put([
      { resourceType: 'Patient', id: 'dana' },
      ...['2023-05-01', '2024-05-01', '2025-05-01'].map((effectiveDateTime) => ({
        resourceType: 'Observation',
        id: `of-${effectiveDateTime}`,
        status: 'final',
        code: { text: 'x' },
        subject,
        effectiveDateTime,
      })),
      {
        resourceType: 'Encounter',
        id: 'long',
        status: 'finished',
        class: { code: 'IMP' },
        subject,
        period: { start: '2023-12-01', end: '2024-02-01' },
      },
      { resourceType: 'Condition', id: 'undated', subject, code: { text: 'x' } },
    ]);
    const ids = async (query: string) =>
      (await all(reader('dana'), query)).map((name) => name.split('/')[1]).sort();
    const always = ['dana', 'undated'];
    expect(await ids('start=2024')).toEqual([...always, 'long', 'of-2024-05-01', 'of-2025-05-01'].sort());
    expect(await ids('end=2023-12')).toEqual([...always, 'long', 'of-2023-05-01'].sort());
    expect(await ids('start=2024-03&end=2024')).toEqual([...always, 'of-2024-05-01'].sort());
    expect(await ids('start=2024-05-01&end=2024-05-01')).toEqual([...always, 'of-2024-05-01'].sort());
  });

  it('withholds labelled resources, and what only these reference', async () => {
    const labelled = { meta: { security: [{ system, code: 'PSY' }] } };
    const own = { subject: { reference: 'Patient/emil' } };
    await store.put([
      { resourceType: 'Patient', id: 'emil' },
      { resourceType: 'Condition', id: 'emil-plain', ...own, code: { text: 'x' } },
      {
        resourceType: 'Condition',
        id: 'emil-secret',
        ...labelled,
        ...own,
        asserter: { reference: 'Practitioner/psychiatrist' },
      },
      { resourceType: 'Practitioner', id: 'psychiatrist', name: [{ family: 'P' }] },
    ]);
    const limited = { ...reader('emil'), withheld: [`${system}|PSY`] };
    expect(await all(limited)).toEqual(['Patient/emil', 'Condition/emil-plain']);
    expect(await all(reader('emil'))).toHaveLength(4);
    const bundle = await page(reader('emil'), '_count=1');
    const next = new URL(bundle.link.find(({ relation }: { relation: string }) => relation === 'next').url);
    await expect(page(limited, next.search.slice(1))).rejects.toMatchObject({ status: 400 });
    const appended = `${next.search.slice(1)}&_format=json&_pretty=true&_format=json`;
    expect((await page(reader('emil'), appended)).entry).toEqual(
      (await page(reader('emil'), next.search.slice(1))).entry,
    );
  });

  it.each(['_count=0', '_count=x', 'start=yesterday', '_since=1', '_sort=date', 'start=2024&start=2025'])(
    'refuses %s, and names the parameter',
    async (query) => {
      const parameter = query.split('=')[0];
      await expect(page(reader(patients[0]!), query)).rejects.toMatchObject({ status: 400, parameter });
    },
  );
});
