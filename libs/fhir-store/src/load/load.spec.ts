import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { Pool } from 'pg';
import { pack } from 'tar-stream';
import { definitions } from '../definitions/definitions.js';
import { readPackage } from '../definitions/read-package.js';
import { lines, patient, weight } from '../testing/small-resources.js';
import { directory, member, TestStore } from '../testing/store.js';
import { load } from './load.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

describe('the loader', () => {
  it('loads NDJSON, single resources, Bundles and compressed files, and reports the result', async () => {
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
          '{"resourceType":"Account","id":"x"}',
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
      expect.stringMatching(/^2: is a JSON array: write its resources one a line/),
      '3: has no resourceType',
      '4: Account is not a resource type of this server',
      expect.stringMatching(/^5: Patient has no valid id/),
      expect.stringMatching(/^6: Patient\/x: Patient\.meta\.lastUpdated is not of type instant: "yesterday"/),
      expect.stringMatching(/^7: Observation\/orphan belongs to no member/),
    ]);
    await expect(store.load('/nowhere.ndjson')).rejects.toThrow(/ENOENT/);
  });

  it('refuses what PostgreSQL, an app or a reader would take otherwise than it was meant, and goes on', async () => {
    const deep = (depth: number) => '[{"extension":'.repeat(depth) + '1' + '}]'.repeat(depth);
    const updated = (id: string, lastUpdated: unknown) => lines({ ...patient(id), meta: { lastUpdated } });
    const { reasons, created } = await store.loadWith(
      { structure: 'count' },
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
    const asGiven = { structure: 'count' } as const;
    await store.loadWith(asGiven, store.file('exact.json', given));
    const found = await store.engine.read({ type: 'Observation', id: 'exact', access: member('exact') });
    expect(String(found?.json)).toBe(
      '{"resourceType":"Observation","id":"exact","status":"final","code":{"text":"tab\\t quote\\" back\\\\slash \\u00e9 é 𝄞 : , { "},' +
        '"meta":{"versionId":"1","lastUpdated":"2026-01-02T03:04:05.120+01:00","profile":["https://x.example/p"]},' +
        '"subject":{"reference":"Patient/exact"},"valueQuantity":{"value":1.50e0,"unit":"kg"},"component":[]}',
    );
    const version = store.file('exact2.json', given.replace('"77"', '"78"'));
    expect(await store.loadWith(asGiven, version)).toMatchObject({
      unchanged: 1,
    });
    const value = store.file('exact3.json', given.replace('1.50e0', '1.5'));
    expect(await store.loadWith(asGiven, value)).toMatchObject({
      updated: 1,
    });
  });

  it('takes a compressed file out of an archive, and does not pass over what it cannot take', async () => {
    const archive = async (name: string, isLinked: boolean) => {
      const tar = pack();
      tar.entry({ name: 'package/package.json' }, '{"name":"no resource"}');
      tar.entry({ name: '../../etc/a.ndjson.gz' }, gzipSync(lines(patient('archived'))));
      tar.entry({ name: 'package/._array.json' }, '\0\x05\x16\x07 of macOS');
      tar.entry({ name: 'array.json' }, JSON.stringify([patient('in-array')]));
      if (isLinked) tar.entry({ name: 'link.json', type: 'symlink', linkname: '/etc/passwd' });
      tar.finalize();
      return store.file(name, gzipSync(await buffer(tar)));
    };
    const { created, reasons } = await store.load(await archive('odd.tgz', false));
    expect({ created, reasons }).toEqual({
      created: 1,
      reasons: [expect.stringMatching(/odd\.tgz!array\.json: is a JSON array/)],
    });
    await expect(store.load(await archive('linked.tgz', true))).rejects.toThrow(
      /linked\.tgz!link\.json is not a whole file but a link, or sparse/,
    );
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

  it('loads published packages, and finds every example by its id and by a search parameter', async () => {
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
  });
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

/** Shared, but not of the directory: found only by members whose resources point to it. */
const memberOnlyTypes = ['Medication'] as const;

/**
 * A token parameter, not of every resource, with a value that is in the resource:
 * `code=http://loinc.org|1234-5`.
 */
function parameterOf(type: string, tokens: readonly string[]): string | undefined {
  for (const { code, number, type: kind } of Object.values(definitions.types[type]!.parameters)) {
    if (kind !== 'token' || code.startsWith('_')) continue;
    const found = tokens.find((token) => token.startsWith(`${number}||`))?.slice(`${number}||`.length);
    if (found !== undefined) return `${code}=${encodeURIComponent(found.replace(/[\\,|$]/g, '\\$&'))}`;
  }
  return undefined;
}
