import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Pool } from 'pg';
import { definitions } from '../definitions/definitions.js';
import { readPackage } from '../definitions/package.js';
import { directory, member, TestStore } from '../search/testing/store.js';
import { load } from './load.js';

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
    const reader = member('v');
    const before = await store.engine.read({ type: 'Patient', id: 'v', reader });
    expect(await store.load(file)).toMatchObject({ created: 0, updated: 0, unchanged: 2 });
    expect(await store.engine.read({ type: 'Patient', id: 'v', reader })).toEqual(before);
    expect(await store.load(store.file('v2.ndjson', lines(patient('v', 'Changed'))))).toMatchObject({
      updated: 1,
    });
    const after = await store.engine.read({ type: 'Patient', id: 'v', reader });
    expect(after?.versionId).toBe('2');
    expect(await store.ids('Patient?family=changed', reader)).toEqual(['v']);
    expect(await store.ids('Patient?family=family', reader)).toEqual([]);
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

  it.each(['us-core-6.1.0', 'carin-bb-2.0.0', 'plan-net-1.1.0'])(
    'loads every example of %s of a type that is served, and each is found by its id',
    async (guide) => {
      const archive = new URL(`../../../../data/igs/${guide}.tgz`, import.meta.url);
      const examples = (await readPackage(archive, 'package/example')).flatMap((example) =>
        example.resourceType === 'Bundle'
          ? ((example as { entry?: { resource?: typeof example }[] }).entry ?? []).flatMap(
              ({ resource }) => resource ?? [],
            )
          : [example],
      );
      const served = examples.filter(({ resourceType }) => Object.hasOwn(definitions.types, resourceType));
      expect(served.length).toBeGreaterThan(20);
      const reasons = await (async () => {
        const report = await store.load(
          ...served.map((resource, i) =>
            store.file(`${guide}-${String(i).padStart(3, '0')}.json`, JSON.stringify(resource)),
          ),
        );
        return report.reasons;
      })();
      expect(reasons.map((reason) => reason.replace(/^.*json: /, ''))).toEqual([]);
      const { rows: owners } = await store.pool.query<{ patient: string; type: string; id: string }>(
        'SELECT patient, type, id FROM member_resource',
      );
      for (const { resourceType: type, id = '' } of served) {
        const owner = owners.find((row) => row.type === type && row.id === id);
        const reader = owner ? member(owner.patient) : directory;
        if (
          !owner &&
          ![
            'Practitioner',
            'PractitionerRole',
            'Organization',
            'OrganizationAffiliation',
            'Location',
            'HealthcareService',
            'InsurancePlan',
            'Endpoint',
          ].includes(type)
        )
          continue;
        expect(await store.ids(`${type}?_id=${id}`, reader)).toEqual([id]);
      }
    },
    60_000,
  );

  it('reads a package as it is published', async () => {
    const report = await store.load(
      fileURLToPath(new URL('../../../../data/igs/plan-net-1.1.0.tgz', import.meta.url)),
    );
    expect((report.byType.Organization ?? 0) + report.unchanged).toBeGreaterThan(0);
    const others = report.reasons.filter((reason) => !/is not a resource type of this server/.test(reason));
    expect(others).toEqual([]);
  });
});
