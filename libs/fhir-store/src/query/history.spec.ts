import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropVersions } from '../load/keep-versions.js';
import { reindex } from '../load/reindex.js';
import { removePatient } from '../load/remove-patient.js';
import type { Access } from '../access.js';
import { baseUrl, directory, member, TestStore } from '../testing/store.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

const patient = (id: string) => ({ resourceType: 'Patient', id });
const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' };
const withheld = [`${label.system}|${label.code}`];
const note = (id: string, owner: string, text: string, more: object = {}) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text },
  subject: { reference: `Patient/${owner}` },
  ...more,
});
const labelled = { meta: { security: [label] } };
const deletion = (url: string) => ({
  resourceType: 'Bundle',
  type: 'batch',
  entry: [{ request: { method: 'DELETE', url } }],
});

/** Loads each group of resources by itself, and keeps the versions that it replaces. */
async function loadInTurn(...loads: object[][]): Promise<void> {
  for (const resources of loads) {
    const file = store.file('history.ndjson', resources.map((one) => JSON.stringify(one)).join('\n'));
    const { reasons } = await store.loadWith({ structure: 'count', keepsVersions: true }, file);
    expect(reasons).toEqual([]);
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- Bundles are asserted on, not used
type Bundle = any;

async function historyOf(
  path: string,
  access: Access,
  params: [string, string][] = [],
): Promise<Bundle | undefined> {
  const [type = '', id = ''] = path.split('/');
  const found = await store.engine.history({ type, id, access, params });
  return found && JSON.parse(String(found.json));
}

/** The entries as words: the text of a version, or `deleted`. */
const texts = (bundle: Bundle): string[] =>
  bundle.entry.map(({ resource }: Bundle) => resource?.code?.text ?? 'deleted');

const textOf = async (id: string, version: number, access: Access): Promise<string | undefined> => {
  const found = await store.engine.readVersion({ type: 'Observation', id, version, access });
  return found && JSON.parse(String(found.json)).code.text;
};

describe('a resource whose versions are kept', () => {
  it('has each version as it was served, and each deletion, the newest first', async () => {
    await loadInTurn(
      [patient('one'), note('changes', 'one', 'first')],
      [note('changes', 'one', 'second')],
      [note('changes', 'one', 'second')],
      [deletion('Observation/changes')],
      [note('changes', 'one', 'third')],
    );
    const bundle = await historyOf('Observation/changes', member('one'));
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'history', total: 4 });
    expect(texts(bundle)).toEqual(['third', 'deleted', 'second', 'first']);
    expect(bundle.entry.map(({ response }: Bundle) => [response.status, response.etag])).toEqual([
      ['200', 'W/"3"'],
      ['204', undefined],
      ['200', 'W/"2"'],
      ['201', 'W/"1"'],
    ]);
    expect(bundle.entry.map(({ request }: Bundle) => request)).toEqual(
      ['PUT', 'DELETE', 'PUT', 'PUT'].map((method) => ({ method, url: 'Observation/changes' })),
    );
    expect(bundle.entry.map(({ resource }: Bundle) => resource?.meta.versionId)).toEqual([
      '3',
      undefined,
      '2',
      '1',
    ]);
    expect(bundle.entry[2]).toMatchObject({
      fullUrl: `${baseUrl}/Observation/changes`,
      response: { lastModified: bundle.entry[2].resource.meta.lastUpdated },
    });
    for (const [version, text] of [
      [1, 'first'],
      [2, 'second'],
      [3, 'third'],
      [4, undefined],
    ] as const)
      expect([version, await textOf('changes', version, member('one'))]).toEqual([version, text]);
  });

  it('is read in pages, from a time on, and as it was at a time', async () => {
    const pages: string[] = [];
    let params: [string, string][] = [['_count', '1']];
    for (;;) {
      const bundle = await historyOf('Observation/changes', member('one'), params);
      pages.push(...texts(bundle));
      expect(bundle.total).toBe(4);
      const next = bundle.link.find(({ relation }: Bundle) => relation === 'next');
      if (!next) break;
      // Some clients append this to every link.
      params = [...new URL(next.url).searchParams, ['_format', 'json'], ['_pretty', 'true']];
    }
    expect(pages).toEqual(['third', 'deleted', 'second', 'first']);
    const whole = await historyOf('Observation/changes', member('one'));
    const times: string[] = whole.entry.map(({ response }: Bundle) => response.lastModified);
    const asked = async (name: string, value: string) =>
      texts({ entry: [], ...(await historyOf('Observation/changes', member('one'), [[name, value]])) });
    expect(await asked('_since', times[2]!)).toEqual(['third', 'deleted', 'second']);
    expect(await asked('_since', '2999-01-01')).toEqual([]);
    expect(await asked('_at', times[2]!)).toEqual(['second']);
    expect(await asked('_at', times[1]!)).toEqual([]);
    expect(await asked('_at', '2999')).toEqual(['third']);
    for (const wrong of [
      ['_list', 'x'],
      ['_since', 'yesterday'],
      ['_count', '0'],
    ] as [string, string][])
      await expect(historyOf('Observation/changes', member('one'), [wrong])).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(wrong[0]),
      });
  });

  it('is read after its deletion by those who could read it before', async () => {
    await loadInTurn([note('gone', 'one', 'once')], [deletion('Observation/gone')]);
    expect(texts(await historyOf('Observation/gone', member('one')))).toEqual(['deleted', 'once']);
    expect(await textOf('gone', 1, member('one'))).toBe('once');
    for (const access of [member('two'), directory]) {
      expect(await historyOf('Observation/gone', access)).toBeUndefined();
      expect(await textOf('gone', 1, access)).toBeUndefined();
    }
  });

  it('shows a member no version that belonged to another, before or after', async () => {
    await loadInTurn(
      [patient('two'), note('moves', 'two', 'of two')],
      [note('moves', 'one', 'of one')],
      [note('moves', 'one', 'of one, again')],
    );
    expect(texts(await historyOf('Observation/moves', member('one')))).toEqual(['of one, again', 'of one']);
    expect(await textOf('moves', 1, member('one'))).toBeUndefined();
    expect(await historyOf('Observation/moves', member('two'))).toBeUndefined();
    expect(await textOf('moves', 1, member('two'))).toBeUndefined();
  });

  it('hides versions with a withheld label, and versions that reference such a resource', async () => {
    await loadInTurn(
      [
        note('label', 'one', 'open'),
        note('target', 'one', 'target'),
        note('points', 'one', 'points', { derivedFrom: [{ reference: 'Observation/target' }] }),
      ],
      [note('label', 'one', 'closed', labelled), note('points', 'one', 'points no more')],
      [note('label', 'one', 'open again'), note('target', 'one', 'closed since', labelled)],
    );
    const closed = { ...member('one'), withheld };
    expect(texts(await historyOf('Observation/label', member('one')))).toEqual([
      'open again',
      'closed',
      'open',
    ]);
    expect(texts(await historyOf('Observation/label', closed))).toEqual(['open again', 'open']);
    expect(await textOf('label', 2, closed)).toBeUndefined();
    expect(texts(await historyOf('Observation/points', closed))).toEqual(['points no more']);
    expect(texts(await historyOf('Observation/points', member('one')))).toEqual(['points no more', 'points']);
    expect(await historyOf('Observation/target', closed)).toBeUndefined();
    expect(await textOf('target', 1, closed)).toBeUndefined();
  });

  it('keeps its versions through a reindexing, which makes none', async () => {
    await loadInTurn([note('reindexed', 'one', 'a')], [note('reindexed', 'one', 'b')]);
    await store.pool.query(`UPDATE member_resource SET tokens = '{}' WHERE id = 'reindexed'`);
    await reindex({ pool: store.pool, baseUrl, onRefused: () => undefined });
    expect(texts(await historyOf('Observation/reindexed', member('one')))).toEqual(['b', 'a']);
  });
});

it('a shared resource has its versions, for the directory and for a member who is led to it', async () => {
  const doctor = (family: string) => ({ resourceType: 'Practitioner', id: 'doctor', name: [{ family }] });
  await loadInTurn(
    [doctor('Before'), note('led', 'one', 'led', { performer: [{ reference: 'Practitioner/doctor' }] })],
    [doctor('After')],
  );
  for (const access of [directory, member('one')]) {
    const bundle = await historyOf('Practitioner/doctor', access);
    expect(bundle.entry.map(({ resource }: Bundle) => resource.name[0].family)).toEqual(['After', 'Before']);
  }
  expect(await historyOf('Practitioner/doctor', member('two'))).toBeUndefined();
});

it('a load without the switch keeps nothing', async () => {
  await store.put([note('plain', 'one', 'a')]);
  await store.put([note('plain', 'one', 'b')]);
  expect(texts(await historyOf('Observation/plain', member('one')))).toEqual(['b']);
  expect(await textOf('plain', 1, member('one'))).toBeUndefined();
});

it('a removed patient has no versions, and those of others stay', async () => {
  const shared = (text: string, ...owners: string[]) => ({
    resourceType: 'Provenance',
    id: 'of-both',
    target: owners.map((owner) => ({ reference: `Observation/of-${owner}` })),
    occurredDateTime: text,
  });
  await loadInTurn(
    [patient('leaves'), patient('stays'), note('of-leaves', 'leaves', 'a'), note('of-stays', 'stays', 'a')],
    [
      note('of-leaves', 'leaves', 'b'),
      note('of-stays', 'stays', 'b'),
      shared('2026-01-01', 'leaves', 'stays'),
    ],
    [shared('2026-01-02', 'leaves', 'stays')],
  );
  await removePatient(store.pool, 'leaves');
  const { rows } = await store.pool.query<{ id: string; patients: string[] }>(
    `SELECT id, patients FROM resource_version WHERE id = ANY($1) ORDER BY id`,
    [['of-leaves', 'of-stays', 'of-both']],
  );
  expect(rows).toEqual([
    { id: 'of-both', patients: ['stays'] },
    { id: 'of-stays', patients: ['stays'] },
  ]);
  expect(texts(await historyOf('Observation/of-stays', member('stays')))).toEqual(['b', 'a']);
});

it('versions that were replaced before a time can be dropped', async () => {
  expect(await dropVersions(store.pool, new Date('2020-01-01'))).toBe(0);
  expect(await dropVersions(store.pool, new Date(Date.now() + 60_000))).toBeGreaterThan(0);
  expect(texts(await historyOf('Observation/changes', member('one')))).toEqual(['third']);
});
