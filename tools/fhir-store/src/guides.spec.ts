import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import {
  changesBetween,
  definitions,
  indexRules,
  readStructures,
  type PackagedResource,
} from '@payer/fhir-store/definitions';
import { dataFolder, readGuidePackages, type GuidePackage } from './guide-packages.js';
import { makeDefinitions } from './make-definitions.js';
import { makeStructures } from './make-structures.js';
import { mustSupportList } from './must-support-list.js';

const packages = await readGuidePackages();
const usCore = 'http://hl7.org/fhir/us/core';
const profile = `${usCore}/StructureDefinition/us-core-goal`;

it('the committed definitions and structures are what the table and the packages give', () => {
  expect(makeDefinitions(packages, definitions)).toEqual(definitions);
  expect(makeStructures()).toEqual(readStructures());
});

describe('a version of a guide', () => {
  const [latest] = packages.filter(({ guide }) => guide.id === 'us-core').slice(-1) as [GuidePackage];
  /** A version that defines one parameter, redefines one, and profiles one type. */
  const next: GuidePackage = {
    guide: { ...latest.guide, version: '99.0.0' },
    resources: [
      {
        resourceType: 'SearchParameter',
        url: `${usCore}/SearchParameter/goal-note`,
        code: 'note-text',
        base: ['Goal'],
        type: 'string',
        expression: 'Goal.note.text',
      },
      {
        resourceType: 'SearchParameter',
        url: `${usCore}/SearchParameter/us-core-goal-description`,
        code: 'description',
        base: ['Goal'],
        type: 'token',
        expression: 'Goal.description | Goal.category',
      },
      { resourceType: 'StructureDefinition', url: profile },
      {
        resourceType: 'CapabilityStatement',
        url: `${usCore}/CapabilityStatement/us-core-server`,
        rest: [{ resource: [{ type: 'Goal', supportedProfile: [profile] }] }],
      },
    ] as PackagedResource[],
  };
  const after = makeDefinitions([...packages, next], definitions);

  it('comes with its search parameters and profiles, beside those of the version before', () => {
    expect(changesBetween(indexRules(definitions), indexRules(after))).toEqual({
      added: ['Goal?note-text'],
      redefined: ['Goal?description'],
      gone: [],
      typesToReindex: ['Goal'],
    });
    const served = packages.filter(({ guide }) => guide.id === 'us-core');
    expect(after.types.Goal!.profiles).toEqual([
      ...served.map(({ guide }) => `${profile}|${guide.version}`),
      `${profile}|99.0.0`,
    ]);
    expect(after.types.Goal!.parameters['note-text']).toMatchObject({
      expression: 'Goal.note.text',
      from: 'US Core',
    });
    const { Goal: _goal, ...others } = after.types;
    const { Goal: _before, ...same } = definitions.types;
    expect(others).toEqual(same);
  });

  it('keeps all numbers, also when it goes and comes again', () => {
    const gone = makeDefinitions(packages, after);
    expect(changesBetween(indexRules(after), indexRules(gone)).gone).toEqual(['Goal?note-text']);
    const again = makeDefinitions([...packages, next], gone);
    const numberIn = ({ types }: typeof after) => types.Goal!.parameters['note-text']!.number;
    expect(numberIn(again)).toBe(numberIn(after));
    const numbers = Object.values(again.types.Goal!.parameters).map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [type, { number }] of Object.entries(definitions.types))
      expect(again.types[type]!.number).toBe(number);
  });

  it('is in no profile after it has gone', () => {
    const { profiles } = makeDefinitions(packages, after).types.Goal!;
    expect(profiles).toContain(`${profile}|${latest.guide.version}`);
    expect(profiles.filter((one) => one.endsWith('|99.0.0'))).toEqual([]);
  });
});

describe('the list of must-support elements', () => {
  const listOf = (id: string, ...names: string[]) => {
    const { guide, resources } = packages.findLast((one) => one.guide.id === id)!;
    return mustSupportList(
      guide,
      resources,
      new Set(names.map((name) => `${guide.canonical}/StructureDefinition/${name}`)),
    );
  };

  it('has elements, extensions and slices with the codes that distinguish them', () => {
    const list = listOf('drug-formulary', 'usdf-PayerInsurancePlan', 'usdf-FormularyItem');
    expect(list).toContain('`extension` (usdf-DrugTierID-extension)');
    expect(list).toContain('`plan:drug-plan.specificCost.category`');
    expect(list).toMatch(/`InsurancePlan\.coverage:drug-coverage` \{path=type, code=DRUGPOL, system=/);
  });

  it('counts the additional USCDI elements of US Core', () => {
    const list = listOf('us-core', 'us-core-patient', 'us-core-specimen');
    expect(list).toContain('`extension` (us-core-race)');
    expect(list).toContain('`collection.bodySite`');
  });

  it('is committed for each version of the table', () => {
    for (const { guide } of packages)
      expect(readFileSync(new URL(`must-support/${guide.file}.md`, dataFolder), 'utf8')).toContain(
        `${guide.canonical}/StructureDefinition/`,
      );
  });
});
