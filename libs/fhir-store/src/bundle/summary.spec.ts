import { describe, expect, it } from 'vitest';
import { readPackage, readR4 } from '../definitions/read-package.js';
import { isServedType } from '../definitions/definitions.js';
import { subset } from './subset.js';
import { guideArchive, guides } from '../testing/independent.js';

/** `_summary=true` against the StructureDefinitions of R4 themselves, on every example of the guides. */

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- resources of every shape
type Json = any;

const summary = (resource: Json): Json =>
  JSON.parse(
    String(subset(resource.resourceType, JSON.stringify(resource), { summary: 'true', elements: undefined })),
  );

const definitions = new Map<string, Json>();
for (const { name, snapshot } of readR4<Json>('StructureDefinition'))
  if (name !== 'Meta') definitions.set(name, new Map(snapshot.element.map((e: Json) => [e.path, e])));

/** The definition of a member, and where its own members are defined. */
function definitionOf(path: string, member: string): { element: Json; below: string } | undefined {
  const elements = definitions.get(path.split('.')[0] as string);
  const exact = elements?.get(`${path}.${member}`);
  const element =
    exact ??
    [...(elements?.values() ?? [])].find(
      (e: Json) =>
        e.path.endsWith('[x]') &&
        e.type.some(
          ({ code }: Json) =>
            `${e.path.slice(0, -3)}${code[0].toUpperCase()}${code.slice(1)}` === `${path}.${member}`,
        ),
    );
  if (!element) return undefined;
  const code = exact ? exact.type?.[0]?.code : member.slice(element.path.split('.').at(-1).length - 3);
  const isBackbone = code === 'BackboneElement' || code === 'Element';
  return { element, below: element.contentReference?.slice(1) ?? (isBackbone ? element.path : code) };
}

/** What the definitions keep of a value of the type or path; undefined when it holds nothing of it. */
function kept(value: Json, path: string): Json {
  if (Array.isArray(value)) {
    const items = value.map((item) => kept(item, path)).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const part: Json = {};
  for (const [member, own] of Object.entries(value)) {
    if (member === 'resourceType' || member.startsWith('_')) continue;
    const definition = definitionOf(path, member);
    if (!definition) throw new Error(`${path} has no ${member}`);
    const { element, below } = definition;
    if (!element.isSummary && element.min === 0 && !element.isModifier) continue;
    const inside = member === 'modifierExtension' || member === 'meta' ? own : kept(own, below);
    if (inside !== undefined) part[member] = inside;
  }
  if (Object.keys(part).length > 0) return part;
  return Object.keys(value).every((member) => ['id', 'extension'].includes(member)) ? value : undefined;
}

/** Without the extensions of primitives, which other tests cover. */
const withoutSiblings = (resource: Json): Json =>
  JSON.parse(JSON.stringify(resource), function (this: Json, name, value) {
    return name.startsWith('_') ? undefined : value;
  });

describe('_summary=true', () => {
  it.each(guides)(
    'keeps of every example of %s what R4 marks, at every depth, and nothing else',
    async (guide) => {
      const examples = (await readPackage(guideArchive(guide), 'package/example')).filter(
        ({ resourceType }) => isServedType(resourceType),
      );
      expect(examples.length).toBeGreaterThan(5);
      for (const example of examples.map(withoutSiblings)) {
        const { resourceType, meta, ...rest } = summary(example);
        const { meta: own, ...expected } = kept(example, resourceType);
        const text = JSON.stringify(expected);
        if (example.contained?.some(({ id }: Json) => text.includes(`"reference":"#${id}"`)))
          expected.contained = example.contained;
        expect(rest).toEqual(expected);
        expect(meta.tag.at(-1).code).toBe('SUBSETTED');
        expect({ ...meta, tag: undefined }).toEqual({ ...own, tag: undefined });
      }
    },
  );

  it('leaves out what lies below a summary element and is not marked: parts, extensions, ids', () => {
    const extension = [{ url: 'http://x.example', valueString: 'x' }];
    const resource = {
      resourceType: 'Observation',
      id: 'o',
      modifierExtension: [{ url: 'http://m.example', valueBoolean: true }],
      extension,
      status: 'final',
      _status: { extension },
      code: { id: 'c', extension, coding: [{ extension, system: 's', code: '1' }], text: 't' },
      subject: { extension },
      note: [{ text: 'n' }],
      component: [
        {
          id: '1',
          code: { text: 'a' },
          valueQuantity: { value: 1, _unit: { extension }, extension },
          interpretation: [{ text: 'high' }],
          modifierExtension: extension,
        },
        { code: { text: 'b' }, dataAbsentReason: { text: 'none' }, referenceRange: [{ text: 'r' }] },
      ],
    };
    const { meta, ...kept } = summary(resource);
    expect(meta.tag[0].code).toBe('SUBSETTED');
    expect(kept).toEqual({
      resourceType: 'Observation',
      id: 'o',
      modifierExtension: resource.modifierExtension,
      status: 'final',
      code: { coding: [{ system: 's', code: '1' }], text: 't' },
      // An element that has nothing else keeps its extensions: none may be empty.
      subject: { extension },
      component: [
        {
          code: { text: 'a' },
          valueQuantity: { value: 1, _unit: { extension } },
          modifierExtension: extension,
        },
        { code: { text: 'b' } },
      ],
    });
  });

  it('keeps why a value is absent, and which of several', () => {
    const why = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
    };
    const patient = {
      resourceType: 'Patient',
      id: 'p',
      _birthDate: why,
      _gender: why,
      gender: 'male',
      name: [{ family: 'F', _family: why, given: [null, 'G'], _given: [why, null] }],
    };
    expect(summary(patient)).toMatchObject({
      _birthDate: why,
      name: [{ family: 'F', given: [null, 'G'], _given: [why, null] }],
    });
    expect(summary(patient)._gender).toBeUndefined();
    expect(summary(patient).name[0]._family).toBeUndefined();
  });

  it('keeps contained resources when an element that is kept refers to one', () => {
    const keptOf = (resource: Json, part: { summary: 'true' | 'text' | 'false'; elements?: string[] }) =>
      Object.keys(
        JSON.parse(
          String(subset(resource.resourceType, JSON.stringify(resource), { elements: undefined, ...part })),
        ),
      );
    const report = {
      resourceType: 'DiagnosticReport',
      id: 'r',
      contained: [
        { resourceType: 'Practitioner', id: 'dr' },
        { resourceType: 'Practitioner', id: 'dr2' },
      ],
      status: 'final',
      code: { text: 'x' },
      performer: [{ reference: '#dr' }],
      conclusion: 'c',
    };
    expect(keptOf(report, { summary: 'false', elements: ['performer'] })).toContain('contained');
    expect(keptOf(report, { summary: 'true' })).toContain('contained');
    expect(keptOf(report, { summary: 'text' })).not.toContain('contained');
    expect(keptOf(report, { summary: 'false', elements: ['conclusion'] })).not.toContain('contained');
    // By a canonical.
    const response = {
      resourceType: 'QuestionnaireResponse',
      id: 'q',
      contained: [{ resourceType: 'Questionnaire', id: 'form', status: 'active' }],
      questionnaire: '#form',
      status: 'completed',
    };
    expect(keptOf(response, { summary: 'true' })).toContain('contained');
    expect(keptOf(response, { summary: 'text' })).not.toContain('contained');
  });

  it('gives an element that _elements names as a whole', () => {
    const observation = {
      resourceType: 'Observation',
      id: 'o',
      status: 'final',
      code: { id: 'c', text: 'x' },
      component: [{ code: { id: 'c', text: 'a' }, interpretation: [{ text: 'high' }] }],
    };
    const text = subset('Observation', JSON.stringify(observation), {
      summary: 'true',
      elements: ['component'],
    });
    const { code, component } = JSON.parse(String(text)) as Json;
    expect([code, component]).toEqual([{ text: 'x' }, observation.component]);
  });
});
