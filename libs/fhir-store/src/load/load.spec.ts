import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { Pool } from 'pg';
import { pack } from 'tar-stream';
import { definitions } from '../definitions/definitions.js';
import { readPackage } from '../definitions/read-package.js';
import { baseUrl, directory, member, TestStore } from '../testing/store.js';
import { load } from './load.js';
import { reindex } from './reindex.js';

const store = new TestStore();
beforeAll(() => store.start(), 60_000);
afterAll(() => store.stop());

const patient = (id: string, family = 'Family') => ({ resourceType: 'Patient', id, name: [{ family }] });
const weight = (id: string, owner: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'weight' },
  subject: { reference: `Patient/${owner}` },
});
const lines = (...resources: unknown[]) => resources.map((resource) => JSON.stringify(resource)).join('\n');

describe('the loader', () => {
  it('takes NDJSON, single resources, Bundles and compressed files, and tells what it did', async () => {
    const report = await store.load(
      store.file('a.ndjson', lines(patient('a'), weight('w-a', 'a'))),
      store.file('b.json', JSON.stringify(patient('b'), null, 2)),
      store.file('c.ndjson.gz', gzipSync(lines(patient('c')))),
      store.file(
        'd.json',
        JSON.stringify({
          resourceType: 'Bundle',
          type: 'transaction',
          entry: [
            { fullUrl: 'urn:uuid:1', resource: patient('d') },
            { resource: { ...weight('w-d', 'x'), subject: { reference: 'urn:uuid:1' } } },
          ],
        }),
      ),
    );
    expect(report).toMatchObject({
      read: 6,
      created: 6,
      updated: 0,
      unchanged: 0,
      rejected: 0,
      byType: { Patient: 4, Observation: 2 },
    });
    expect(await store.ids('Observation', member('d'))).toEqual(['w-d']);
  });

  it('changes nothing the second time, and makes a new version of what has changed', async () => {
    const file = store.file('v.ndjson', lines(patient('v'), weight('w-v', 'v')));
    expect(await store.load(file)).toMatchObject({ created: 2 });
    const access = member('v');
    const before = await store.engine.read({ type: 'Patient', id: 'v', access });
    expect(await store.load(file)).toMatchObject({ created: 0, updated: 0, unchanged: 2 });
    expect(await store.engine.read({ type: 'Patient', id: 'v', access })).toEqual(before);
    expect(await store.load(store.file('v2.ndjson', lines(patient('v', 'Changed'))))).toMatchObject({
      updated: 1,
    });
    const after = await store.engine.read({ type: 'Patient', id: 'v', access });
    expect(after?.versionId).toBe('2');
    expect(await store.ids('Patient?family=changed', access)).toEqual(['v']);
    expect(await store.ids('Patient?family=family', access)).toEqual([]);
  });

  it('moves a record to another member when its source does, and leaves nothing behind', async () => {
    await store.load(store.file('m.ndjson', lines(patient('m1'), patient('m2'), weight('moved', 'm1'))));
    await store.load(store.file('m2.ndjson', lines(weight('moved', 'm2'))));
    expect(await store.ids('Observation', member('m1'))).toEqual([]);
    expect(await store.ids('Observation', member('m2'))).toEqual(['moved']);
  });

  it('rejects what is bad with its place and reason, and goes on', async () => {
    const { reasons, created } = await store.load(
      store.file(
        'bad.ndjson',
        [
          '{"resourceType":"Patient"',
          '[]',
          '{"id":"x"}',
          '{"resourceType":"Basic","id":"x"}',
          '{"resourceType":"Patient","id":"not valid!"}',
          lines({ ...patient('x'), meta: { lastUpdated: 'yesterday' } }),
          lines({ ...weight('orphan', 'x'), subject: undefined }),
          lines(patient('good')),
        ].join('\n'),
      ),
    );
    expect(created).toBe(1);
    expect(reasons.map((reason) => reason.replace(/^.*bad\.ndjson:/, ''))).toEqual([
      expect.stringMatching(/^1: is not JSON/),
      expect.stringMatching(/^2: is not a resource/),
      '3: has no resourceType',
      '4: Basic is not a resource type of this server',
      expect.stringMatching(/^5: Patient has no valid id/),
      expect.stringMatching(/^6: Patient\/x: meta.lastUpdated is not an instant/),
      expect.stringMatching(/^7: Observation\/orphan belongs to no member/),
    ]);
    await expect(store.load('/nowhere.ndjson')).rejects.toThrow(/ENOENT/);
  });

  it('refuses what PostgreSQL, an app or a reader would take otherwise than it was meant, and goes on', async () => {
    const deep = (depth: number) => '[{"extension":'.repeat(depth) + '1' + '}]'.repeat(depth);
    const updated = (id: string, lastUpdated: unknown) => lines({ ...patient(id), meta: { lastUpdated } });
    const { reasons, created } = await store.load(
      store.file(
        'odd.ndjson',
        Buffer.concat([
          Buffer.from('\uFEFF{"resourceType":"Patient","id":"latin","name":[{"family":"Mu'),
          Buffer.from([0xf1]),
          Buffer.from(
            [
              'oz"}]}',
              '{"resourceType":"Patient","id":"one","id":"two"}',
              '{"resourceType":"Observation","id":"x","subject":{"reference":"Patient/odd","reference":"Patient/x"}}',
              `{"resourceType":"Patient","id":"deep","extension":${deep(10_000)}}`,
              updated('x', '2026'),
              updated('x', 5),
              updated('x', '0001-01-01T00:00:00+14:00'),
              lines(weight('x', 'x'.repeat(65))),
              lines(weight('x', '')),
              '{"resourceType":"Location","id":"odd","position":{"latitude":1e400,"longitude":1}}',
              '{"resourceType":"Patient","id":"odd","n\\u0061me":[{"family":"\\ud800 \\u0000 Odd"}],"m\\u0065ta":{"versionId":"9"}}',
            ].join('\r\n'),
          ),
        ]),
      ),
    );
    expect(reasons.map((reason) => reason.replace(/^.*odd\.ndjson:/, ''))).toEqual([
      '1: is not UTF-8',
      '2: Patient/two: a member is there twice in one object (FHIR R4 §2.6.2)',
      '3: Observation/x: a member is there twice in one object (FHIR R4 §2.6.2)',
      '4: Patient/deep cannot be indexed: its elements are nested too deeply',
      '5: Patient/x: meta.lastUpdated is not an instant',
      '6: Patient/x: meta.lastUpdated is not an instant',
      '7: Patient/x: meta.lastUpdated is not an instant',
      expect.stringMatching(/^8: Observation\/x belongs to no member/),
      expect.stringMatching(/^9: Observation\/x belongs to no member/),
    ]);
    expect(created).toBe(2);
    const odd = await store.engine.read({ type: 'Patient', id: 'odd', access: member('odd') });
    expect(Object.keys(JSON.parse(String(odd?.json)) as object)).toEqual([
      'resourceType',
      'id',
      'name',
      'meta',
    ]);
    expect(odd?.versionId).toBe('1');
  });

  it('is not held up by a name of 60,000 characters, whose first words are found', async () => {
    const name = [{ family: 'Ébéniste Wordy '.repeat(4000) }];
    await store.load(store.file('wordy.ndjson', lines({ resourceType: 'Practitioner', id: 'wordy', name })));
    expect(await store.ids('Practitioner?name=wordy', directory)).toEqual(['wordy']);
  });

  it('never shows half a Bundle to a reader', async () => {
    const bundle = (round: number) =>
      store.file(
        `bundle-${round}.json`,
        JSON.stringify({
          resourceType: 'Bundle',
          type: 'transaction',
          entry: Array.from({ length: 40 }, (_, i) => ({
            resource: { ...weight(`half-${i}`, 'half'), note: [{ text: `round ${round}` }] },
          })),
        }),
      );
    await store.load(store.file('half.ndjson', lines(patient('half'))));
    let isOver = false;
    const seen = new Set<string>();
    const watching = (async () => {
      while (!isOver) {
        const bundleNow = await store.search('Observation?_count=100', member('half'));
        const notes = (bundleNow.entry ?? []).map(
          (entry: { resource: { note: { text: string }[] } }) => entry.resource.note[0]?.text,
        );
        seen.add(`${notes.length} ${[...new Set(notes)].join('+')}`);
      }
    })();
    for (let round = 1; round <= 8; round++) await store.load(bundle(round));
    isOver = true;
    await watching;
    expect([...seen].filter((state) => !/^(0 |40 round \d)$/.test(state))).toEqual([]);
    expect(seen.size).toBeGreaterThan(1);
  });

  it('two loaders at once leave one version of each resource', async () => {
    const ids = Array.from({ length: 50 }, (_, i) => `both-${i}`);
    const file = store.file('both.ndjson', lines(...ids.map((id) => patient(id))));
    const pool = new Pool({ ...store.pool.options, max: 1 });
    const options = { baseUrl: 'https://x.example', files: [file], onRejected: () => undefined };
    await Promise.all([load({ ...options, pool }), load({ ...options, pool: store.pool })]);
    await pool.end();
    const { rows } = await store.pool.query(
      "SELECT count(*)::int AS n FROM member_resource WHERE type = 'Patient' AND id LIKE 'both-%'",
    );
    expect(rows).toEqual([{ n: 50 }]);
  });

  it('keeps every digit and every character as it came, and only takes white space between tokens away', async () => {
    const given = `{ "resourceType" : "Observation" , "id": "exact",
      "status": "final", "code": { "text": "tab\\t quote\\" back\\\\slash \\u00e9 é 𝄞 : , { " },
      "meta": { "versionId" : "77", "profile": ["https://x.example/p"], "lastUpdated": "2026-01-02T03:04:05.120+01:00" },
      "subject": { "reference": "Patient/exact" }, "valueQuantity": { "value": 1.50e0, "unit": "kg" }, "component" : [ ] }`;
    await store.load(store.file('exact.json', given));
    const found = await store.engine.read({ type: 'Observation', id: 'exact', access: member('exact') });
    expect(String(found?.json)).toBe(
      '{"resourceType":"Observation","id":"exact","status":"final","code":{"text":"tab\\t quote\\" back\\\\slash \\u00e9 é 𝄞 : , { "},' +
        '"meta":{"versionId":"1","lastUpdated":"2026-01-02T03:04:05.120+01:00","profile":["https://x.example/p"]},' +
        '"subject":{"reference":"Patient/exact"},"valueQuantity":{"value":1.50e0,"unit":"kg"},"component":[]}',
    );
    expect(await store.load(store.file('exact2.json', given.replace('"77"', '"78"')))).toMatchObject({
      unchanged: 1,
    });
    expect(await store.load(store.file('exact3.json', given.replace('1.50e0', '1.5')))).toMatchObject({
      updated: 1,
    });
  });

  const bundle = (type: string, ...entry: object[]) =>
    JSON.stringify({ resourceType: 'Bundle', type, entry });
  const deletion = (url: string) => ({ request: { method: 'DELETE', url } });

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
      '2: PUT to "Patient/other" of Patient/c3',
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

  it('takes a compressed file out of an archive, and does not pass over what it cannot take', async () => {
    const archive = async (name: string, isLinked: boolean) => {
      const tar = pack();
      tar.entry({ name: 'package/package.json' }, '{"name":"no resource"}');
      tar.entry({ name: '../../etc/a.ndjson.gz' }, gzipSync(lines(patient('archived'))));
      tar.entry({ name: 'array.json' }, JSON.stringify([patient('in-array')]));
      if (isLinked) tar.entry({ name: 'link.json', type: 'symlink', linkname: '/etc/passwd' });
      tar.finalize();
      return store.file(name, gzipSync(await buffer(tar)));
    };
    const { created, reasons } = await store.load(await archive('odd.tgz', false));
    expect({ created, reasons }).toEqual({
      created: 1,
      reasons: [expect.stringMatching(/odd\.tgz!array\.json: is not a resource/)],
    });
    await expect(store.load(await archive('linked.tgz', true))).rejects.toThrow(
      /linked\.tgz!link\.json is not a whole file but a link, or sparse/,
    );
  });

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

  it('completes on a second run what a lost database connection cut off', async () => {
    const many = Array.from({ length: 9000 }, (_, i) => weight(`cut-${i}`, 'cut'));
    const file = store.file(
      'cut.ndjson',
      lines(patient('cut'), ...many.map((one) => ({ ...one, note: [{ text: 'x'.repeat(400) }] }))),
    );
    const pool = new Pool({ ...store.pool.options, max: 1 });
    pool.on('error', () => undefined);
    let connection: { connection: { stream: { destroy(): void } } } | undefined;
    pool.on('connect', (client) => (connection = client as unknown as typeof connection));
    let batches = 0;
    const cut = load({
      pool,
      baseUrl: 'https://x.example',
      files: [file],
      onRejected: () => undefined,
      onProgress: () => {
        batches += 1;
        if (batches === 2) connection?.connection.stream.destroy();
      },
    });
    await expect(cut).rejects.toThrow();
    await pool.end();
    const { created, unchanged } = await store.load(file);
    expect(created).toBeGreaterThan(0);
    expect(unchanged).toBeGreaterThan(0);
    expect(created + unchanged).toBe(9001);
  });

  it('two loaders with other content of the same resources, in other order, both get through', async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `race-${i}`);
    const rounds = Array.from({ length: 6 }, (_, round) =>
      store.file(
        `race-${round}.ndjson`,
        lines(...(round % 2 ? ids.toReversed() : ids).map((id) => patient(id, `Round${round}`))),
      ),
    );
    await Promise.all(rounds.map((file) => store.load(file)));
    const { rows } = await store.pool.query(
      "SELECT count(*)::int AS n, min(version) AS least, max(version) AS most, count(DISTINCT body::jsonb #> '{name}')::int AS names FROM member_resource WHERE id LIKE 'race-%'",
    );
    expect(rows).toEqual([{ n: 300, least: 6, most: 6, names: 1 }]);
  });

  const guides = ['us-core-6.1.0', 'carin-bb-2.0.0', 'plan-net-1.1.0'];
  const packageFile = (guide: string) => new URL(`../../../../data/igs/${guide}.tgz`, import.meta.url);

  it('reads packages as they are published, and finds every example by its id and by a parameter of its own', async () => {
    const report = await store.load(...guides.map((guide) => fileURLToPath(packageFile(guide))));
    expect(report.reasons.filter((reason) => !/is not a resource type of this server/.test(reason))).toEqual(
      [],
    );
    expect(report.waiting).toBe(0);
    const examples = (
      await Promise.all(guides.map((guide) => readPackage(packageFile(guide), 'package/example')))
    ).flat();
    const served = examples
      .flatMap((example) =>
        example.resourceType === 'Bundle'
          ? ((example as { entry?: { resource?: typeof example }[] }).entry ?? []).flatMap(
              ({ resource }) => resource ?? [],
            )
          : [example],
      )
      .filter(({ resourceType }) => Object.hasOwn(definitions.types, resourceType));
    expect(served.length).toBeGreaterThan(200);
    const { rows } = await store.pool.query<{
      patient: string | null;
      type: string;
      id: string;
      tokens: string[];
    }>(
      'SELECT patient, type, id, tokens FROM member_resource UNION ALL SELECT NULL, type, id, tokens FROM shared_resource',
    );
    const missed: string[] = [];
    for (const { resourceType: type, id = '' } of served) {
      const stored = rows.filter((row) => row.type === type && row.id === id);
      const owner = stored[0]?.patient;
      const isOfDirectory = !(memberOnlyTypes as readonly string[]).includes(type);
      if (stored.length === 0) missed.push(`${type}/${id} is not stored`);
      if (stored.length === 0 || (!owner && !isOfDirectory)) continue;
      const access = owner ? member(owner) : directory;
      const parameter = parameterOf(type, stored[0]?.tokens ?? []);
      for (const query of [`_id=${id}`, ...(parameter ? [`_count=1000&${parameter}`] : [])])
        if (!(await store.ids(`${type}?${query}`, access)).includes(id))
          missed.push(`${type}/${id} by ${query}`);
      if ((await store.engine.read({ type, id, access })) === undefined) missed.push(`${type}/${id} by read`);
    }
    expect(missed).toEqual([]);
  }, 60_000);
});

it('refuses a resource whose codes make a million pairs, and takes the others', async () => {
  const coding = Array.from({ length: 400 }, (_, n) => ({ system: `http://s/${n}`, code: `c${n}` }));
  const paired = { ...weight('paired', 'p'), code: { coding }, valueCodeableConcept: { coding } };
  const file = store.file('paired.ndjson', lines(patient('p'), paired, weight('plain', 'p')));
  const { created, reasons } = await store.load(file);
  expect([created, reasons]).toEqual([
    2,
    [expect.stringMatching(/Observation\/paired .*more than 50000 pairs/)],
  ]);
});

describe('reindexing', () => {
  const options = { baseUrl, onRefused: () => undefined };
  const tables =
    'shared_resource shared_string shared_reference member_resource member_reference waiting_resource owner_reference'.split(
      ' ',
    );
  const content = async () =>
    Promise.all(
      tables.map(async (table) => {
        const { rows } = await store.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
        return [table, rows.map(({ row }) => row).sort()];
      }),
    );

  it('makes index values and owners anew as a load makes them, and changes nothing else', async () => {
    await store.load(
      store.file('again.ndjson', lines(patient('again'), weight('again', 'again'), weight('again', 'again'))),
      store.file('again2.ndjson', lines({ ...patient('again'), birthDate: '2000-01-01' })),
      store.file(
        'containing.ndjson',
        lines({
          ...weight('containing', 'again'),
          performer: [{ reference: '#p' }],
          contained: [{ resourceType: 'Practitioner', id: 'p', name: [{ family: 'a\0\ud800b' }] }],
        }),
      ),
      store.file(
        'nul.ndjson',
        '{"resourceType":"Patient","id":"nul","name":[{"family":"a\\u0000\\ud800b"}]}',
      ),
    );
    const before = await content();
    await store.pool.query(`
      UPDATE shared_resource SET tokens = '{}', keys = '{}', string_param = '{}', string_folded = '{}', latitude = NULL WHERE id > 'h';
      UPDATE member_resource SET refs = '{}', date_low = '{}', number_unit = '{}', contained = NULL WHERE type > 'D' AND id > 'h';
      UPDATE member_resource SET patient = 'stale' WHERE type = 'Observation' AND patient <> 'again' AND id > 'h';
      UPDATE owner_reference SET target_id = target_id || '-stale';
      DELETE FROM shared_string WHERE id < 'h' AND folded > 'm';
      UPDATE shared_reference SET key = key + 1 WHERE id < 'h'`);
    const first = await reindex({ ...options, pool: store.pool });
    expect(first.refused).toBe(0);
    expect(Object.keys(first.byType)).toEqual(
      expect.arrayContaining(['Location', 'Observation', 'Patient', 'Provenance']),
    );
    expect(await content()).toEqual(before);
    expect(await reindex({ ...options, pool: store.pool })).toEqual({ ...first, byType: {} });
  }, 60_000);

  it('runs beside a loader, and goes on after it was cut off', async () => {
    await store.pool.query(`UPDATE member_resource SET tokens = '{}', keys = '{}'`);
    const pool = new Pool({ ...store.pool.options, max: 1 });
    pool.on('error', () => undefined);
    const cut = reindex({
      ...options,
      pool,
      onProgress: ({ read }) => {
        if (read >= 1000) throw new Error('cut off');
      },
    });
    await expect(cut).rejects.toThrow('cut off');
    const ids = Array.from({ length: 3000 }, (_, i) => `beside-${i}`);
    const file = store.file('beside.ndjson', lines(...ids.map((id) => patient(id))));
    const [report, loaded] = await Promise.all([
      reindex({ ...options, pool }),
      load({ baseUrl, pool: store.pool, files: [file], onRejected: () => undefined }),
    ]);
    await pool.end();
    expect(loaded.created).toBe(3000);
    expect(report.byType.Patient).toBeGreaterThan(0);
    const { rows } = await store.pool.query("SELECT id FROM member_resource WHERE tokens = '{}'");
    expect(rows).toEqual([]);
  }, 60_000);

  it('leaves what could not be stored today as it is, and says so', async () => {
    await store.pool.query(
      'UPDATE member_resource SET body = replace(body, \'"id"\', \'"id":"x","id"\'), tokens = \'{}\' WHERE id = \'nul\'',
    );
    const refused: string[] = [];
    const report = await reindex({
      ...options,
      pool: store.pool,
      onRefused: (resource, reason) => refused.push(`${resource}: ${reason}`),
    });
    expect(report.refused).toBe(1);
    expect(refused).toEqual([expect.stringMatching(/^Patient\/nul: .*a member is there twice/)]);
  });
});

/** Shared, but not of the directory: found only by members whose resources point to it. */
const memberOnlyTypes = ['Medication'] as const;

/** A token parameter, not of every resource, with a value that is in the resource: `code=http://loinc.org|1234-5`. */
function parameterOf(type: string, tokens: readonly string[]): string | undefined {
  for (const { code, number, type: kind } of Object.values(definitions.types[type]!.parameters)) {
    if (kind !== 'token' || code.startsWith('_')) continue;
    const found = tokens.find((token) => token.startsWith(`${number}||`))?.slice(`${number}||`.length);
    if (found !== undefined) return `${code}=${encodeURIComponent(found.replace(/[\\,|$]/g, '\\$&'))}`;
  }
  return undefined;
}
