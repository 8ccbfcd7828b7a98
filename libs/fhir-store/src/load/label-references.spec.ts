import { describe, expect, it } from 'vitest';
import { definitions } from '../definitions/definitions.js';
import { referencesBesideCodes } from '../testing/references-beside-codes.js';
import { isLabelledType, labelReferences } from './label-references.js';

/** Their targets are a DetectedIssue and a Substance. Neither is served, so no label is known of them. */
const notServed = ['MedicationDispense.statusReasonReference', 'Specimen.container.additiveReference'];

describe('a reference in place of a code carries the label', () => {
  const types = Object.keys(definitions.types).filter(isLabelledType);
  const paths = types.flatMap((type) =>
    referencesBesideCodes(type)
      .filter((path) => !notServed.includes(`${type}.${path}`))
      .map((path) => [type, path]),
  );

  it('and R4 has many of them', () => expect(paths.length).toBeGreaterThan(12));

  it.each(paths)('%s.%s', (resourceType, path) => {
    const value = path!
      .split('.')
      .reduceRight<object>((inner, name) => ({ [name]: [inner] }), { reference: 'Condition/c' });
    expect(labelReferences({ resourceType, id: 'x', ...value }, 'https://fhir.example')).toEqual([
      'Condition/c',
    ]);
  });
});
