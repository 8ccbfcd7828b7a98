import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from '../access.js';
import { compartmentTypes, definitions, typeDefinition } from '../definitions/definitions.js';
import { asksFor, type Resource } from '../testing/independent.js';
import { referencesBesideCodes } from '../testing/references-beside-codes.js';
import { exampleResources, referencesOf, valuesIn } from '../testing/resources.js';
import { isInSample, isWhole } from '../testing/sample.js';
import { baseUrl, entries, member, TestStore } from '../testing/store.js';

/*
 * A withheld resource must look like one that does not exist. So there are two stores: one has all resources,
 * some of them labelled, and its reader must not see the labelled ones; the other never had the labelled
 * ones. Every request must have the same answer from both. The second store is the oracle: it knows no label.
 * There are many requests, so a developer's machine tries a sample of them, and CI all.
 */

const system = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const withheld = ['PSY', 'HIV'].map((code) => `${system}|${code}`);
const memberTypes = [...compartmentTypes, ...definitions.referencedTypes].filter((type) =>
  Object.hasOwn(definitions.types, type),
);

const labelled = new TestStore();
const without = new TestStore();
let all: Resource[] = [];
const secret = new Set<string>();
let patients: string[] = [];

const nameOf = ({ resourceType, id }: Resource) => `${resourceType}/${id}`;
const limited = (patient: string): Access => ({ ...member(patient), withheld });

/**
 * Where a resource says with a reference what it is about: it is withheld with the target. The elements that
 * R4 names beside a code come from its definitions.
 */
const others: Record<string, readonly string[]> = {
  CarePlan: ['addresses', 'activity.reference'],
  Condition: ['evidence.detail'],
  DiagnosticReport: ['result'],
  DocumentReference: ['context.encounter', 'context.related'],
  Encounter: ['diagnosis.condition'],
  ExplanationOfBenefit: ['prescription', 'supportingInfo.valueReference'],
  Goal: ['addresses'],
  MedicationDispense: ['authorizingPrescription'],
  Observation: ['hasMember', 'derivedFrom'],
  Procedure: ['complicationDetail'],
  Provenance: ['target'],
};
const about = Object.fromEntries(
  memberTypes.map((type) => [type, [...referencesBesideCodes(type), ...(others[type] ?? [])]]),
);

/** A claim's supporting information may name a place or a person. */
const saysWhoOrWhere = /^(Location|Organization|Practitioner|PractitionerRole)\//;

/** What a resource, or one that it contains, is about. */
const targetsOf = (resource: Resource): string[] =>
  [resource, ...((resource.contained ?? []) as Resource[])].flatMap((one) =>
    (about[one.resourceType] ?? []).flatMap((path) =>
      path
        .split('.')
        .reduce<unknown[]>((found, name) => found.flatMap((value) => (value as Resource)[name] ?? []), [one])
        .flatMap((value) => (value as { reference?: string }).reference ?? [])
        .filter((target) => !saysWhoOrWhere.test(target)),
    ),
  );

const withLabel = (resource: Resource, code: string): Resource =>
  ({
    ...resource,
    meta: { ...(resource.meta as object | undefined), security: [{ system, code }] },
  }) as Resource;

beforeAll(async () => {
  await Promise.all([labelled.start(), without.start()]);
  const seenOfType = new Map<string, number>();
  all = (await exampleResources()).map((resource) => {
    const n = (seenOfType.get(resource.resourceType) ?? 0) + 1;
    seenOfType.set(resource.resourceType, n);
    // A Provenance has no label: it follows its target. Every fifth label is one that is not withheld.
    if (resource.resourceType === 'Patient' || resource.resourceType === 'Provenance' || n % 3 !== 0)
      return resource;
    if (n % 5 === 0) return withLabel(resource, 'ETH');
    secret.add(nameOf(resource));
    return withLabel(resource, n % 2 === 0 ? 'PSY' : 'HIV');
  });
  // A resource with several targets is withheld when one of them is. Some follow each other.
  for (let before = -1; before < secret.size;) {
    before = secret.size;
    for (const resource of all)
      if (targetsOf(resource).some((target) => secret.has(target))) secret.add(nameOf(resource));
  }
  const write = (store: TestStore, resources: Resource[]) =>
    store.load(store.file('all.ndjson', resources.map((resource) => JSON.stringify(resource)).join('\n')));
  await write(labelled, all);
  await write(
    without,
    all.filter((resource) => !secret.has(nameOf(resource))),
  );
  const { rows } = await labelled.pool.query<{ patient: string }>(
    `SELECT patient FROM member_resource GROUP BY patient
     HAVING count(*) FILTER (WHERE labels IS NOT NULL) > 3 ORDER BY count(*) DESC, patient LIMIT 4`,
  );
  patients = rows.map(({ patient }) => patient);
}, 120_000);
afterAll(() => Promise.all([labelled.stop(), without.stop()]));

/** An answer without times and cursors. */
async function answerOf(store: TestStore, query: string, access: Access): Promise<unknown> {
  try {
    const bundle = await store.search(query, access, 'lenient');
    return {
      total: bundle.total,
      links: bundle.link.map(({ relation }: { relation: string }) => relation).sort(),
      matches: entries(bundle, 'match').map(({ resource }) => nameOf(resource)),
      included: entries(bundle, 'include')
        .map(({ resource }) => nameOf(resource))
        .sort(),
    };
  } catch (error) {
    return (error as Error).message;
  }
}

let asked = 0;

/** Asks both stores, and collects the queries with differing answers. */
async function differing(queries: readonly string[], patient: string): Promise<string[]> {
  const problems: string[] = [];
  for (const query of queries.filter((query) => isInSample(`${patient} ${query}`))) {
    const [one, other] = await Promise.all([
      answerOf(labelled, query, limited(patient)),
      answerOf(without, query, member(patient)),
    ]);
    asked += 1;
    if (JSON.stringify(one) !== JSON.stringify(other))
      problems.push(`${query}: ${JSON.stringify(one)} instead of ${JSON.stringify(other)}`.slice(0, 600));
  }
  return problems;
}

/** Searches for the values of a few resources of a type, labelled ones first. */
function questionsAbout(type: string): string[] {
  const ofType = all.filter(({ resourceType }) => resourceType === type);
  const chosen = [
    ...ofType.filter((resource) => secret.has(nameOf(resource))).slice(0, 3),
    ...ofType.filter((resource) => !secret.has(nameOf(resource))).slice(0, 1),
  ];
  const found = new Set<string>();
  for (const definition of Object.values(typeDefinition(type).parameters))
    for (const resource of chosen)
      for (const value of valuesIn(definition, resource).slice(0, 1))
        for (const { modifier, asked: given } of asksFor(definition.type, value, baseUrl).slice(0, 2))
          found.add(`${type}?${definition.code}${modifier}=${encodeURIComponent(given)}`);
  return [...found];
}

/** Each road from a type to its own rows, to those it references and to those that reference it. */
function roadsOf(type: string): string[] {
  const forward = referencesOf(type).filter(({ code }) => !code.startsWith('_'));
  const backward = memberTypes.flatMap((source) =>
    referencesOf(source)
      .filter(({ targets }) => targets?.includes(type))
      .map(({ code }) => ({ source, code })),
  );
  return [
    ...['', '?_count=2', '?_summary=count', '?_count=0', '?_total=accurate', '?_total=estimate'].map(
      (rest) => `${type}${rest}`,
    ),
    `${type}?_sort=-_lastUpdated&_count=1000&_elements=id`,
    `${type}?_security:missing=false`,
    `${type}?_security=${system}|PSY,${system}|HIV&_total=accurate`,
    `${type}?_security:not=${system}|PSY&_summary=count`,
    `${type}?_include=*&_include:iterate=*`,
    `${type}?_revinclude=*`,
    ...forward.flatMap(({ code, targets = [] }) => [
      `${type}?_include=${type}:${code}`,
      ...targets
        .filter((target) => memberTypes.includes(target))
        .flatMap((target) => [
          `${type}?${code}:${target}._security:missing=false&_total=accurate`,
          `${type}?${code}:${target}._lastUpdated=gt1900`,
        ]),
    ]),
    ...backward.flatMap(({ source, code }) => [
      `${type}?_revinclude=${source}:${code}`,
      `${type}?_has:${source}:${code}:_security:missing=false&_total=accurate`,
      `${type}?_has:${source}:${code}:_lastUpdated=gt1900&_total=accurate`,
    ]),
  ];
}

describe('a withheld resource looks like one that does not exist', () => {
  it('and the data has enough of both', async () => {
    expect(patients.length).toBeGreaterThan(1);
    expect(secret.size).toBeGreaterThan(100);
    for (const patient of patients) {
      const seen = await labelled.search('Condition?_summary=count', limited(patient));
      const open = await labelled.search('Condition?_summary=count', member(patient));
      expect([seen.total <= open.total]).toEqual([true]);
    }
  });

  it.each(memberTypes)(
    'by every road to %s',
    async (type) => {
      const problems: string[] = [];
      for (const patient of patients.slice(0, 2))
        problems.push(...(await differing([...roadsOf(type), ...questionsAbout(type)], patient)));
      expect(problems).toEqual([]);
    },
    120_000,
  );

  it('by id', async () => {
    const problems: string[] = [];
    for (const patient of patients)
      for (const { resourceType: type, id } of all.filter(({ resourceType }) =>
        memberTypes.includes(resourceType),
      )) {
        if (!isInSample(`${patient} ${type}/${id}`)) continue;
        const [one, other] = await Promise.all([
          labelled.engine.read({ type, id, access: limited(patient) }),
          without.engine.read({ type, id, access: member(patient) }),
        ]);
        if ((one === undefined) !== (other === undefined)) problems.push(`${patient}: ${type}/${id}`);
      }
    expect(problems).toEqual([]);
  });

  it('and many questions were asked', () => expect(asked).toBeGreaterThan(isWhole ? 1000 : 200));
});

describe('a labelled resource', () => {
  const own = (id: string, code?: string, subject = 'lena') => ({
    resourceType: 'Condition',
    id,
    subject: { reference: `Patient/${subject}` },
    code: { text: id },
    ...(code ? { meta: { security: [{ system, code }] } } : {}),
  });
  const provenance = (id: string, target: string) => ({
    resourceType: 'Provenance',
    id,
    target: [{ reference: target }],
    recorded: '2026-01-01T00:00:00Z',
    agent: [{ who: { display: 'x' } }],
  });
  const visible = (query: string) => labelled.ids(query, limited('lena'));

  beforeAll(() =>
    labelled.put([
      { resourceType: 'Patient', id: 'lena' },
      provenance('of-secret', 'Condition/lena-secret'),
      own('lena-secret', 'PSY'),
      own('lena-plain'),
      provenance('of-plain', 'Condition/lena-plain'),
      provenance('of-provenance', 'Provenance/of-secret'),
    ]),
  );

  it('takes along a Provenance of it, loaded before or after, also over another Provenance', async () => {
    expect(await visible('Condition')).toEqual(['lena-plain']);
    expect(await visible('Provenance')).toEqual(['of-plain']);
    expect((await labelled.ids('Provenance', member('lena'))).sort()).toEqual([
      'of-plain',
      'of-provenance',
      'of-secret',
    ]);
  });

  it('takes along a Provenance that names the member, too', async () => {
    const both = {
      ...provenance('of-both', 'Condition/lena-secret'),
      target: ['Patient/lena', 'Condition/lena-plain', 'Condition/lena-secret'].map((reference) => ({
        reference,
      })),
    };
    await labelled.put([both]);
    expect(await visible('Provenance')).toEqual(['of-plain']);
    expect(await labelled.ids('Provenance?_id=of-both', member('lena'))).toEqual(['of-both']);
    const wanted = { type: 'Provenance', id: 'of-both' };
    expect(await labelled.engine.read({ ...wanted, access: limited('lena') })).toBeUndefined();
    expect(await labelled.engine.read({ ...wanted, access: member('lena') })).toBeDefined();
  });

  it('takes the Provenance along after it is deleted, too', async () => {
    const target = ['Patient/lena', 'Condition/lena-past'].map((reference) => ({ reference }));
    await labelled.put([own('lena-past', 'PSY'), { ...provenance('of-past', 'x'), target }]);
    const entry = [{ request: { method: 'DELETE', url: 'Condition/lena-past' } }];
    await labelled.put([{ resourceType: 'Bundle', type: 'batch', entry }]);
    expect(await visible('Provenance')).toEqual(['of-plain']);
    expect(await labelled.ids('Provenance?_id=of-past', member('lena'))).toEqual(['of-past']);
    const wanted = { type: 'Provenance', id: 'of-past' };
    expect(await labelled.engine.read({ ...wanted, access: limited('lena') })).toBeUndefined();
  });

  it('is withheld from the next load on when it gets its label, and seen when it loses it', async () => {
    await labelled.put([own('lena-plain', 'HIV'), own('lena-secret')]);
    expect(await visible('Condition')).toEqual(['lena-secret']);
    expect((await visible('Provenance')).sort()).toEqual(['of-provenance', 'of-secret']);
    await labelled.put([own('lena-plain'), own('lena-secret', 'PSY')]);
    expect(await visible('Provenance')).toEqual(['of-plain']);
  });

  it('does not show that it was deleted', async () => {
    await labelled.put([own('gone', 'PSY'), own('gone-plain')]);
    await labelled.put(
      ['gone', 'gone-plain'].map((id) => ({
        resourceType: 'Bundle',
        type: 'batch',
        entry: [{ request: { method: 'DELETE', url: `Condition/${id}` } }],
      })),
    );
    const isDeleted = (id: string, access: Access) =>
      labelled.engine.isDeleted({ type: 'Condition', id, access });
    expect(await isDeleted('gone', limited('lena'))).toBe(false);
    expect(await isDeleted('gone', member('lena'))).toBe(true);
    expect(await isDeleted('gone-plain', limited('lena'))).toBe(true);
  });

  it('cannot be reached by a page link of a reader who sees more', async () => {
    await labelled.put([own('lena-third'), own('lena-fourth')]);
    const page = await labelled.search('Condition?_count=1', member('lena'));
    const next = new URL(page.link.find(({ relation }: { relation: string }) => relation === 'next').url);
    await expect(labelled.search(`Condition${next.search}`, limited('lena'))).rejects.toMatchObject({
      status: 400,
    });
  });
});
