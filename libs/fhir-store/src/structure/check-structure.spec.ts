import { describe, expect, it } from 'vitest';
import { isServedType } from '../definitions/definitions.js';
import { readPackage } from '../definitions/read-package.js';
import { checkStructure } from './check-structure.js';

/** The problems of JSON, `element problem` each. */
const problemsIn = (text: string) =>
  checkStructure(JSON.parse(text) as Record<string, unknown>, text).problems.map(
    ({ element, problem }) => `${element} ${problem}`,
  );
const observation = {
  resourceType: 'Observation',
  id: 'x',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
  subject: { reference: 'Patient/x' },
};
/** The problems of an Observation with these members beside the required ones. */
const problemsOf = (members: object) => problemsIn(JSON.stringify({ ...observation, ...members }));

describe('the structure of a resource', () => {
  it('fits in every example of the guides', async () => {
    const guides = ['us-core-6.1.0', 'carin-bb-2.0.0', 'plan-net-1.1.0'];
    const files = guides.map((guide) => new URL(`../../../../data/igs/${guide}.tgz`, import.meta.url));
    const examples = (await Promise.all(files.map((file) => readPackage(file, 'package/example'))))
      .flat()
      .filter(({ resourceType }) => isServedType(resourceType));
    expect(examples.length).toBeGreaterThan(200);
    expect(examples.flatMap((example) => problemsIn(JSON.stringify(example)))).toEqual([]);
  });

  it.each([
    [{ status: true }, 'Observation.status is a boolean, not of type code'],
    [{ status: 'final ' }, 'Observation.status is not of type code: "final "'],
    [{ status: '' }, 'Observation.status is an empty string'],
    [{ status: null }, 'Observation.status is null, not of type code'],
    [{ component: [] }, 'Observation.component is an empty array'],
    [{ component: {} }, 'Observation.component is not an array'],
    [{ component: [{}] }, 'Observation.component is an empty object'],
    [{ subject: [{ reference: 'Patient/x' }] }, 'Observation.subject is an array'],
    [{ subject: 'Patient/x' }, 'Observation.subject is not an object'],
    [{ subject: {} }, 'Observation.subject is an empty object'],
    [
      { effectiveDateTime: '2023-02-30' },
      'Observation.effectiveDateTime is a day that does not exist: "2023-02-30"',
    ],
    [{ effectiveDateTime: '2023-02-29T10:00:00Z' }, /a day that does not exist/],
    [{ effectiveDateTime: '2023-13-01' }, /effectiveDateTime is not of type dateTime/],
    [{ effectiveDateTime: '2023-01-01T10:00:00' }, /effectiveDateTime is not of type dateTime/],
    [{ effectiveDateTime: '2023-01-01T24:00:00Z' }, /effectiveDateTime is not of type dateTime/],
    [{ effectiveDateTime: '0000' }, /effectiveDateTime is not of type dateTime/],
    [{ issued: '2023-01-01' }, /issued is not of type instant/],
    [{ valueTime: '25:00:00' }, /valueTime is not of type time/],
    [{ valueInteger: 1.5 }, 'Observation.valueInteger is not of type integer: 1.5'],
    [{ valueInteger: '1' }, 'Observation.valueInteger is a string, not of type integer'],
    [{ valueQuantity: { value: '1.5' } }, 'Observation.valueQuantity.value is a string, not of type decimal'],
    [
      { valueQuantity: { comparator: '=' } },
      /valueQuantity.comparator is none of the codes that R4 requires: "="/,
    ],
    [{ valueString: 'a', valueInteger: 1 }, 'Observation.value[x] is there in more than one type'],
    [{ valueFoo: 1 }, 'Observation.valueFoo is no element of R4'],
    [{ code: { coding: [{ code: 'a', userSelected: 'yes' }] } }, /code.coding.userSelected is a string/],
    [{ code: { coding: [null] } }, 'Observation.code.coding is not an object'],
    [{ meta: { profile: ['has space'] } }, /meta.profile is not of type canonical/],
    [{ text: { status: 'generated', div: 'no markup' } }, /text.div is not of type xhtml/],
    [{ text: { status: 'generated' } }, 'Observation.text.div is missing'],
    [{ contained: [{ id: 'x' }] }, 'Observation.contained has no resourceType'],
    [
      { contained: [{ resourceType: 'Patient', gender: 'm' }] },
      /Observation.contained.gender is none of the codes/,
    ],
    [{ extension: [{ valueString: 'a' }] }, 'Observation.extension.url is missing'],
    [
      { extension: [{ url: 'http://x', valuePositiveInt: 0 }] },
      /valuePositiveInt is not of type positiveInt: 0/,
    ],
    [{ _status: 'x' }, 'Observation._status is not an object'],
    [{ _subject: {} }, 'Observation._subject is no element of R4'],
    [{ meta: { profile: ['http://x'], _profile: [null, { id: 'a' }] } }, /another length/],
  ] as [object, string | RegExp][])('%j: %s', (members, problem) => {
    expect(problemsOf(members)).toEqual([
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    ]);
  });

  it('holds no half of a surrogate pair and no control character, however they are escaped', () => {
    const named = (family: string) =>
      problemsIn(`{"resourceType":"Patient","name":[{"family":"${family}"}]}`);
    expect(named('\\ud83d')).toEqual(['Patient.name.family is not Unicode: it has half of a surrogate pair']);
    expect(named('\\uDE00 x')).toHaveLength(1);
    expect(named('\\u0001')).toEqual(['Patient.name.family is a string with a control character']);
    expect(named('a\\b')).toHaveLength(1);
    for (const well of ['\\ud83d\\ude00', '😀', 'a\\tb\\nc', 'C:\\\\users\\\\x', '\\u00e9'])
      expect(named(well)).toEqual([]);
  });

  it('has what R4 requires, and takes an extension in the place of a value', () => {
    expect(problemsIn('{"resourceType":"Observation"}')).toEqual([
      'Observation.status is missing',
      'Observation.code is missing',
    ]);
    const absent = { extension: [{ url: 'http://x', valueCode: 'unknown' }] };
    expect(problemsOf({ status: undefined, _status: absent })).toEqual([]);
    expect(problemsOf({ meta: { profile: [null], _profile: [{ id: 'a' }] } })).toEqual([]);
    expect(problemsOf({ valueDateTime: '2020', _valueDateTime: absent })).toEqual([]);
    // One choice between the two parts of another is no repetition.
    expect(problemsOf({ valueDateTime: '2020', effectiveDateTime: '2020', _valueDateTime: absent })).toEqual(
      [],
    );
    expect(problemsOf({ meta: { profile: [null] } })).toEqual([expect.stringMatching(/profile is null/)]);
  });

  it('has a code of a required binding in a CodeableConcept', () => {
    const condition = (clinicalStatus: object) =>
      problemsIn(
        JSON.stringify({ resourceType: 'Condition', subject: { reference: 'Patient/x' }, clinicalStatus }),
      );
    const system = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
    expect(condition({ coding: [{ code: 'other' }, { system, code: 'active' }] })).toEqual([]);
    for (const none of [
      { text: 'active' },
      { coding: [{ code: 'active' }] },
      { coding: [{ system, code: 'on' }] },
    ])
      expect(condition(none)).toEqual(['Condition.clinicalStatus has none of the codes that R4 requires']);
  });

  it('is walked once: members and references are counted on the way', () => {
    const text = JSON.stringify({
      ...observation,
      performer: [{ reference: 'Practitioner/a' }, { display: 'nobody' }],
      contained: [{ resourceType: 'Patient', generalPractitioner: [{ reference: 'Practitioner/b' }] }],
      extension: [{ url: 'http://x', valueAttachment: { url: 'Binary/c' } }],
    });
    const { members, references } = checkStructure(JSON.parse(text) as Record<string, unknown>, text);
    expect(members).toBe(text.match(/":/g)!.length);
    expect(references.sort()).toEqual(['Binary/c', 'Patient/x', 'Practitioner/a', 'Practitioner/b']);
  });
});
