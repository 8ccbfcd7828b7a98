import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { eventually } from '@payer/testing';
import { bundle, deletion, lines, patient, weight } from '../testing/small-resources.js';
import { baseUrl, member, TestStore } from '../testing/store.js';
import { check } from './check.js';
import { load } from './load.js';
import { refusalKinds, type RefusedEntry } from './refusal.js';
import { listRuns, recordRun } from './runs.js';
import { loaderLock } from './loader-lock.js';
import { dropWaiting, listWaiting } from './waiting.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

/** Loads a file and collects what is refused. */
async function refusedOf(file: string, structure?: 'count') {
  const entries: RefusedEntry[] = [];
  const report = await load({
    pool: store.pool,
    baseUrl,
    files: [file],
    structure,
    onRejected: (_place, _reason, entry) => entries.push(entry),
  });
  return { entries, report };
}

/** Compressed bytes, of which one of the checksum is another. */
const damaged = gzipSync(lines(patient('f')));
damaged[damaged.length - 6]! ^= 0xff;

describe('a file of another form', () => {
  it('is taken as NDJSON when its name ends in .jsonl', async () => {
    expect(await store.load(store.file('l.jsonl', lines(patient('l1'))))).toMatchObject({ created: 1 });
    const packed = store.file('l.jsonl.gz', gzipSync(lines(patient('l2'))));
    expect(await store.load(packed)).toMatchObject({ created: 1 });
  });

  it.each([
    ['a.zip', 'PK\u0003\u0004....', /a\.zip is a ZIP archive: unpack it and name its files/],
    ['b.ndjson', 'PK\u0003\u0004....', /b\.ndjson is a ZIP archive/],
    ['c.ndjson', gzipSync('{}'), /c\.ndjson is compressed with gzip: its name has to end in \.gz/],
    ['d.ndjson.gz', '{}', /d\.ndjson\.gz is not compressed with gzip, although its name says so/],
    [
      'e.ndjson.gz',
      gzipSync(lines(patient('e'))).subarray(0, 30),
      /e\.ndjson\.gz: is cut off .*transfer it again/,
    ],
    ['f.ndjson.gz', damaged, /f\.ndjson\.gz: is damaged .*transfer it again/],
  ])('%s stops the load with a text that says what to do', async (name, content, message) => {
    await expect(store.load(store.file(name, content))).rejects.toThrow(message);
  });

  it('is refused with a text that says what to do, when it is JSON in another form or no JSON', async () => {
    const { reasons } = await store.load(
      store.file('array.json', JSON.stringify([patient('x')])),
      store.file('page.json', '<html></html>'),
      store.file('lines.json', `${lines(patient('x'), patient('y'))}\n`),
      store.file('returns.ndjson', `${lines(patient('x'))}\r${lines(patient('y'))}`),
      store.file('pretty.ndjson', '{\n"resourceType":"Patient"}'),
      store.file('nothing.json', ''),
    );
    expect(reasons).toEqual([
      expect.stringMatching(/is a JSON array: write its resources one a line/),
      expect.stringMatching(/is XML or HTML, not JSON/),
      expect.stringMatching(/a file with a resource in each line has to end in \.ndjson$/),
      expect.stringMatching(/its lines end in CR alone: end them in LF$/),
      expect.stringMatching(/a file with one document over several lines has to end in \.json$/),
      expect.stringMatching(/pretty\.ndjson:2: is not JSON/),
      expect.stringMatching(/the file is empty$/),
    ]);
  });
});

describe('what is refused', () => {
  const noMember = { ...weight('orphan', 'x'), subject: undefined };
  const file = () =>
    store.file(
      'kinds.ndjson',
      [
        '{"resourceType":"Patient"',
        '{"id":"x"}',
        lines({ resourceType: 'Account', id: 'x' }),
        lines({ ...patient('not valid!') }),
        lines({ ...weight('wrong', 'k'), status: true }),
        '{"resourceType":"Patient","id":"one","id":"two"}',
        lines({ ...weight('c', 'k'), performer: [{ reference: 'Practitioner?name=x' }] }),
        lines(noMember),
        bundle('transaction', { resource: patient('tx') }, { resource: noMember }),
        bundle('batch', { request: { method: 'PATCH', url: 'Patient/x' } }),
        lines(patient('fine')),
      ].join('\n'),
    );

  it('is counted by kind, and each kind has its advice', async () => {
    const { report } = await refusedOf(file());
    expect(report.rejectedByKind).toEqual({
      'not-json': 1,
      'not-a-resource': 1,
      'type-not-served': 1,
      'invalid-id': 1,
      structure: 1,
      'member-twice': 1,
      'conditional-reference': 1,
      'no-member': 2,
      transaction: 1,
      bundle: 1,
    });
    expect(report.rejected).toBe(11);
    expect(Object.keys(refusalKinds)).toEqual(expect.arrayContaining(Object.keys(report.rejectedByKind)));
  });

  it('is kept in lines that can be corrected and loaded again', async () => {
    const { entries } = await refusedOf(file());
    const kept = entries.flatMap(({ line }) => line ?? []);
    // A type that is not served cannot be corrected; of a transaction there is one line.
    expect(kept).toHaveLength(9);
    expect(kept.filter((line) => line.includes('\n'))).toEqual([]);
    const again = await refusedOf(store.file('again.ndjson', kept.join('\n')));
    expect(again.report.rejectedByKind).toMatchObject({ structure: 1, transaction: 1, 'no-member': 2 });
    const corrected = kept
      .join('\n')
      .replace('"status":true', '"status":"final"')
      .replaceAll('"id":"orphan"', '"id":"orphan","subject":{"reference":"Patient/k"}')
      .replace('?name=x', '/x');
    const { report } = await refusedOf(store.file('corrected.ndjson', corrected));
    expect(report).toMatchObject({ rejected: 5, created: 4 });
    expect((await store.ids('Observation?_sort=_id', member('k'))).sort()).toEqual(['c', 'orphan', 'wrong']);
  });

  it('is kept with the references that its Bundle resolves', async () => {
    const entry = (url: string, resource: object) => ({
      fullUrl: `urn:uuid:${url}`,
      resource,
      request: { method: 'PUT', url: 'Observation/other' },
    });
    const observation = { ...weight('of-bundle', 'x'), subject: { reference: 'urn:uuid:subject' } };
    const subject = { fullUrl: 'urn:uuid:subject', resource: patient('of-bundle') };
    const request = { method: 'PUT', url: 'Patient/of-bundle' };
    const { entries } = await refusedOf(
      store.file('urn.json', bundle('batch', { ...subject, request }, entry('o', observation))),
    );
    const corrected = entries.map(({ line }) => line!.replace('Observation/other', 'Observation/of-bundle'));
    const { report } = await refusedOf(store.file('urn-corrected.ndjson', corrected.join('\n')));
    expect(report).toMatchObject({ rejected: 0, created: 1 });
    expect(await store.ids('Observation', member('of-bundle'))).toEqual(['of-bundle']);
  });

  it('by its structure is reported by profile and element, and stored when it is only counted', async () => {
    const profile = 'https://x.example/weight';
    const two = ['s1', 's2'].map((id) => ({
      ...weight(id, 's'),
      meta: { profile: [profile] },
      component: [],
      issued: id === 's1' ? 'today' : 'tomorrow',
    }));
    const three = store.file('structure.ndjson', lines(...two, { ...patient('s'), birthDate: '1980-02-30' }));
    const { report } = await refusedOf(three, 'count');
    expect(report).toMatchObject({ created: 3, rejected: 0 });
    expect(report.structure).toEqual([
      {
        profile,
        element: 'Observation.component',
        problem: 'is an empty array',
        count: 2,
        example: 'Observation/s1',
      },
      {
        profile,
        element: 'Observation.issued',
        problem: 'is not of type instant',
        count: 2,
        example: 'Observation/s1',
      },
      {
        profile: 'http://hl7.org/fhir/StructureDefinition/Patient',
        element: 'Patient.birthDate',
        problem: 'is a day that does not exist',
        count: 1,
        example: 'Patient/s',
      },
    ]);
    const refusing = await refusedOf(three);
    expect(refusing.report).toMatchObject({ rejected: 3, unchanged: 0, structure: report.structure });
  });

  it('is found by a check, which stores nothing', async () => {
    const entries: RefusedEntry[] = [];
    const report = await check({
      baseUrl,
      files: [
        store.file(
          'check.ndjson',
          lines(
            patient('checked'),
            { ...weight('checked', 'checked'), status: 'done' },
            {
              ...weight('conditional', 'checked'),
              performer: [{ reference: 'Practitioner?identifier=s|1' }],
            },
          ),
        ),
      ],
      onRejected: (_place, _reason, entry) => entries.push(entry),
    });
    expect(report).toMatchObject({ read: 3, rejected: 1, rejectedByKind: { structure: 1 } });
    expect(report.files).toEqual([
      {
        name: expect.stringMatching(/check\.ndjson$/),
        bytes: expect.any(Number),
        sha256: expect.any(String),
      },
    ]);
    expect(entries.map(({ place }) => place)).toEqual([expect.stringMatching(/check\.ndjson:2$/)]);
    const { rows } = await store.pool.query("SELECT id FROM member_resource WHERE id = 'checked'");
    expect(rows).toEqual([]);
  });
});

it('resources that wait are listed with what they wait for, and dropped', async () => {
  const provenance = {
    resourceType: 'Provenance',
    id: 'waits',
    target: [{ reference: 'Observation/later' }],
    recorded: '2026-01-01T00:00:00Z',
    agent: [{ who: { display: 'somebody' } }],
  };
  const conditional = { ...weight('waits', 'w'), performer: [{ reference: 'Practitioner?identifier=s|w' }] };
  await store.load(
    store.file('waits.ndjson', lines(provenance, conditional, { ...conditional, id: 'stays' })),
  );
  expect(await listWaiting(store.pool)).toEqual([
    { type: 'Observation', id: 'stays', waitsFor: ['Practitioner?identifier=s|w'] },
    { type: 'Observation', id: 'waits', waitsFor: ['Practitioner?identifier=s|w'] },
    { type: 'Provenance', id: 'waits', waitsFor: ['Observation/later'] },
  ]);
  expect(await dropWaiting(store.pool, ['Provenance/waits', 'Observation/waits', 'Patient/none'])).toBe(2);
  expect(await listWaiting(store.pool)).toMatchObject([{ id: 'stays' }]);
  // What was dropped is gone: its target does not bring it back.
  await store.put([weight('later', 'w')]);
  expect(await store.ids('Provenance', member('w'))).toEqual([]);
  expect(await dropWaiting(store.pool)).toBe(1);
  expect(await listWaiting(store.pool)).toEqual([]);
});

it('loads are remembered with their files and counts, and without what resources say', async () => {
  const startedAt = new Date('2026-01-01T00:00:00Z');
  const file = store.file(
    'run.ndjson',
    lines(patient('run'), { ...patient('secret'), gender: 'Confidential' }),
  );
  const { report } = await refusedOf(file);
  await recordRun(store.pool, startedAt, { report });
  await recordRun(store.pool, startedAt, { files: ['x.ndjson'], problem: 'the database failed' });
  const [stopped, complete] = await listRuns(store.pool);
  expect(stopped).toMatchObject({
    isComplete: false,
    problem: 'the database failed',
    files: [{ name: 'x.ndjson' }],
  });
  expect(complete).toMatchObject({
    startedAt,
    isComplete: true,
    counts: { read: 2, created: 1, rejected: 1, rejectedByKind: { structure: 1 } },
    files: [{ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  });
  expect(JSON.stringify(complete)).not.toMatch(/Confidential|secret/);
});

describe('several loaders at once', () => {
  const [shared, alone] = ['pg_advisory_xact_lock_shared', 'pg_advisory_xact_lock'];
  /** Another loader in the middle of a batch. @returns ends the batch */
  async function otherLoader(lock: string): Promise<() => Promise<void>> {
    const client = await store.pool.connect();
    await client.query('BEGIN');
    await client.query(`SELECT ${lock}($1)`, [loaderLock]);
    return async () => {
      await client.query('COMMIT');
      client.release();
    };
  }
  const waits = () =>
    eventually(async () => {
      const { rowCount } = await store.pool.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`,
        [loaderLock],
      );
      return rowCount === 1;
    });
  const fileOf = (name: string, ...resources: object[]) => store.file(`${name}.ndjson`, lines(...resources));

  it('store new public resources together, and wait for members’ ones and for changes', async () => {
    const first = fileOf('first', patient('t1'), weight('t2', 't1'));
    expect(await store.load(first)).toMatchObject({ created: 2 });
    const end = await otherLoader(shared);
    const together = fileOf('together', ...['o1', 'o2'].map((id) => ({ resourceType: 'Organization', id })));
    expect(await store.load(together)).toMatchObject({ created: 2 });
    expect(await store.load(together)).toMatchObject({ unchanged: 2 });
    expect(await store.load(first)).toMatchObject({ unchanged: 2 });
    const changes = [
      fileOf('another', patient('t5')),
      fileOf('follows', { resourceType: 'Provenance', id: 't3', target: [{ reference: 'Observation/t2' }] }),
      fileOf('changed', patient('t1', 'Other')),
      fileOf('deleted', { resourceType: 'Bundle', type: 'batch', entry: [deletion('Observation/t2')] }),
    ];
    await end();
    for (const file of changes) {
      const endAgain = await otherLoader(shared);
      const loading = store.loadWith({ structure: 'count' }, file);
      await waits();
      await endAgain();
      const { created, updated, deleted, reasons } = await loading;
      expect([created + updated + deleted, reasons]).toEqual([1, []]);
    }
  });

  it('wait while another changes stored resources', async () => {
    const end = await otherLoader(alone);
    const loading = store.load(fileOf('behind', patient('t4')));
    await waits();
    await end();
    expect(await loading).toMatchObject({ created: 1 });
  });

  it('bring the same new resources once', async () => {
    const resources = Array.from({ length: 40 }, (_, n) => weight(`same-${n}`, 't4'));
    const files = [fileOf('one', ...resources), fileOf('two', ...[...resources].reverse())];
    const reports = await Promise.all(files.map((file) => store.load(file)));
    const sum = (name: 'created' | 'unchanged') => reports.reduce((total, report) => total + report[name], 0);
    expect([sum('created'), sum('unchanged')]).toEqual([40, 40]);
    const { rows } = await store.pool.query(`SELECT id FROM member_resource WHERE id LIKE 'same-%'`);
    expect(rows).toHaveLength(40);
  });

  it('a batch that meets the same resource in the middle of another one is stored behind it', async () => {
    const other = await store.pool.connect();
    await other.query('BEGIN');
    await other.query(`SELECT ${shared}($1)`, [loaderLock]);
    await other.query(
      `INSERT INTO member_resource SELECT (jsonb_populate_record(m, '{"id": "met", "version": 1}')).* FROM member_resource m WHERE id = 'same-0'`,
    );
    const loading = store.load(fileOf('met', { ...weight('met', 't4'), code: { text: 'other' } }));
    await eventually(async () => {
      const { rowCount } = await store.pool.query(`SELECT FROM pg_locks WHERE NOT granted`);
      return (rowCount ?? 0) > 0;
    });
    await other.query('COMMIT');
    other.release();
    expect(await loading).toMatchObject({ updated: 1 });
    const { rows } = await store.pool.query(`SELECT version FROM member_resource WHERE id = 'met'`);
    expect(rows).toEqual([{ version: 2 }]);
  });
});
