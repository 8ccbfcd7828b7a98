import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseUrl, entries, member, TestStore } from '../testing/store.js';

/**
 * How an answer is shaped: order, pages, totals, parts of resources, and the link that says what was used.
 */

const store = new TestStore();
const anna = member('anna');
const ofAnna = { reference: 'Patient/anna' };

const goal = (id: string, rest: object = {}) => ({
  resourceType: 'Goal',
  id,
  meta: { lastUpdated: `2026-01-0${id.length}T00:00:00Z` },
  lifecycleStatus: 'active',
  description: { text: id },
  subject: ofAnna,
  ...rest,
});

beforeAll(async () => {
  await store.start();
  await store.put([
    {
      resourceType: 'Patient',
      id: 'anna',
      name: [{ family: 'Ärmel' }],
      text: { status: 'empty', div: '<div/>' },
    },
    goal('a', { startDate: '2026-03-01', lifecycleStatus: 'proposed' }),
    goal('bb', { startDate: '2026-01-01' }),
    goal('ccc', { startDate: '2026-02-01' }),
    goal('dddd', { lifecycleStatus: 'proposed' }),
    goal('eeeee'),
    ...Array.from({ length: 12 }, (_, n) => ({
      resourceType: 'Observation',
      id: `o${String(n).padStart(2, '0')}`,
      status: n % 2 ? 'final' : 'amended',
      code: { text: 'x' },
      subject: ofAnna,
      text: { status: 'generated', div: '<div>x</div>' },
      note: [{ text: 'long' }],
      ...(n % 3 ? { effectiveDateTime: `2026-01-${String(20 - n).padStart(2, '0')}` } : {}),
      ...(n < 10 ? { valueQuantity: { value: n + 0.5, unit: 'kg' } } : {}),
    })),
  ]);
  // Digits count: what is 1.50 stays 1.50 (the loader may write it otherwise).
  await store.pool.query(
    `UPDATE member_resource SET body = replace(body, '"value":1.5', '"value":1.50') WHERE type = 'Observation' AND id = 'o01'`,
  );
});
afterAll(() => store.stop());

interface Page {
  ids: string[];
  next: string | undefined;
  self: string;
}

async function page(query: string): Promise<Page> {
  const bundle = await store.search(query, anna, 'lenient');
  const link = (relation: string) =>
    bundle.link
      .find((l: { relation: string; url: string }) => l.relation === relation)
      ?.url.slice(baseUrl.length + 1);
  return {
    ids: entries(bundle, 'match').map(({ resource }) => resource.id),
    next: link('next'),
    self: link('self'),
  };
}

async function allPages(
  query: string,
  between: (n: number) => Promise<void> = async () => undefined,
): Promise<string[]> {
  const found: string[] = [];
  let next: string | undefined = query;
  for (let n = 0; next !== undefined; n++) {
    const answer: Page = await page(next);
    found.push(...answer.ids);
    next = answer.next;
    await between(n);
  }
  return found;
}

describe('order', () => {
  it.each([
    ['start-date', ['bb', 'ccc', 'a', 'dddd', 'eeeee']],
    ['-start-date', ['a', 'ccc', 'bb', 'dddd', 'eeeee']],
    ['lifecycle-status,-start-date', ['ccc', 'bb', 'eeeee', 'a', 'dddd']],
    ['-lifecycle-status,start-date', ['a', 'dddd', 'bb', 'ccc', 'eeeee']],
    ['_lastUpdated', ['a', 'bb', 'ccc', 'dddd', 'eeeee']],
    ['-_lastUpdated', ['eeeee', 'dddd', 'ccc', 'bb', 'a']],
    ['-_id', ['eeeee', 'dddd', 'ccc', 'bb', 'a']],
    ['-subject,-_id', ['eeeee', 'dddd', 'ccc', 'bb', 'a']],
  ])('by %s, whole and page by page', async (sort, expected) => {
    expect((await page(`Goal?_sort=${sort}`)).ids).toEqual(expected);
    for (const count of [1, 2, 3])
      expect(await allPages(`Goal?_sort=${sort}&_count=${count}`)).toEqual(expected);
  });

  it('given twice, the second is the finer one', async () => {
    expect((await page('Goal?_sort=lifecycle-status&_sort=-_id')).ids).toEqual([
      'eeeee',
      'ccc',
      'bb',
      'dddd',
      'a',
    ]);
  });

  it('that is only partly known is not used at all, and pages stay whole', async () => {
    const first = await page('Goal?_sort=-_id,colour&_count=2');
    expect(first).toMatchObject({ ids: ['a', 'bb'], self: 'Goal?_count=2' });
    expect(await allPages('Goal?_sort=-_id,colour&_count=2')).toEqual(['a', 'bb', 'ccc', 'dddd', 'eeeee']);
  });
});

describe('pages', () => {
  it.each([
    '',
    '&_sort=-date',
    '&_sort=date,-value-quantity',
    '&_sort=status,date',
    '&_sort=-value-quantity',
  ])('neither overlap nor leave gaps%s, also while data is loaded', async (sort) => {
    const before = (await page(`Observation?_count=1000${sort}`)).ids.filter((id) => id.startsWith('o'));
    const got = await allPages(`Observation?_count=3${sort}`, (n) =>
      store.put([
        {
          resourceType: 'Observation',
          id: `new-${sort.length}-${n}`,
          status: 'final',
          code: { text: 'x' },
          subject: ofAnna,
          effectiveDateTime: `2026-01-${10 + n}`,
        },
      ]),
    );
    expect(new Set(got).size).toBe(got.length);
    expect(got.filter((id) => id.startsWith('o'))).toEqual(before);
  });

  it('have a self link that gives the same page again', async () => {
    const first = await page('Observation?_count=2&_sort=-date&status=final,amended&colour=red');
    const second = await page(first.next!);
    expect(await page(second.self)).toEqual(second);
    expect(await page(first.self)).toEqual(first);
  });
});

describe('the self link says what was used', () => {
  it.each([
    ['Goal?lifecycle-status=active&colour=red', 'Goal?lifecycle-status=active'],
    ['Goal?description=&_id=a', 'Goal?_id=a'],
    ['Goal?_count=5000', 'Goal?_count=1000'],
    ['Goal?_elements=', 'Goal'],
    ['Goal?_filter=x', 'Goal'],
    ['Goal?_contained=false', 'Goal?_contained=false'],
    ['Goal?_contained=true', 'Goal'],
    ['Goal?_total=none&_summary=false', 'Goal?_total=none&_summary=false'],
    ['Goal?_include=Goal:patient&_include=Goal:nothing', 'Goal?_include=Goal%3Apatient'],
    ['Goal?subject:Patient.name=x&subject.colour=red', 'Goal?subject%3APatient.name=x'],
    ['Goal?_count=1&_id=a&_count=2', 'Goal?_id=a&_count=2'],
    ['Goal?_summary=count&_total=none&_summary=false', 'Goal?_total=none&_summary=false'],
    ['Goal?_sort=start-date&_sort=_id', 'Goal?_sort=start-date&_sort=_id'],
    [
      'Goal?_include=Goal:patient&_include=Goal:subject',
      'Goal?_include=Goal%3Apatient&_include=Goal%3Asubject',
    ],
  ])('%s', async (query, self) => {
    expect((await page(query)).self).toBe(self);
  });

  it.each([
    'colour=red',
    '_filter=x',
    '_text=x',
    '_content=x',
    '_list=1',
    '_contained=true',
    '_containedType=container',
    '_type=Goal',
    '_score=1',
    '_has=x',
    'subject.colour=red',
    '_sort=colour',
    '_include=Goal:nothing',
    'constructor=x',
    'toString=x',
    '__proto__=x',
    'hasOwnProperty=x',
    'valueOf:x=y',
    '_include=Nothing:x',
    '_revinclude=Goal:nothing',
  ])('%s is ignored with a warning that names it, or refused under strict handling', async (parameter) => {
    const bundle = await store.search(`Goal?${parameter}`, anna, 'lenient');
    expect(entries(bundle, 'match')).toHaveLength(5);
    expect(bundle.link).toEqual([{ relation: 'self', url: `${baseUrl}/Goal` }]);
    const [outcome] = entries(bundle, 'outcome');
    expect(outcome.fullUrl).toMatch(/^urn:uuid:[-0-9a-f]{36}$/);
    const name = parameter.split('=')[0] as string;
    expect(outcome.resource.issue[0]).toMatchObject({
      severity: 'warning',
      diagnostics: expect.stringContaining(name),
    });
    await expect(store.search(`Goal?${parameter}`, anna, 'strict')).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(name),
    });
  });

  it.each(['_sort=', '_elements=', '_count=', 'lifecycle-status=', 'lifecycle-status=,', 'colour='])(
    '%s is empty, and is ignored under strict handling, too',
    async (parameter) => {
      for (const handling of ['strict', 'lenient'] as const) {
        const bundle = await store.search(`Goal?${parameter}`, anna, handling);
        expect(entries(bundle, 'match')).toHaveLength(5);
        expect(bundle.link).toEqual([{ relation: 'self', url: `${baseUrl}/Goal` }]);
        const [outcome] = entries(bundle, 'outcome');
        expect(outcome.resource.issue).toHaveLength(1);
        expect(outcome.resource.issue[0].diagnostics).toContain(`${parameter.split('=')[0]}: has no value`);
      }
    },
  );

  it('a page has at most 1000 matches, however many are asked for', async () => {
    for (const count of ['1001', '100000', '9999999999', '9'.repeat(400)])
      expect((await store.search(`Goal?_count=${count}`, anna)).link).toEqual([
        { relation: 'self', url: `${baseUrl}/Goal?_count=1000` },
      ]);
  });

  it('_elements takes a choice by its name, and warns of a name that is no element', async () => {
    const namesOf = async (query: string) => {
      const bundle = await store.search(`Observation?_id=o01&${query}`, anna);
      const [{ resource }] = entries(bundle, 'match');
      const [outcome] = entries(bundle, 'outcome');
      const warnings = (outcome?.resource.issue ?? []).map((issue: { diagnostics: string }) =>
        issue.diagnostics.replace(/^Ignored: /, ''),
      );
      return [Object.keys(resource).slice(3).sort(), warnings];
    };
    const [base, value] = [
      ['code', 'status'],
      ['code', 'status', 'valueQuantity'],
    ];
    for (const name of ['value', 'value[x]', 'valueQuantity', 'Observation.value', 'value.unit'])
      expect([name, await namesOf(`_elements=${name}`)]).toEqual([name, [value, []]]);
    expect(await namesOf('_elements=effective,value')).toEqual([
      ['code', 'effectiveDateTime', ...value.slice(1)],
      [],
    ]);
    expect(await namesOf('_elements=valueString')).toEqual([base, []]);
    expect(await namesOf('_elements=id,valueX,vaIue,value')).toEqual([
      value,
      ['valueX', 'vaIue'].map((name) => `_elements: Observation has no element "${name}"`),
    ]);
  });

  it('a parameter that R4 defines and this server has not says what to use', async () => {
    await expect(store.search('Patient?phonetic=erml', anna, 'strict')).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('name ignores case'),
    });
  });

  it('a named query is refused whatever the handling', async () => {
    await expect(store.search('Goal?_query=x', anna, 'lenient')).rejects.toMatchObject({ status: 400 });
  });
});

describe('totals', () => {
  it.each([
    ['Goal', 5],
    ['Goal?_count=2', 5],
    ['Goal?_count=2&_total=accurate', 5],
    ['Goal?_count=2&_total=estimate', 5],
    ['Goal?_total=none', undefined],
    ['Goal?_count=2&_total=none', undefined],
    ['Goal?_summary=count', 5],
    ['Goal?_summary=count&_total=none', 5],
    ['Goal?_count=0', 5],
    ['Goal?_count=0&_sort=-_id&_include=Goal:patient', 5],
    ['Goal?lifecycle-status=none', 0],
  ])('%s', async (query, total) => {
    const bundle = await store.search(query, anna);
    expect(bundle.total).toBe(total);
    if (/_count=0|_summary=count/.test(query)) {
      expect(bundle.entry).toBeUndefined();
      expect(bundle.link.map(({ relation }: { relation: string }) => relation)).toEqual(['self']);
    }
  });
});

describe('parts of resources', () => {
  const kept = async (query: string) => {
    const [entry] = entries(await store.search(query, anna), 'match');
    const { resourceType: _, id: _id, meta, ...rest } = entry.resource;
    const isMarked = meta.tag?.some(({ code }: { code: string }) => code === 'SUBSETTED') ?? false;
    return [Object.keys(rest).sort().join(), isMarked];
  };
  const all = 'code,effectiveDateTime,note,status,subject,text,valueQuantity';

  it.each([
    ['_summary=false', all, false],
    ['_summary=true', 'code,effectiveDateTime,status,subject,valueQuantity', true],
    ['_summary=text', 'code,status,text', true],
    ['_summary=data', all.replace('text,', ''), true],
    ['_elements=note', 'code,note,status', true],
    ['_elements=note,valueQuantity', 'code,note,status,valueQuantity', true],
    ['_elements=Observation.note', 'code,note,status', true],
    ['_elements=note.text', 'code,note,status', true],
    ['_elements=nothing', 'code,status', true],
  ])('%s keeps %s', async (parameter, elements, isMarked) => {
    expect(await kept(`Observation?_id=o01&${parameter}`)).toEqual([elements, isMarked]);
  });

  it('are about the matches; what is included is whole, but summarised with _summary', async () => {
    const patient = async (query: string) => {
      const [entry] = entries(await store.search(query, anna), 'include');
      return Object.keys(entry.resource);
    };
    expect(await patient('Goal?_elements=description&_include=Goal:patient')).toContain('text');
    expect(await patient('Goal?_summary=true&_include=Goal:patient')).not.toContain('text');
    await expect(store.search('Goal?_summary=text&_include=Goal:patient', anna)).rejects.toMatchObject({
      status: 400,
    });
  });

  it('keep the digits of numbers', async () => {
    const params: [string, string][] = [
      ['_id', 'o01'],
      ['_summary', 'true'],
    ];
    const { json } = await store.engine.search({
      type: 'Observation',
      params,
      access: anna,
      handling: 'strict',
    });
    expect(String(json)).toContain('"value":1.50');
  });
});
