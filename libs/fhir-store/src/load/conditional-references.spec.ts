import { afterAll, beforeAll, expect, it } from 'vitest';
import { binary } from '../testing/binaries.js';
import { bundle, deletion, lines, patient, weight } from '../testing/small-resources.js';
import { baseUrl, member, TestStore } from '../testing/store.js';
import { load } from './load.js';
import { dropWaiting } from './waiting.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

const at = (reference: string) => ({ reference });
const withIdentifier = (resourceType: string, id: string, value: string, more: object = {}) => ({
  resourceType,
  id,
  identifier: [{ system: 's', value }],
  ...more,
});
const performedBy = (id: string, value: string) => ({
  ...weight(id, 'c'),
  performer: [at(`Practitioner?identifier=s|${value}`)],
});
/** More than one transaction takes, so that the resources before and behind are in different ones. */
const gap = (id: string) => [large(`${id}-1`), large(`${id}-2`)];
const large = (id: string) => ({
  ...patient(id),
  text: {
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(2_100_000)}</div>`,
  },
});

it('chains of waiting resources are stored by the load that brings the last target', async () => {
  const organization = (id: string, parent?: string) =>
    withIdentifier('Organization', id, id, {
      name: id,
      ...(parent ? { partOf: at(`Organization?identifier=s|${parent}`) } : {}),
    });
  const chain = lines(organization('c-1', 'c-2'), organization('c-2', 'c-3'), organization('c-3', 'c-4'));
  expect(await store.load(store.file('chain.ndjson', chain))).toMatchObject({ created: 0, unresolved: 3 });
  const last = store.file('last.ndjson', lines(organization('c-4')));
  expect(await store.load(last)).toMatchObject({ created: 4, unresolved: 0 });
});

it('a reference leads to the resource that has the identifier now, also within one load', async () => {
  await store.put([withIdentifier('Practitioner', 'before', 'moves')]);
  const file = store.file(
    'moves.ndjson',
    lines(
      performedBy('w-before', 'moves'),
      ...gap('l-1'),
      withIdentifier('Practitioner', 'before', 'other'),
      withIdentifier('Practitioner', 'after', 'moves'),
      ...gap('l-2'),
      performedBy('w-after', 'moves'),
      ...gap('l-3'),
      withIdentifier('Practitioner', 'twin', 'moves'),
      ...gap('l-4'),
      performedBy('w-twins', 'moves'),
    ),
  );
  const { reasons } = await store.load(file);
  const of = (practitioner: string) => store.ids(`Observation?performer=${practitioner}`, member('c'));
  expect([await of('before'), await of('after')]).toEqual([['w-before'], ['w-after']]);
  expect(reasons).toEqual([expect.stringContaining('w-twins: the reference')]);
});

it('a resource that waits is stored as its own load decided about structure and labels', async () => {
  const sensitive = { code: { coding: [{ system: 'urn:own', code: 'x' }] } };
  const waits = { ...performedBy('decided', 'decided'), ...sensitive, status: 'no code of R4' };
  const labelRules = [{ system: 'urn:own', codes: ['x'], label: 'SUD' }];
  const file = store.file('decided.ndjson', lines(waits));
  const first = await store.loadWith({ structure: 'count', labelRules }, file);
  expect(first).toMatchObject({ unresolved: 1, labelled: 1, rejected: 0 });
  const target = store.file('target.ndjson', lines(withIdentifier('Practitioner', 'decided', 'decided')));
  expect(await store.load(target)).toMatchObject({ created: 2, unresolved: 0, rejected: 0 });
  const withheld = ['http://terminology.hl7.org/CodeSystem/v3-ActCode|SUD'];
  const seen = (access: object) => store.ids('Observation?_id=decided', { ...member('c'), ...access });
  expect([await seen({}), await seen({ withheld })]).toEqual([['decided'], []]);
  // The same resource again is the stored one.
  expect(await store.loadWith({ structure: 'count', labelRules }, file)).toMatchObject({ unchanged: 1 });
});

it.each(['\0', '\ud800'])('text that PostgreSQL does not have (%j) stops no load', async (character) => {
  const label = { meta: { security: [{ system: 's', code: `x${character}` }] } };
  const id = `odd-${character.charCodeAt(0)}`;
  const file = store.file(
    'odd.ndjson',
    lines(
      performedBy(`w-${id}`, `1${character}`),
      { ...binary(`b-${id}`, 'x'), ...label },
      { ...weight(id, 'c'), ...label },
    ),
  );
  const { created, reasons } = await store.loadWith({ structure: 'count' }, file);
  expect(created).toBe(2);
  expect(reasons).toEqual([expect.stringMatching(/is conditional; it has U\+0000 or half of a surrogate/)]);
});

it.each(['deletes', 'takes the identifier from', 'brings a twin of'])(
  'a batch that %s the resource that matches decides about its own references',
  async (what) => {
    const value = what.replaceAll(' ', '-');
    const old = `old-${value}`;
    await store.put([withIdentifier('Practitioner', old, value)]);
    const other = withIdentifier('Practitioner', `new-${value}`, value);
    const changes =
      what === 'deletes'
        ? [JSON.parse(bundle('batch', deletion(`Practitioner/${old}`))), other]
        : what.startsWith('takes')
          ? [withIdentifier('Practitioner', old, 'none'), other]
          : [other];
    const file = store.file('one-batch.ndjson', lines(performedBy(`w-${value}`, value), ...changes));
    const isTwin = what.startsWith('brings');
    expect(await store.load(file)).toMatchObject({ rejected: 0, unresolved: isTwin ? 1 : 0 });
    const found = await store.ids(`Observation?performer=new-${value}`, member('c'));
    expect(found).toEqual(isTwin ? [] : [`w-${value}`]);
    await dropWaiting(store.pool);
  },
);

it('a transaction that is refused creates nothing for the transactions after it', async () => {
  const transaction = (uuid: string, status: unknown): unknown => {
    const practitioner = { resourceType: 'Practitioner', identifier: [{ system: 's', value: 'created' }] };
    const observation = { ...weight(`of-${uuid}`, 'c'), status, performer: [at(`urn:uuid:${uuid}`)] };
    const create = { method: 'POST', url: 'Practitioner', ifNoneExist: 'identifier=s|created' };
    return JSON.parse(
      bundle(
        'transaction',
        { fullUrl: `urn:uuid:${uuid}`, resource: practitioner, request: create },
        { resource: observation, request: { method: 'PUT', url: `Observation/of-${uuid}` } },
      ),
    );
  };
  const file = store.file('created.ndjson', lines(transaction('bad', true), transaction('good', 'final')));
  expect(await store.load(file)).toMatchObject({ rejected: 2, created: 2 });
  expect(await store.ids('Observation?performer=good', member('c'))).toEqual(['of-good']);
});

it('a resource that another loader replaces meanwhile is not replaced by the one that waited', async () => {
  const versions = ['waited', 'newer'].map((text) => ({
    ...performedBy('raced', 'raced'),
    note: [{ text }],
  }));
  const [waited, newer] = versions.map((one, i) => store.file(`raced-${i}.ndjson`, lines(one)));
  await store.load(waited!);
  const client = await store.pool.connect();
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
  let isFirst = true;
  const meanwhile = async (...args: unknown[]) => {
    const result = await query(...args);
    if (isFirst && String(args[0]).includes('SELECT type, id, place, body')) {
      isFirst = false;
      await store.load(newer!);
    }
    return result;
  };
  Object.assign(client, {
    query: (...args: unknown[]) =>
      args.length > 1 || typeof args[0] === 'string' ? meanwhile(...args) : query(...args),
  });
  const file = store.file('raced-target.ndjson', lines(withIdentifier('Practitioner', 'raced', 'raced')));
  const pool = { connect: () => Promise.resolve(client) } as unknown as typeof store.pool;
  await load({ pool, baseUrl, files: [file], onRejected: (place, reason) => expect(place).toBe(reason) });
  expect(isFirst).toBe(false);
  const found = await store.engine.read({ type: 'Observation', id: 'raced', access: member('c') });
  expect(String(found?.json)).toContain('newer');
});

it('a waiting resource that another member owns now is no longer the former owner’s', async () => {
  const stored = weight('misattributed', 'former');
  await store.put([patient('former'), stored]);
  const corrected = { ...performedBy('misattributed', 'late'), subject: at('Patient/rightful') };
  const file = store.file('corrected.ndjson', lines(corrected));
  expect(await store.load(file)).toMatchObject({ deleted: 1, unresolved: 1 });
  expect(await store.ids('Observation', member('former'))).toEqual([]);
  expect(await store.load(file)).toMatchObject({ deleted: 0, unresolved: 1 });
  await store.load(store.file('late.ndjson', lines(withIdentifier('Practitioner', 'late', 'late'))));
  expect(await store.ids('Observation', member('rightful'))).toEqual(['misattributed']);
  // A version of the same member stays until the newer one is stored.
  const file2 = store.file(
    'newer.ndjson',
    lines({ ...corrected, performer: performedBy('x', 'later').performer }),
  );
  expect(await store.load(file2)).toMatchObject({ deleted: 0, unresolved: 1 });
  expect(await store.ids('Observation', member('rightful'))).toEqual(['misattributed']);
});
