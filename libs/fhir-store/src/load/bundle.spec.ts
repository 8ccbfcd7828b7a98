import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, deletion, lines, patient, weight } from '../testing/small-resources.js';
import { member, TestStore } from '../testing/store.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

describe('a Bundle', () => {
  it('deletes what a Bundle says is deleted, also a Bundle in a line, and gives no version twice', async () => {
    const file = store.file('gone.ndjson', lines(patient('gone'), weight('w-gone', 'gone')));
    await store.load(file);
    const bundles = [bundle('transaction', deletion('Observation/w-gone'), deletion('Observation/never'))];
    expect(await store.load(store.file('deleted.ndjson', bundles.join('\n')))).toMatchObject({
      deleted: 1,
      unchanged: 1,
    });
    expect(await store.ids('Observation', member('gone'))).toEqual([]);
    expect(await store.load(file)).toMatchObject({ created: 1, unchanged: 1 });
    const back = await store.engine.read({ type: 'Observation', id: 'w-gone', access: member('gone') });
    expect(back?.versionId).toBe('2');
  });

  it('refuses a transaction as a whole because of one bad entry, but not a batch', async () => {
    const entries = [
      { fullUrl: 'urn:uuid:1', resource: patient('tx') },
      { resource: { resourceType: 'Claim', id: 'not-served' } },
      { resource: { ...weight('w-tx', 'tx'), subject: undefined } },
    ];
    const whole = await store.load(store.file('tx.json', bundle('transaction', ...entries)));
    expect(whole).toMatchObject({ read: 3, created: 0, rejected: 3 });
    expect(whole.reasons[0]).toMatch(
      /tx\.json entry 0: its transaction is refused .* because of .*tx\.json entry 2$/,
    );
    expect(await store.load(store.file('batch.json', bundle('batch', ...entries)))).toMatchObject({
      created: 1,
      rejected: 2,
    });
    const served = await store.load(store.file('tx2.json', bundle('transaction', ...entries.slice(0, 2))));
    expect(served).toMatchObject({ unchanged: 1, rejected: 1 });
  });

  it('refuses what depends on a condition, and says what to give instead', async () => {
    const { reasons } = await store.load(
      store.file(
        'conditions.json',
        bundle(
          'batch',
          {
            resource: patient('c1'),
            request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=1' },
          },
          { resource: patient('c2'), request: { method: 'PUT', url: 'Patient?identifier=1' } },
          { resource: patient('c3'), request: { method: 'PUT', url: 'Patient/other' } },
          { request: { method: 'DELETE', url: 'Patient?identifier=1' } },
          { resource: patient('c4'), request: { method: 'PATCH', url: 'Patient/c4' } },
          { resource: weight('c5', 'x'), request: { method: 'GET', url: 'Patient/c4' } },
          { resource: { ...weight('c6', 'x'), subject: { reference: 'Patient?identifier=1' } } },
          { resource: { ...weight('c7', 'x'), subject: { reference: 'urn:uuid:nobody' } } },
          {},
          { fullUrl: 'urn:uuid:1', resource: null },
          { resource: { resourceType: 'Patient' }, request: { method: 'PUT', url: 'Patient/undefined' } },
        ),
      ),
    );
    expect(reasons.map((reason) => reason.replace(/^.*?entry /, ''))).toEqual([
      expect.stringMatching(/^0: request.ifNoneExist: .* PUT it$/),
      expect.stringMatching(/^1: request.url "Patient\?identifier=1" is conditional/),
      '2: PUT to "Patient/other" of Patient/c3: request.url "Patient/c3" is expected',
      expect.stringMatching(/^3: request.url "Patient\?identifier=1" is conditional/),
      expect.stringMatching(/^4: request.method is "PATCH"/),
      expect.stringMatching(/^5: request.method is "GET"/),
      expect.stringMatching(/^6: Observation\/c6: the reference "Patient\?identifier=1" is conditional/),
      '7: refers to urn:uuid:nobody, which is no entry of the Bundle',
      '8: has no resource',
      '9: has no resource',
      '10: PUT to "Patient/undefined" of a resource without type or valid id',
    ]);
  });

  it('says which entry is no object, and takes the others', async () => {
    const entries = [null, { resource: patient('beside-null') }, ['x'], 'a text that is quite long'];
    const line = (value: unknown) =>
      JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry: value });
    const file = store.file('null.ndjson', [line([null]), line(entries), line(null), line({})].join('\n'));
    const { reasons, created } = await store.load(file);
    expect(created).toBe(1);
    const expected = 'an object with a resource or a request is expected';
    expect(reasons.map((reason) => reason.replace(/^.*?null\.ndjson/, ''))).toEqual([
      `:1 entry 0: is null: ${expected}`,
      `:2 entry 0: is null: ${expected}`,
      `:2 entry 2: is ["x"]: ${expected}`,
      `:2 entry 3: is no object: ${expected}`,
      ':3: has an entry that is not an array',
      ':4: has an entry that is not an array',
    ]);
    const transaction = bundle('transaction', { resource: patient('with-null') }).replace(
      '"entry":[',
      '"entry":[null,',
    );
    expect(await store.load(store.file('null.json', transaction))).toMatchObject({ created: 0, rejected: 2 });
  });

  it('gives a resource without an id that of its urn:uuid, and makes references to entries local', async () => {
    const file = store.file(
      'urn.json',
      bundle(
        'transaction',
        {
          fullUrl: 'urn:uuid:5f1c63e2-1111-4000-8000-000000000001',
          resource: { resourceType: 'Patient' },
          request: { method: 'POST', url: 'Patient' },
        },
        {
          fullUrl: 'https://elsewhere.example/fhir/Observation/w-urn',
          resource: {
            ...weight('w-urn', 'x'),
            subject: { reference: 'urn:uuid:5f1c63e2-1111-4000-8000-000000000001' },
          },
          request: { method: 'PUT', url: 'Observation/w-urn' },
        },
      ),
    );
    expect(await store.load(file)).toMatchObject({ created: 2 });
    expect(await store.load(file)).toMatchObject({ unchanged: 2 });
    const owner = member('5f1c63e2-1111-4000-8000-000000000001');
    expect(
      await store.ids('Observation?subject=Patient/5f1c63e2-1111-4000-8000-000000000001', owner),
    ).toEqual(['w-urn']);
  });

  it('refuses a Bundle of which a part would get lost', async () => {
    const one = bundle('collection', { resource: patient('one') });
    const { reasons, created } = await store.load(
      store.file('behind.json', `${one}\n${bundle('collection', { resource: patient('another') })}`),
      store.file('entries.json', one.replace('"entry"', '"entry":[{}],"entry"')),
      store.file('resources.json', one.replace('"resource"', '"resource":{},"resource"')),
      store.file('twice.json', bundle('transaction', { resource: patient('t') }, deletion('Patient/t'))),
    );
    expect(reasons.map((reason) => reason.replace(/^.*?payer-load-.*?\//, ''))).toEqual([
      expect.stringMatching(/^behind\.json: is not JSON: Unexpected "{" at/),
      'entries.json: is not JSON: "entry" is there twice in one object',
      'resources.json: is not JSON: "resource" is there twice in one object',
      expect.stringMatching(/^twice\.json entry 0: its transaction is refused/),
      expect.stringMatching(/^twice\.json entry 1: Patient\/t is also .*twice\.json entry 0$/),
    ]);
    expect(created).toBe(0);
  });

  it('follows references to entries with escaped slashes and versions, and to nothing that has no id', async () => {
    const at = (id: string, reference: string) => ({
      resource: { ...weight(id, 'x'), subject: { reference } },
    });
    const url = 'https://elsewhere.example/fhir/Patient/far';
    const text = bundle(
      'collection',
      { fullUrl: url, resource: patient('far') },
      at('far-1', url),
      at('far-2', `${url}/_history/3`),
      { fullUrl: `${url}-2`, resource: { resourceType: 'Patient' } },
      at('far-3', `${url}-2`),
    );
    const { reasons } = await store.load(store.file('far.json', text.replaceAll('/', '\\/')));
    expect(reasons).toEqual([
      expect.stringMatching(/entry 3: Patient has no valid id/),
      expect.stringMatching(/entry 4: Observation\/far-3 belongs to no member/),
    ]);
    expect(await store.ids('Observation?_sort=_id', member('far'))).toEqual(['far-1', 'far-2']);
  });

  it('is refused where two entries have the same fullUrl, because a reference could mean another member', async () => {
    const entry = (resource: { resourceType: string; id: string }) => ({
      fullUrl: 'urn:uuid:same',
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    });
    const observation = { ...weight('of-same', 'x'), subject: { reference: 'urn:uuid:same' } };
    const request = { method: 'PUT', url: 'Observation/of-same' };
    const entries = [entry(patient('same-1')), entry(patient('same-2')), { resource: observation, request }];
    for (const type of ['transaction', 'batch', 'collection']) {
      const file = store.file(`same-${type}.json`, bundle(type, ...entries));
      const { created, reasons } = await store.load(file);
      expect({ type, created, refused: reasons.length }).toEqual({ type, created: 0, refused: 3 });
      expect(reasons.join()).toContain('fullUrl "urn:uuid:same" is also of another entry');
    }
    // The same resource twice is no question.
    const twice = bundle('batch', entries[0]!, entries[0]!, entries[2]!);
    expect(await store.load(store.file('twice.json', twice))).toMatchObject({ rejected: 0 });
    expect(await store.ids('Observation', member('same-1'))).toEqual(['of-same']);
  });
});
