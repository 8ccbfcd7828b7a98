import { describe, expect, it } from 'vitest';
import { definitions } from '../definitions/definitions.js';
import { readPackage } from '../definitions/read-package.js';
import { interpret, pathExpression } from './path-expression.js';

const guides = ['us-core-6.1.0', 'carin-bb-2.0.0', 'plan-net-1.1.0'];

/** Search asks whether a value is there, not how often. */
const distinct = (values: readonly unknown[]) =>
  [...new Set(values.map((value) => JSON.stringify(value)))].sort();

describe('expressions of search parameters', () => {
  it.each(guides)(
    'find in every example of %s what FHIRPath itself finds',
    async (guide) => {
      const examples = await readPackage(
        new URL(`../../../../data/igs/${guide}.tgz`, import.meta.url),
        'package/example',
      );
      const resources = examples.flatMap((example) =>
        example.resourceType === 'Bundle'
          ? ((example as { entry?: { resource?: typeof example }[] }).entry ?? []).flatMap(
              ({ resource }) => resource ?? [],
            )
          : [example],
      );
      const known = resources.filter(({ resourceType }) => Object.hasOwn(definitions.types, resourceType));
      expect(known.length).toBeGreaterThan(20);
      const interpreters = new Map<string, ReturnType<typeof interpret>>();
      const different: string[] = [];
      for (const resource of known)
        for (const { code, expression } of Object.values(
          definitions.types[resource.resourceType]!.parameters,
        )) {
          if (!expression || code.startsWith('_')) continue;
          let interpreted = interpreters.get(expression);
          if (!interpreted) interpreters.set(expression, (interpreted = interpret(expression)));
          const { extract, members } = pathExpression(expression, resource.resourceType);
          if (members && !members.some((member) => member in resource)) expect(extract(resource)).toEqual([]);
          const [ours, theirs] = [
            extract(resource),
            // No resource is fetched here either: the reference itself names its type.
            /resolve\(\)/.test(expression) ? undefined : interpreted(resource),
          ].map((values) => values && JSON.stringify(distinct(values)));
          if (theirs !== undefined && ours !== theirs)
            different.push(`${resource.resourceType}/${resource.id} ${code}: ${ours} instead of ${theirs}`);
        }
      expect(different).toEqual([]);
    },
    120_000,
  );

  it.each([
    ['Observation.value', ['value', 'valueQuantity', 'valueString']],
    ['(Observation.value.ofType(Quantity)) | Observation.component.code', ['valueQuantity', 'component']],
    ['Observation.subject.where(resolve() is Patient)', ['subject']],
  ])('%s has a value only with one of its members', (expression, some) => {
    expect(pathExpression(expression, 'Observation').members).toEqual(expect.arrayContaining(some));
  });

  it.each(['Patient.deceased.exists() and Patient.deceased != false', 'Patient', 'Patient.name.exists()'])(
    '%s has a value without any member',
    (expression) => {
      const { extract, members } = pathExpression(expression, 'Patient');
      expect(members).toBeUndefined();
      expect(extract({ resourceType: 'Patient' })).toHaveLength(1);
    },
  );
});
