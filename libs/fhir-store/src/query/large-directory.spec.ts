import type { QueryConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { directory, TestStore } from '../testing/store.js';
import { KeyFrequencies } from './key-frequencies.js';
import { searchKey } from '../index/search-key.js';
import { indexKey } from '../index/keys.js';
import { parameterDefinition } from '../definitions/definitions.js';

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Sort Key'?: string[];
  'Actual Rows': number;
  'Actual Loops': number;
  Plans?: Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** What is found in other ways when there is much of it: common values, strings, places. */

const store = new TestStore();
const specialty = (n: number) => (n % 2 === 0 ? 'common' : n === 77 ? 'rare' : `other-${n}`);
const numbers = Array.from({ length: 300 }, (_, n) => n);
const idOf = (n: number) => `n${String((n * 7919) % 1000).padStart(3, '0')}`;

beforeAll(async () => {
  await store.start();
  await store.put([
    ...numbers.map((n) => ({
      resourceType: 'PractitionerRole',
      id: idOf(n),
      active: n % 4 === 0,
      practitioner: { reference: `Practitioner/${idOf(n)}` },
      specialty: [{ coding: [{ system: 'http://nucc.org/provider-taxonomy', code: specialty(n) }] }],
    })),
    ...numbers.map((n) => ({
      resourceType: 'Practitioner',
      id: idOf(n),
      name: [{ family: n === 5 ? 'de la Cruz' : `Family${n}`, given: [n === 6 ? 'Cruz' : 'Ann'] }],
    })),
    ...numbers.map((n) => ({
      resourceType: 'Location',
      id: idOf(n),
      name: 'x'.repeat(n === 9 ? 4000 : 1),
      // Around the date line, one farther away than the other, on both sides.
      position: { latitude: 10, longitude: n % 2 ? 180 - n / 100 : -180 + n / 100 },
    })),
  ]);
  await store.pool.query('VACUUM ANALYZE');
  // The first search only sets off the reading of statistics.
  const read = vi.spyOn(KeyFrequencies.prototype, 'read');
  await store.search('PractitionerRole?_count=1', directory);
  expect(read).toHaveBeenCalledTimes(1);
  await read.mock.results[0]!.value;
  read.mockRestore();
});
afterAll(() => store.stop());

async function allPages(query: string): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = query; next;) {
    const bundle = await store.search(next, directory, 'lenient');
    ids.push(...(bundle.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id));
    const url = bundle.link.find(({ relation }: { relation: string }) => relation === 'next')?.url as string;
    next = url?.slice(url.lastIndexOf('/') + 1);
  }
  return ids;
}

describe('a large directory', () => {
  it('knows which values are common', async () => {
    const frequencies = new KeyFrequencies(store.pool);
    await frequencies.read();
    const key = (code: string) =>
      searchKey(indexKey.anySystem(parameterDefinition('PractitionerRole', 'specialty')!.number, code));
    expect(frequencies.areCommon('PractitionerRole', [key('common')], 20)).toBe(true);
    expect(frequencies.areCommon('PractitionerRole', [key('rare')], 20)).toBe(false);
    expect(frequencies.areCommon('PractitionerRole', [key('common'), key('rare')], 20)).toBe(false);
    expect(frequencies.areCommon('Endpoint', [key('common')], 20)).toBe(false);
    expect([frequencies.isFrequent(key('common')), frequencies.isFrequent(key('rare'))]).toEqual([
      true,
      false,
    ]);
  });

  it('finds a list of many values by the index, and does not compare each value with each row', async () => {
    const codes = Array.from({ length: 1000 }, (_, n) => (n === 500 ? 'rare' : `absent-${n}`)).join();
    const query = vi.spyOn(store.pool, 'query');
    const found = await Promise.all([
      store.ids(`PractitionerRole?specialty=${codes}`, directory),
      store.ids(`Practitioner?_has:PractitionerRole:practitioner:specialty=${codes}`, directory),
    ]);
    const asked = query.mock.calls.map(([config]) => config as unknown as QueryConfig);
    query.mockRestore();
    expect(found).toEqual([[idOf(77)], [idOf(77)]]);
    const pages = asked.filter(({ text }) => text?.includes('keys &&'));
    expect(pages).toHaveLength(2);
    for (const page of pages) {
      const { rows } = await store.pool.query<{ 'QUERY PLAN': unknown }>({
        text: `EXPLAIN (FORMAT JSON) ${page.text}`,
        values: page.values!,
      });
      expect(JSON.stringify(rows)).toMatch(/"Index Name":"shared_resource_keys"/);
    }
  });

  it('gives the same pages of common and rare values, alone and together with others', async () => {
    const having = (test: (n: number) => boolean) => numbers.filter(test).map(idOf).sort();
    expect(await allPages('PractitionerRole?specialty=common&_count=20')).toEqual(having((n) => n % 2 === 0));
    expect(await allPages('PractitionerRole?specialty=common&active=true&_count=20')).toEqual(
      having((n) => n % 4 === 0),
    );
    expect(await allPages('PractitionerRole?specialty=rare')).toEqual([idOf(77)]);
    const many = (...codes: string[]) => [...codes, ...numbers.map((n) => `absent-${n}`)].join();
    const oneOf = (...codes: string[]) => `PractitionerRole?specialty=${many(...codes)}&_count=20`;
    const query = vi.spyOn(store.pool, 'query');
    expect(await allPages(oneOf('common', 'rare'))).toEqual(having((n) => n % 2 === 0 || n === 77));
    // The index would collect the ids of all rows with the common code for each page.
    const texts = query.mock.calls.map(([config]) => (config as unknown as QueryConfig).text);
    query.mockRestore();
    expect(texts.filter((text) => /r\d*\.keys && \$\d+::bigint\[\] OR/.test(text)).length).toBeGreaterThan(7);
    expect(await allPages(oneOf('common', 'rare').replace('specialty', 'specialty:not'))).toEqual(
      having((n) => n % 2 !== 0 && n !== 77),
    );
    expect(await allPages('PractitionerRole?specialty=common&practitioner.family=family8&_count=3')).toEqual(
      having((n) => n % 2 === 0 && String(n).startsWith('8')),
    );
    const counted = await store.search(
      'PractitionerRole?specialty=common&_total=accurate&_count=2',
      directory,
    );
    expect(counted.total).toBe(150);
    expect(
      (await store.search('PractitionerRole?specialty=common&_count=2', directory)).total,
    ).toBeUndefined();
  });

  it('looks up the rows of a list by their ids, also when statistics do not know their type yet', async () => {
    await store.put(numbers.map((n) => ({ resourceType: 'Organization', id: idOf(n), active: true })));
    const query = vi.spyOn(store.pool, 'query');
    expect(await store.ids('Organization?active=true&_count=2', directory)).toHaveLength(2);
    const asked = query.mock.calls.map(([config]) => config as unknown as QueryConfig);
    query.mockRestore();
    const page = asked.find(({ text }) => text?.includes('AS listed'))!;
    const { rows } = await store.pool.query<{ 'QUERY PLAN': unknown }>({
      text: `EXPLAIN (FORMAT JSON) ${page.text}`,
      values: page.values!,
    });
    expect(JSON.stringify(rows)).toMatch(/"Index Name":"shared_resource_pkey"/);
  });

  it('reads of a common code the first of its list, and no more rows than the page has', async () => {
    const search = async (parameters: string) => {
      const query = vi.spyOn(store.pool, 'query');
      await store.search(`PractitionerRole?${parameters}`, directory);
      const asked = query.mock.calls.map(([config]) => config as unknown as QueryConfig);
      query.mockRestore();
      const page = asked.find(({ text }) => text?.includes('AS listed'));
      if (!page) return undefined;
      const { rows } = await store.pool.query<{ 'QUERY PLAN': { Plan: Plan }[] }>({
        text: `EXPLAIN (ANALYZE, FORMAT JSON) ${page.text}`,
        values: page.values!,
      });
      return nodesOf(rows[0]!['QUERY PLAN'][0]!.Plan);
    };
    const include = '&_include=PractitionerRole:practitioner';
    const system = 'http://nucc.org/provider-taxonomy';
    for (const parameters of [
      'specialty=common',
      `specialty=common${include}`,
      `specialty=${system}|common`,
    ]) {
      const nodes = (await search(`${parameters}&_count=20`))!;
      const scans = nodes.filter((node) => node['Relation Name'] !== undefined);
      expect(scans.map((node) => node['Actual Rows'] * node['Actual Loops'])).toSatisfy((read: number[]) =>
        read.every((rows) => rows <= 21),
      );
      expect(scans.map((node) => node['Index Name'])).toContain('shared_reference_found');
      expect(nodes.map((node) => node['Node Type'])).not.toContain('Sort');
    }
    // Other searches need all rows with the code, or may find few of many.
    for (const parameters of [
      'specialty=common&active=true',
      'specialty=common&_sort=-_id',
      'specialty=common,rare',
      'specialty:not=common',
      `specialty=${system}|rare`,
      `specialty=${system}|`,
    ])
      expect(await search(parameters)).toBeUndefined();
  });

  it('compares the system of a code with the rows of the list', async () => {
    const system = 'http://nucc.org/provider-taxonomy';
    const even = numbers
      .filter((n) => n % 2 === 0)
      .map(idOf)
      .sort();
    expect(await allPages(`PractitionerRole?specialty=${system}|common&_count=20`)).toEqual(even);
    expect(await allPages('PractitionerRole?specialty=http://other.example|common')).toEqual([]);
    expect(await allPages('PractitionerRole?specialty=|common')).toEqual([]);
    expect(await allPages(`PractitionerRole?specialty=${system}|COMMON&_count=1000`)).toEqual(even);
  });

  it('includes the resources of each page, whatever the route to its matches', async () => {
    // A hundred of 150 matches are too many for a scan in order.
    const twice = '&specialty=http://nucc.org/provider-taxonomy|common';
    for (const [count, more] of [[20], [100], [20, twice], [100, twice], [100, '&_sort=-_id']] as const) {
      const found: string[] = [];
      const query = `PractitionerRole?specialty=common&_include=PractitionerRole:practitioner&_count=${count}${more ?? ''}`;
      for (let next: string | undefined = query; next;) {
        const bundle = await store.search(next, directory);
        const of = (mode: string): string[] =>
          bundle.entry
            .filter(({ search }: { search: { mode: string } }) => search.mode === mode)
            .map(({ resource }: { resource: { id: string } }) => resource.id);
        expect(of('include').sort()).toEqual(of('match').sort());
        found.push(...of('match'));
        const url = bundle.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
        next = url?.slice(url.lastIndexOf('/') + 1);
      }
      expect(found.sort()).toEqual(
        numbers
          .filter((n) => n % 2 === 0)
          .map(idOf)
          .sort(),
      );
    }
  });

  it.each(['', '&_include=PractitionerRole:practitioner', '&_sort=-_lastUpdated'])(
    'sorts ids and not whole rows, where the index gives rows in no order: %s',
    async (parameters) => {
      const query = vi.spyOn(store.pool, 'query');
      await store.search(`PractitionerRole?specialty=common&active=true&_count=100${parameters}`, directory);
      const asked = query.mock.calls.map(([config]) => config as unknown as QueryConfig);
      query.mockRestore();
      const page = asked.find(({ text }) => text?.includes('place_in_table'))!;
      const { rows } = await store.pool.query<{ 'QUERY PLAN': unknown }>({
        text: `EXPLAIN (FORMAT JSON) ${page.text}`,
        values: page.values!,
      });
      const plan = JSON.stringify(rows);
      const widths = [...plan.matchAll(/"Node Type":"(?:Incremental )?Sort".*?"Plan Width":(\d+)/g)];
      expect(widths.map(([, width]) => Number(width)).filter((width) => width > 200)).toEqual([]);
      expect(widths.length).toBeGreaterThan(0);
    },
  );

  it('finds names by each of their words, and strings too long for an index', async () => {
    expect((await store.ids('Practitioner?name=cruz', directory)).sort()).toEqual([idOf(5), idOf(6)].sort());
    expect(await store.ids('Practitioner?family=la cr', directory)).toEqual([idOf(5)]);
    expect(await store.ids('Practitioner?family:exact=de la Cruz', directory)).toEqual([idOf(5)]);
    expect(await store.ids('Practitioner?family:exact=la Cruz', directory)).toEqual([]);
    expect(await store.ids('Practitioner?family:contains=LA C', directory)).toEqual([idOf(5)]);
    expect(await store.ids(`Location?name=${'x'.repeat(3999)}`, directory)).toEqual([idOf(9)]);
    expect(await store.ids(`Location?name=${'x'.repeat(4001)}`, directory)).toEqual([]);
  });

  it('forgets the strings of what has changed', async () => {
    await store.put([{ resourceType: 'Practitioner', id: idOf(6), name: [{ family: 'Renamed' }] }]);
    expect(await store.ids('Practitioner?name=cruz', directory)).toEqual([idOf(5)]);
    expect(await store.ids('Practitioner?name=renamed', directory)).toEqual([idOf(6)]);
  });

  it('gives places nearest first, page by page, across the date line', async () => {
    const nearest = numbers.map(idOf);
    expect(await allPages('Location?near=10|180|5000|km&_count=40')).toEqual(nearest);
    // A hundredth of a degree is 1.095 km there.
    expect(await allPages('Location?near=10|180|11|km&_count=4')).toEqual(nearest.slice(0, 11));
    expect(await allPages('Location?near=10|180|11|km&_sort=-_id')).toEqual(
      nearest.slice(0, 11).sort().reverse(),
    );
  });
});
