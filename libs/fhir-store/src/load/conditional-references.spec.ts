import { afterAll, beforeAll, expect, it } from 'vitest';
import { binary } from '../testing/binaries.js';
import { lines, patient, weight } from '../testing/small-resources.js';
import { member, TestStore } from '../testing/store.js';

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
/** More than one transaction takes. */
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
      large('l-1'),
      withIdentifier('Practitioner', 'before', 'other'),
      withIdentifier('Practitioner', 'after', 'moves'),
      large('l-2'),
      performedBy('w-after', 'moves'),
      large('l-3'),
      withIdentifier('Practitioner', 'twin', 'moves'),
      large('l-4'),
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
