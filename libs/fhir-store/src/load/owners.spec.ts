import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, deletion, lines, patient, weight } from '../testing/small-resources.js';
import { storeTables } from '../migrations/index.js';
import { member, TestStore } from '../testing/store.js';
import { directOwners } from './owners.js';
import { removePatient } from './remove-patient.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

describe('the owners of a resource', () => {
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

  it('is known before the batch is stored, also over a chain, but not around a circle', async () => {
    const change = (id: string, patients: string[] | undefined, ...ownerReferences: string[]) => ({
      type: 'Provenance',
      id,
      row: { patients, ownerReferences },
    });
    const derived = [
      change('third', undefined, 'Provenance/second', 'Provenance/owned'),
      change('second', undefined, 'Provenance/first'),
      change('first', undefined, 'Provenance/of-two'),
      change('circle', undefined, 'Provenance/circle', 'Provenance/of-two'),
      change('behind-circle', undefined, 'Provenance/circle'),
      change('nowhere', undefined, 'Provenance/nobody-has-it'),
    ];
    const changed = [...derived, change('of-two', ['a', 'b']), change('owned', ['c'])];
    const client = await store.pool.connect();
    const found = await directOwners(client, changed, derived).finally(() => client.release());
    expect(Object.fromEntries([...found].map(([{ id }, owners]) => [id, owners]))).toEqual({
      first: ['a', 'b'],
      second: ['a', 'b'],
      third: ['a', 'b', 'c'],
      nowhere: [],
    });
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
});

describe('a removed patient', () => {
  const load = (...resources: object[]) =>
    store.loadWith({ structure: 'count' }, store.file('removed.ndjson', lines(...resources)));
  const document = (id: string, owner: string, binary: string) => ({
    resourceType: 'DocumentReference',
    id,
    subject: { reference: `Patient/${owner}` },
    content: [{ attachment: { url: `Binary/${binary}` } }],
  });
  const provenance = (id: string, ...targets: string[]) => ({
    resourceType: 'Provenance',
    id,
    target: targets.map((reference) => ({ reference })),
  });
  const binary = (id: string) => ({ resourceType: 'Binary', id, contentType: 'text/plain', data: 'eA==' });
  /** Every row of any table that names something. */
  async function rowsWith(text: string): Promise<string[]> {
    const found: string[] = [];
    for (const table of storeTables) {
      const { rowCount } = await store.pool.query(`SELECT FROM ${table} t WHERE strpos(t::text, $1) > 0`, [
        text,
      ]);
      if (rowCount) found.push(table);
    }
    return found;
  }

  it('leaves nothing, and all resources of others stay', async () => {
    await load(
      patient('gone-one'),
      patient('stays'),
      weight('gone-two', 'gone-one'),
      weight('kept', 'stays'),
      document('gone-three', 'gone-one', 'gone-four'),
      document('gone-five', 'gone-one', 'shared-binary'),
      document('kept-document', 'stays', 'shared-binary'),
      binary('gone-four'),
      binary('shared-binary'),
      provenance('gone-six', 'Observation/gone-two'),
      provenance('kept-provenance', 'Observation/gone-two', 'Observation/kept'),
      { ...weight('gone-seven', 'gone-one'), performer: [{ reference: 'Practitioner?identifier=s|nobody' }] },
      provenance('gone-eight', 'Observation/gone-two', 'Observation/gone-seven'),
      weight('gone-nine', 'gone-one'),
    );
    await store.load(store.file('before.ndjson', bundle('batch', deletion('Observation/gone-nine'))));
    expect(await removePatient(store.pool, 'gone-one')).toBe(8);
    expect((await rowsWith('gone-')).filter((table) => table !== 'load_run')).toEqual([
      'member_resource',
      'owner_reference',
      'deleted_resource',
    ]);
    // A reference of what another patient has stays a reference.
    const followed = await store.pool.query(
      `SELECT DISTINCT id FROM owner_reference WHERE target_id LIKE 'gone-%'`,
    );
    expect(followed.rows).toEqual([{ id: 'kept-provenance' }]);
    const tombs = await store.pool.query(`SELECT patients FROM deleted_resource WHERE id LIKE 'gone-%'`);
    expect(tombs.rows.filter(({ patients }) => patients.length > 0)).toEqual([]);
    // The text of what others have stays as its source has written it.
    const named = await store.pool.query(
      `SELECT id FROM member_resource m WHERE strpos(m::text, 'gone-') > 0`,
    );
    expect(named.rows).toEqual([{ id: 'kept-provenance' }]);
    expect(await store.ids('Provenance', member('stays'))).toEqual(['kept-provenance']);
    expect(await store.ids('DocumentReference', member('stays'))).toEqual(['kept-document']);
    const access = { ...member('stays'), types: new Set(['Binary', 'DocumentReference']) };
    expect(await store.engine.readBinary({ id: 'shared-binary', access })).toBeDefined();
    expect(await removePatient(store.pool, 'gone-one')).toBe(0);
  });

  it('takes the documents along that only readers of the patient’s resources may read', async () => {
    const secured = (id: string, reference: string) => ({ ...binary(id), securityContext: { reference } });
    await store.put([
      patient('secure'),
      patient('secure-other'),
      weight('secure-1', 'secure'),
      weight('secure-2', 'secure'),
      weight('secure-3', 'secure-other'),
      provenance,
      provenance('secure-both', 'Observation/secure-1', 'Observation/secure-3'),
      secured('secure-own', 'Observation/secure-1'),
      secured('secure-of-deleted', 'Observation/secure-2'),
      secured('secure-shared', 'Provenance/secure-both'),
      {
        ...document('secure-waits', 'secure', 'secure-of-waiting'),
        author: [{ reference: 'Practitioner?identifier=s|nobody' }],
      },
      binary('secure-of-waiting'),
      secured('secure-context-waits', 'DocumentReference/secure-waits'),
      document('secure-others', 'secure-other', 'secure-kept'),
      binary('secure-kept'),
    ]);
    await store.load(store.file('deleted.ndjson', bundle('batch', deletion('Observation/secure-2'))));
    await removePatient(store.pool, 'secure');
    const { rows } = await store.pool.query(`SELECT id FROM binary_resource WHERE id LIKE 'secure-%'`);
    expect(rows.map(({ id }) => String(id)).sort()).toEqual(['secure-kept', 'secure-shared']);
    // The removed ids are given to somebody else.
    await store.put([weight('secure-1', 'secure-other')]);
    const access = { ...member('secure-other'), types: new Set(['Binary', 'Observation']) };
    expect(await store.engine.readBinary({ id: 'secure-own', access })).toBeUndefined();
  });

  it('removes nothing for a text that is no id', async () => {
    await store.put([
      { ...weight('no-id', 'no-id'), performer: [{ reference: 'Practitioner?identifier=s|nobody' }] },
    ]);
    for (const text of ['x|no-id', 'a(b', '[^"]*']) expect(await removePatient(store.pool, text)).toBe(0);
    expect(await removePatient(store.pool, 'no-id')).toBe(1);
  });
});
