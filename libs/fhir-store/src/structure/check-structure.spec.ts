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

  it.each([
    ['{"resourceType":"Bogus"}', ' is of no resource type of R4: "Bogus"'],
    ['{"resourceType":"Period","start":"2024"}', ' is of no resource type of R4: "Period"'],
    ['{"resourceType":"DomainResource"}', ' is of no resource type of R4: "DomainResource"'],
    ['{"resourceType":["Substance"]}', ' has no resourceType'],
    ['{"resourceType":"Substance","code":{}}', '.code is an empty object'],
    ['{"resourceType":"Substance","code":{"text":"a"},"foo":null}', '.foo is no element of R4'],
    ['{"resourceType":"Substance","code":{"text":""}}', '.code.text is an empty string'],
    [String.raw`{"resourceType":"Substance","code":{"text":"x\ud800y"}}`, /half of a surrogate pair/],
    [String.raw`{"resourceType":"Substance","code":{"text":"x\u0001"}}`, /a control character/],
    ['{"resourceType":"Group","type":"person","actual":true,"member":[]}', '.member is an empty array'],
    [
      '{"resourceType":"Group","type":"person","actual":true,"quantity":2.0}',
      '.quantity is not of type unsignedInt: 2.0',
    ],
    ['{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"X"}}]}', /"X"/],
  ])('is checked in a contained resource, also of a type that is not loaded: %s', (contained, problem) => {
    const text = `${JSON.stringify(observation).slice(0, -1)},"contained":[${contained}]}`;
    expect(problemsIn(text)).toEqual([
      typeof problem === 'string' ? `Observation.contained${problem}` : expect.stringMatching(problem),
    ]);
  });

  it.each([
    ['"valueInteger":1.0', 'Observation.valueInteger is not of type integer: 1.0'],
    ['"valueInteger": 1e2', 'Observation.valueInteger is not of type integer: 1e2'],
    ['"valueInteger":-0', 'Observation.valueInteger is not of type integer: -0'],
    ['"valueInteger":1.5e1', 'Observation.valueInteger is not of type integer: 1.5e1'],
    ['"valueSampledData":{"origin":{"value":1.0},"period":1.0,"dimensions":1E0}', /dimensions .*: 1E0/],
    ['"valueInteger":-10', undefined],
    ['"valueInteger":0,"note":[{"text":"\\"valueInteger\\":1.0"}]', undefined],
    ['"valueSampledData":{"origin":{"value":1.0},"period":1e0,"dimensions":1}', undefined],
  ])('writes integers without a point, an exponent and a sign before 0: %s', (member, problem) => {
    const text = `${JSON.stringify(observation).slice(0, -1)},${member}}`;
    expect(problemsIn(text)).toEqual(
      problem === undefined ? [] : [typeof problem === 'string' ? problem : expect.stringMatching(problem)],
    );
  });

  it('finds the integer among decimals of its name, and in an array', () => {
    // A contained MolecularSequence has an integer `score`, and a Bundle a decimal one.
    const scores = (integers: string) =>
      problemsIn(`${JSON.stringify(observation).slice(0, -1)},"contained":[
        {"resourceType":"Bundle","type":"searchset","entry":[{"search":{"score":1.0}}]},
        {"resourceType":"MolecularSequence","coordinateSystem":0,
          "quality":[{"type":"unknown","roc":{"score":${integers}}}]}]}`);
    expect(scores('[1, 2]')).toEqual([]);
    expect(scores('[1, 2.0, 3]')).toEqual([
      'Observation.contained.quality.roc.score is not of type integer: 2.0',
    ]);
  });

  it('has base64 in groups of four', () => {
    const dataOf = (data: string) =>
      problemsOf({ extension: [{ url: 'http://x', valueBase64Binary: data }] });
    for (const well of ['YWJj', 'YWI=', 'YQ==', 'YWJj\nYWJj', 'YW Jj']) expect(dataOf(well)).toEqual([]);
    for (const bad of ['abc', '====', 'a===', 'YQ==YQ==', 'YW=j', '=', ' '])
      expect(dataOf(bad)).toEqual([expect.stringContaining('is not of type base64Binary')]);
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
      contained: [
        { resourceType: 'Patient', generalPractitioner: [{ reference: 'Practitioner/b' }] },
        { resourceType: 'List', status: 'current', mode: 'working', source: { reference: 'Device/d' } },
      ],
      extension: [{ url: 'http://x', valueAttachment: { url: 'Binary/c' } }],
    });
    const { members, references } = checkStructure(JSON.parse(text) as Record<string, unknown>, text);
    expect(members).toBe(text.match(/":/g)!.length);
    expect(references.sort()).toEqual([
      'Binary/c',
      'Device/d',
      'Patient/x',
      'Practitioner/a',
      'Practitioner/b',
    ]);
  });
});
