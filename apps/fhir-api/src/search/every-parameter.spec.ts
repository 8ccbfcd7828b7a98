import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { directoryTypes, resourceTypes } from '@payer/smart';
import { generate } from '@payer/synthetic';
import { definitions, typeDefinition, type ParameterDefinition } from '../definitions/definitions.js';
import { readPackage } from '../definitions/package.js';
import type { Reader } from '../reader.js';
import {
  asksFor,
  guideArchive,
  guides,
  valuesOf,
  type Ask,
  type Resource,
  type Value,
} from './testing/independent.js';
import { baseUrl, directory, member, TestStore } from './testing/store.js';

/**
 * Every search parameter of every resource type, asked for values that really lie in stored resources (the guides' examples and the synthetic
 * sandbox), against what an independent evaluation of the published definition finds.
 */

const store = new TestStore();
/** What each reader sees: resources by type. */
const seen = new Map<Reader, Map<string, Resource[]>>();
const directoryNames = new Set<string>(directoryTypes);

beforeAll(async () => {
  await store.start();
  const examples = (
    await Promise.all(guides.map((guide) => readPackage(guideArchive(guide), 'package/example')))
  ).flat();
  const served = (examples as unknown as Resource[]).filter(({ resourceType }) =>
    Object.hasOwn(definitions.types, resourceType),
  );
  const all = [
    ...(generate({ environment: 'sandbox' }) as Iterable<unknown> as Iterable<Resource>),
    ...served,
  ];
  await store.load(store.file('all.ndjson', all.map((resource) => JSON.stringify(resource)).join('\n')));
  const { rows } = await store.pool.query<{ patient: string | null; body: string }>(
    'SELECT patient, body FROM member_resource UNION ALL SELECT NULL, body FROM shared_resource',
  );
  const readers = new Map<string | null, Reader>([[null, directory]]);
  for (const { patient, body } of rows) {
    const resource = JSON.parse(body) as Resource;
    if (patient === null && !directoryNames.has(resource.resourceType)) continue;
    const reader = readers.get(patient) ?? member(patient!);
    readers.set(patient, reader);
    const types = seen.get(reader) ?? new Map<string, Resource[]>();
    seen.set(
      reader,
      types.set(resource.resourceType, [...(types.get(resource.resourceType) ?? []), resource]),
    );
  }
}, 120_000);
afterAll(() => store.stop());

const visible = (reader: Reader, type: string) => seen.get(reader)?.get(type) ?? [];
const ids = (resources: Resource[]) => resources.map(({ id }) => id).sort();

/** Values of a parameter in a resource; `_id` and `_lastUpdated` are parameters like any other. */
const values = (definition: ParameterDefinition, resource: Resource) => valuesOf(definition.url, resource);

interface Sample {
  reader: Reader;
  resource: Resource;
  value: Value;
}

/** A few differing values of a parameter, of differing readers, as they lie in the data. */
function samples(type: string, definition: ParameterDefinition, most = 3): Sample[] {
  const found = new Map<string, Sample>();
  for (const reader of seen.keys())
    for (const resource of visible(reader, type))
      for (const value of values(definition, resource)) {
        const key = JSON.stringify(value);
        if (!found.has(key)) found.set(key, { reader, resource, value });
      }
  const all = [...found.values()];
  const step = Math.max(1, Math.floor(all.length / most));
  return all.filter((_, n) => n % step === 0).slice(0, most);
}

interface Question {
  reader: Reader;
  query: string;
  expected: string[];
}

const parameter = (code: string, { modifier, asked }: Ask) =>
  `${code}${modifier}=${encodeURIComponent(asked)}`;

/** Asks all, and tells what was answered otherwise. */
async function wrong(
  questions: Question[],
  answer = (q: Question) => store.ids(`${q.query}&_count=1000`, q.reader),
) {
  const problems: string[] = [];
  const distinct = [...new Map(questions.map((q) => [`${JSON.stringify(q.reader)} ${q.query}`, q])).values()];
  let next = 0;
  const worker = async () => {
    for (let q = distinct[next++]; q; q = distinct[next++]) {
      const got = await answer(q).then(
        (found) => [...found].sort().join(),
        (error: Error) => `refused: ${error.message}`,
      );
      if (got !== [...q.expected].sort().join())
        problems.push(`${q.query}: ${shorten(got)} instead of ${shorten([...q.expected].sort().join())}`);
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  return problems;
}

const shorten = (text: string) => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

let asked = 0;

describe.each([...resourceTypes])('%s', (type) => {
  const parameters = Object.values(typeDefinition(type).parameters);

  it('is found by each of its parameters in every form', async () => {
    const questions: Question[] = [];
    for (const definition of parameters) {
      const taken = samples(type, definition);
      const where = (reader: Reader, test: (found: Value[]) => boolean) =>
        ids(visible(reader, type).filter((resource) => test(values(definition, resource))));
      for (const { reader, value } of taken)
        for (const ask of asksFor(definition.type, value, baseUrl)) {
          if (definition.code === '_id' && ask.asked !== value) continue;
          questions.push({
            reader,
            query: `${type}?${parameter(definition.code, ask)}`,
            expected: where(reader, ask.matches),
          });
        }
      // Values joined by a comma are alternatives, repeated parameters all have to match.
      const [a, b] = taken.filter(({ reader }) => reader === taken[0]?.reader);
      const [one, other] = [a, b].map(
        (sample) => sample && asksFor(definition.type, sample.value, baseUrl)[0],
      );
      if (a && one && other) {
        questions.push({
          reader: a.reader,
          query: `${type}?${definition.code}=${encodeURIComponent(one.asked)},${encodeURIComponent(other.asked)}`,
          expected: where(a.reader, (found) => one.matches(found) || other.matches(found)),
        });
        questions.push({
          reader: a.reader,
          query: `${type}?${parameter(definition.code, one)}&${parameter(definition.code, other)}`,
          expected: where(a.reader, (found) => one.matches(found) && other.matches(found)),
        });
      }
      const reader = taken[0]?.reader;
      if (reader && definition.type !== 'composite')
        for (const missing of [true, false])
          questions.push({
            reader,
            query: `${type}?${definition.code}:missing=${missing}`,
            expected: where(reader, (found) => (found.length === 0) === missing),
          });
    }
    asked += questions.length;
    expect(await wrong(questions)).toEqual([]);
  });
});

it('asked thousands of questions', () => {
  expect(asked).toBeGreaterThan(5000);
});
