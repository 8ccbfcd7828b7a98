import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  definitions,
  parameterDefinition,
  typeDefinition,
  type ParameterDefinition,
} from '../definitions/definitions.js';
import type { Access } from '../access.js';
import { upgradeCases } from '../migrations/upgrade.suite.js';
import { asksFor, type Ask, type Resource, type Value } from '../testing/independent.js';
import { Readers } from '../testing/readers.js';
import { containingResources, exampleResources, referencesOf, valuesIn } from '../testing/resources.js';
import { isInSample, isWhole } from '../testing/sample.js';
import { baseUrl, directory, entries, TestStore } from '../testing/store.js';

/**
 * Every search parameter of every resource type, asked for values that really lie in stored resources (the
 * guides' examples and the synthetic sandbox), against what an independent evaluation of the published
 * definition finds. A developer's machine asks a sample of the questions, and CI all.
 */

const resourceTypes = Object.keys(definitions.types);
const store = new TestStore();
const readers = new Readers();
/** What a member sees of these depends on what points to it: that is for compartment.spec.ts. */
const memberReferenced = new Set<string>(definitions.referencedTypes.filter((type) => type !== 'Medication'));

beforeAll(async () => {
  await store.start();
  const standing = await exampleResources();
  const all = [...standing, ...containingResources(standing)];
  const file = store.file('all.ndjson', all.map((resource) => JSON.stringify(resource)).join('\n'));
  await store.loadWith({ structure: 'count' }, file);
  await readers.read(store);
}, 120_000);
afterAll(() => store.stop());

const ids = (resources: Resource[]) => resources.map(({ id }) => id).sort();

interface Question {
  access: Access;
  query: string;
  expected: () => string[];
}

const parameter = (code: string, { modifier, asked }: Ask) =>
  `${code}${modifier}=${encodeURIComponent(asked)}`;

const idsOf = (q: Question) => store.ids(`${q.query}&_count=1000`, q.access);

/** Asks those that are chosen, and tells what was answered otherwise. */
async function wrong(questions: Question[], answer = idsOf, isChosen = isInSample) {
  const problems: string[] = [];
  const distinct = new Map(questions.map((q) => [`${q.access.patient ?? ''} ${q.query}`, q]));
  const chosen = [...distinct].filter(([name]) => isChosen(name)).map(([, question]) => question);
  asked += chosen.length;
  let next = 0;
  const worker = async () => {
    for (let q = chosen[next++]; q; q = chosen[next++]) {
      const got = await answer(q).then(
        (found) => [...found].sort().join(),
        (error: Error) => `refused: ${error.message}`,
      );
      const expected = [...q.expected()].sort().join();
      if (got !== expected) problems.push(`${q.query}: ${shorten(got)} instead of ${shorten(expected)}`);
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  return problems;
}

const shorten = (text: string) => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

let asked = 0;

describe.each([...resourceTypes])('%s', (type) => {
  const parameters = Object.values(typeDefinition(type).parameters).filter(({ code }) =>
    isInSample(`${type}?${code}`),
  );

  it('is found by each of its parameters in every form', async () => {
    const questions: Question[] = [];
    for (const definition of parameters) {
      const taken = readers.samples(type, definition);
      const where = (access: Access, test: (found: Value[]) => boolean) =>
        ids(readers.visible(access, type).filter((resource) => test(valuesIn(definition, resource))));
      for (const { access, value } of taken)
        for (const ask of asksFor(definition.type, value, baseUrl)) {
          if (definition.code === '_id' && ask.asked !== value) continue;
          questions.push({
            access,
            query: `${type}?${parameter(definition.code, ask)}`,
            expected: () => where(access, ask.matches),
          });
        }
      // Values joined by a comma are alternatives, repeated parameters all have to match.
      const [a, b] = taken.filter(({ access }) => access === taken[0]?.access);
      const [one, other] = [a, b].map(
        (sample) => sample && asksFor(definition.type, sample.value, baseUrl)[0],
      );
      if (a && one && other) {
        questions.push({
          access: a.access,
          query: `${type}?${definition.code}=${encodeURIComponent(one.asked)},${encodeURIComponent(other.asked)}`,
          expected: () => where(a.access, (found) => one.matches(found) || other.matches(found)),
        });
        questions.push({
          access: a.access,
          query: `${type}?${parameter(definition.code, one)}&${parameter(definition.code, other)}`,
          expected: () => where(a.access, (found) => one.matches(found) && other.matches(found)),
        });
      }
      const access = taken[0]?.access;
      if (access && definition.type !== 'composite')
        for (const missing of [true, false])
          questions.push({
            access,
            query: `${type}?${definition.code}:missing=${missing}`,
            expected: () => where(access, (found) => (found.length === 0) === missing),
          });
    }
    expect(await wrong(questions, idsOf, () => true)).toEqual([]);
  });
});

/** What it contains by a parameter. */
const containedTargetsOf = (definition: ParameterDefinition, resource: Resource): Resource[] =>
  ((resource.contained ?? []) as Resource[]).filter(({ id }) =>
    valuesIn(definition, resource).some((value) => value.reference === `#${id}`),
  );

const names = (resources: Resource[]) => [
  ...new Set(resources.map(({ resourceType, id }) => `${resourceType}/${id}`)),
];

const included = (access: Access) => async (q: Question) =>
  (await store.included(q.query, q.access)).filter(
    (name) => access === directory || !memberReferenced.has(name.split('/')[0] as string),
  );

it('every reference of every type is followed by _include and _revinclude', async () => {
  const problems: string[] = [];
  for (const type of resourceTypes) {
    const access = readers.accessTo(type);
    if (!access) continue;
    const sources = readers.visible(access, type);
    const questions: Question[] = referencesOf(type).map((definition) => ({
      access,
      query: `${type}?_count=1000&_include=${type}:${definition.code}`,
      expected: () =>
        names(sources.flatMap((resource) => readers.targetsOf(access, definition, resource))).filter(
          (name) => !sources.some((own) => `${type}/${own.id}` === name),
        ),
    }));
    for (const source of resourceTypes)
      for (const definition of referencesOf(source)) {
        if (!definition.targets?.includes(type)) continue;
        const pointing = () =>
          readers
            .visible(access, source)
            .filter((resource) =>
              readers.targetsOf(access, definition, resource).some((target) => target.resourceType === type),
            );
        questions.push({
          access,
          query: `${type}?_count=1000&_revinclude=${source}:${definition.code}`,
          expected: () => (source === type ? [] : names(pointing())),
        });
      }
    problems.push(...(await wrong(questions, included(access))));
  }
  expect(problems).toEqual([]);
}, 120_000);

/** A chain or `_has` for a value that lies in the data; every value is taken in one form. */
const firstAsk = (definition: ParameterDefinition, resource: Resource): Ask | undefined =>
  valuesIn(definition, resource)
    .flatMap((value: Value) => asksFor(definition.type, value, baseUrl))
    .find(({ modifier }) => modifier === '');

it('every chain that a guide lists, and one to each parameter of each target, leads to the same, stored or contained', async () => {
  const questions: Question[] = [];
  // What a member's resource points to in the directory, the member sees.
  const reachedBy = (access: Access, definition: ParameterDefinition, resource: Resource) => [
    ...readers.targetsOf(access, definition, resource),
    ...(access === directory ? [] : readers.targetsOf(directory, definition, resource)),
    ...containedTargetsOf(definition, resource),
  ];
  let contained = 0;
  for (const type of resourceTypes) {
    const access = readers.accessTo(type);
    for (const definition of access ? referencesOf(type) : [])
      for (const target of definition.targets ?? []) {
        const reached = readers
          .visible(access!, type)
          .flatMap((resource) => reachedBy(access!, definition, resource))
          .filter(({ resourceType }) => resourceType === target);
        // Of both kinds.
        reached.splice(20, Math.max(0, reached.length - 40));
        if (reached.some(({ id }) => id === 'c1')) contained += 1;
        for (const end of Object.values(typeDefinition(target).parameters)) {
          const isListed = definition.chains?.includes(end.code);
          // One in three of what no guide lists.
          if (!isListed && (end.number + definition.number) % 3 > 0) continue;
          const example = reached.map((resource) => firstAsk(end, resource)).find((ask) => ask !== undefined);
          if (!example) continue;
          questions.push({
            access: access!,
            query: `${type}?${definition.code}:${target}.${end.code}=${encodeURIComponent(example.asked)}`,
            expected: () =>
              ids(
                readers
                  .visible(access!, type)
                  .filter((resource) =>
                    reachedBy(access!, definition, resource).some(
                      (own) => own.resourceType === target && example.matches(valuesIn(end, own)),
                    ),
                  ),
              ),
          });
        }
      }
  }
  expect(contained).toBeGreaterThan(20);
  expect(await wrong(questions)).toEqual([]);
}, 120_000);

it('_has finds what is pointed to, between all types', async () => {
  const questions: Question[] = [];
  for (const source of resourceTypes) {
    const access = readers.accessTo(source);
    for (const definition of access ? referencesOf(source) : []) {
      const pointing = readers
        .visible(access!, source)
        .filter((resource) => readers.targetsOf(access!, definition, resource).length > 0);
      for (const target of definition.targets ?? [])
        for (const end of Object.values(typeDefinition(source).parameters)) {
          if ((end.number + definition.number) % 4 > 0) continue;
          const example = pointing
            .map((resource) => firstAsk(end, resource))
            .find((ask) => ask !== undefined);
          if (!example || readers.visible(access!, target).length === 0) continue;
          questions.push({
            access: access!,
            query: `${target}?_has:${source}:${definition.code}:${end.code}=${encodeURIComponent(example.asked)}`,
            expected: () =>
              ids(
                readers
                  .visible(access!, target)
                  .filter((own) =>
                    pointing.some(
                      (resource) =>
                        example.matches(valuesIn(end, resource)) &&
                        readers.targetsOf(access!, definition, resource).includes(own),
                    ),
                  ),
              ),
          });
        }
    }
  }
  expect(await wrong(questions)).toEqual([]);
}, 120_000);

it('every combination that a guide requires narrows the search', async () => {
  const questions: Question[] = [];
  for (const type of resourceTypes)
    for (const codes of typeDefinition(type).combinations) {
      const definitionsOf = codes.map((code) => parameterDefinition(type, code)!);
      for (const access of readers.all) {
        const example = readers
          .visible(access, type)
          .find((resource) => definitionsOf.every((definition) => firstAsk(definition, resource)));
        if (!example) continue;
        const asks = definitionsOf.map((definition) => [definition, firstAsk(definition, example)!] as const);
        questions.push({
          access,
          query: `${type}?${asks.map(([{ code }, ask]) => parameter(code, ask)).join('&')}`,
          expected: () =>
            ids(
              readers
                .visible(access, type)
                .filter((resource) =>
                  asks.every(([definition, ask]) => ask.matches(valuesIn(definition, resource))),
                ),
            ),
        });
      }
    }
  expect(new Set(questions.map(({ query }) => query.split('?')[0])).size).toBeGreaterThan(15);
  expect(await wrong(questions)).toEqual([]);
});

it('every profile that is claimed finds what is stored of it, by the name under which it is claimed', async () => {
  // What follows one of these names the profile made from it: a kind of claim, a kind of vital sign.
  const general = /(C4BB-ExplanationOfBenefit|us-core-vital-signs)(\||$)/;
  const nothing: string[] = [];
  for (const type of resourceTypes)
    for (const profile of typeDefinition(type).profiles.filter((claimed) => !general.test(claimed))) {
      const query = `${type}?_profile=${encodeURIComponent(profile)}`;
      let isFound = false;
      for (const access of readers.all)
        if (!isFound && readers.visible(access, type).length > 0)
          isFound = (await store.ids(`${query}&_count=1`, access)).length > 0;
      if (!isFound) nothing.push(query);
    }
  expect(nothing).toEqual([]);
});

it('no member reaches a resource of another by any type, whatever is included', async () => {
  const members = readers.all.filter((access) => access !== directory);
  const access = members[0]!;
  const others = new Map<string, Resource[]>();
  for (const other of members.slice(1))
    for (const [type, resources] of readers.seenBy(other))
      if (type !== 'Medication') others.set(type, [...(others.get(type) ?? []), ...resources]);
  const own = new Set([...readers.seenBy(access).values()].flatMap(names));
  const reached: string[] = [];
  for (const [type, resources] of others) {
    const foreign = names(resources).filter((name) => !own.has(name));
    for (const name of foreign.filter(isInSample)) {
      const id = name.split('/')[1] as string;
      if (await store.engine.read({ type, id, access })) reached.push(name);
    }
    const list = foreign.slice(0, 100).map((name) => name.split('/')[1]);
    for (const query of [
      `${type}?_id=${list.join()}`,
      `${type}?_id:not=none&_count=1000`,
      `${type}?_count=5&_include=*&_include:iterate=*&_revinclude=*&_revinclude:iterate=*`,
      `${type}?patient=${others
        .get('Patient')!
        .map(({ id }) => id)
        .join()}&_count=1000`,
    ]) {
      const bundle = await store.search(query, access, 'lenient');
      for (const { resource } of [...entries(bundle, 'match'), ...entries(bundle, 'include')]) {
        const name = `${resource.resourceType}/${resource.id}`;
        if (others.has(resource.resourceType) && !own.has(name)) reached.push(`${query}: ${name}`);
      }
    }
  }
  expect(others.size).toBeGreaterThan(20);
  expect(reached).toEqual([]);
}, 120_000);

it('asked enough questions', () => {
  expect(asked).toBeGreaterThan(isWhole ? 8000 : 1200);
});

// Here, because it compares with the same data, which take seconds to load.
upgradeCases(store);
