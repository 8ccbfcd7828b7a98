import { describe, expect, it } from 'vitest';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import type { FhirResource, Provenance } from 'fhir/r4.js';
import { readPackage, typeDefinition } from '@payer/fhir-store/definitions';
import { resourceTypesOfPlan, indexedTypes, servedGuides } from '@payer/smart';
import { generate } from '@payer/synthetic';

/*
 * Certification kits walk the guides' tables: each profile, each search parameter, each combination, each
 * include. A kit skips what no resource of the sandbox shows. So every row of the tables has to be shown by
 * one.
 */

const data = [...generate({ environment: 'sandbox' })].map(
  (resource) => JSON.parse(JSON.stringify(resource)) as FhirResource,
);
const of = (type: string) => data.filter(({ resourceType }) => resourceType === type);
const key = ({ resourceType, id }: FhirResource) => `${resourceType}/${id}`;
const known = new Map(data.map((resource) => [key(resource), resource]));

interface CapabilityStatement {
  resourceType: string;
  url: string;
  rest?: {
    mode: string;
    resource?: {
      type: string;
      supportedProfile?: string[];
      searchParam?: { name: string }[];
      searchInclude?: string[];
      searchRevInclude?: string[];
    }[];
  }[];
}

const capabilities = (
  await Promise.all(
    servedGuides.map(async ({ file, profiles, canonical, version }) => {
      const archive = new URL(`../../../data/igs/${file}.tgz`, import.meta.url);
      const statements = (await readPackage(archive)) as unknown as CapabilityStatement[];
      // Of a guide of which some profiles are served, the table of guides names those.
      const isServed = (profile: string) =>
        profiles === 'all' ||
        profiles.some((name) => profile.startsWith(`${canonical}/StructureDefinition/${name}`));
      const versioned = (profile: string) => (profile.includes('|') ? profile : `${profile}|${version}`);
      return statements.map((statement) => ({
        ...statement,
        rest: statement.rest?.map((rest) => ({
          ...rest,
          resource: rest.resource?.map((resource) => ({
            ...resource,
            supportedProfile: resource.supportedProfile?.filter(isServed).map(versioned),
            // The formulary's statement leaves the type of an include out.
            searchInclude: resource.searchInclude?.map((include) =>
              include.includes(':') ? include : `${resource.type}:${include}`,
            ),
          })),
        })),
      }));
    }),
  )
)
  .flat()
  .filter(({ resourceType, url }) => resourceType === 'CapabilityStatement' && !url.includes('client'))
  .flatMap(({ rest }) => rest ?? [])
  .flatMap(({ resource }) => resource ?? [])
  .filter(({ type }) => (indexedTypes as readonly string[]).includes(type));

const compiled = new Map<string, (resource: FhirResource) => unknown[]>();

/** Whether a resource has a value for a search parameter. */
function hasValue(resource: FhirResource, code: string): boolean {
  if (code === '_id' || code === '_lastUpdated') return true;
  const definition = typeDefinition(resource.resourceType).parameters[code];
  if (!definition) throw new Error(`${resource.resourceType}?${code} has no definition`);
  const { expression } = definition;
  let find = compiled.get(expression);
  if (!find) {
    // References are followed by their text: the type of a target is in it.
    const plain = expression.replace(
      /\.where\(resolve\(\) is (\w+)\)/g,
      ".where(reference.startsWith('$1/'))",
    );
    find = fhirpath.compile(plain, r4) as (resource: FhirResource) => unknown[];
    compiled.set(expression, find);
  }
  return find(resource).length > 0;
}

/** Profiles that no resource names, because it names a profile that is derived from them. */
const parents = new Set([
  'http://hl7.org/fhir/us/core/StructureDefinition/us-core-vital-signs',
  'http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-ExplanationOfBenefit',
]);

describe('no row of a kit would be skipped', () => {
  it('every profile of the capability statements has a resource of its version', () => {
    const claimed = new Set(data.flatMap(({ meta }) => meta?.profile ?? []));
    const wanted = capabilities
      .flatMap(({ supportedProfile }) => supportedProfile ?? [])
      .filter((profile) => !parents.has(profile.replace(/\|.*/, '')));
    expect(wanted.length).toBeGreaterThan(50);
    expect(wanted.filter((profile) => !claimed.has(profile))).toEqual([]);
  });

  it('every resource names its profiles with served versions, and US Core profiles in each version', () => {
    const versions = new Map(servedGuides.map(({ canonical }) => [canonical, [] as string[]]));
    for (const { canonical, version } of servedGuides) versions.get(canonical)!.push(version);
    const defined = new Set(capabilities.flatMap(({ supportedProfile }) => supportedProfile ?? []));
    const wrong = data.flatMap(({ resourceType, id, meta }) => {
      const named = meta?.profile ?? [];
      return [...versions].flatMap(([canonical, served]) => {
        const own = named.filter((profile) => profile.startsWith(`${canonical}/`));
        const expected = [...new Set(own.map((profile) => profile.split('|')[0]!))].flatMap((profile) =>
          served.length === 1
            ? [`${profile}|${served[0]}`]
            : served.map((version) => `${profile}|${version}`).filter((one) => defined.has(one)),
        );
        const isNamed = expected.every((profile) => named.includes(profile)) && expected.length <= own.length;
        return isNamed ? [] : [`${resourceType}/${id}: ${own.join(' ')}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it('every search parameter of the capability statements has a value', () => {
    const wanted = new Set(
      capabilities.flatMap(({ type, searchParam }) =>
        (searchParam ?? []).map(({ name }) => `${type}?${name}`),
      ),
    );
    expect(wanted.size).toBeGreaterThan(150);
    const missing = [...wanted].filter((row) => {
      const [type = '', code = ''] = row.split('?');
      return !of(type).some((resource) => hasValue(resource, code));
    });
    expect(missing).toEqual([]);
  });

  it('every combination of search parameters has a resource with values for all of them', () => {
    const missing = indexedTypes.flatMap((type) =>
      typeDefinition(type)
        .combinations.filter(
          (codes) => !of(type).some((resource) => codes.every((code) => hasValue(resource, code))),
        )
        .map((codes) => `${type}?${codes.join('&')}`),
    );
    expect(missing).toEqual([]);
  });

  it('every include leads to a resource', () => {
    const wanted = capabilities
      .flatMap(({ searchInclude }) => searchInclude ?? [])
      .filter((include) => !include.endsWith('*'));
    expect(wanted.length).toBeGreaterThan(20);
    const missing = [...new Set(wanted)].filter((include) => {
      const [type = '', code = '', target] = include.split(':');
      const { expression } = typeDefinition(type).parameters[code]!;
      const find = fhirpath.compile(`(${expression}).reference`, r4);
      return !of(type).some((resource) =>
        // An extension holds its reference as a value.
        [...(find(resource) as string[]), ...referencesIn(resource)].some(
          (reference) =>
            typeof reference === 'string' &&
            known.has(reference) &&
            (target === undefined || reference.startsWith(`${target}/`)),
        ),
      );
    });
    expect(missing).toEqual([]);
  });

  it('every resource of a member has a Provenance that names the payer as transmitter', () => {
    const payer = data.find(
      (resource) => resource.resourceType === 'Organization' && resource.name === 'Example Health Plan',
    )!;
    const targets = new Set(
      of('Provenance').flatMap((resource) => {
        const { target, agent } = resource as Provenance;
        const transmits = agent.some(
          ({ type, who }) => type?.coding?.[0]?.code === 'transmitter' && who.reference === key(payer),
        );
        return transmits ? target.map(({ reference }) => reference) : [];
      }),
    );
    const ofMembers = data.slice(data.findIndex(({ resourceType }) => resourceType === 'Patient'));
    const missing = ofMembers.filter(
      (resource) => resource.resourceType !== 'Provenance' && !targets.has(key(resource)),
    );
    expect(ofMembers.length).toBeGreaterThan(2000);
    expect(missing.map(key)).toEqual([]);
  });
});

/** The references of a resource, as `Type/id`. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    name === 'reference' && typeof item === 'string' ? [item] : referencesIn(item),
  );
}

it('no reference of a resource that a member reads is of a type that the plan of members may not read', () => {
  const types = resourceTypesOfPlan['patient-access'] as ReadonlySet<string>;
  const typeOf = (reference: string) => reference.split('/')[0]!;
  const first = data.findIndex(({ resourceType }) => resourceType === 'Patient');
  const own = data.slice(first);
  const pointedAt = [...new Set(own.flatMap(referencesIn))]
    .map((reference) => known.get(reference))
    .filter((resource) => resource !== undefined);
  const refused = [...own, ...pointedAt].flatMap((resource) =>
    referencesIn(resource)
      .filter((reference) => !reference.startsWith('#') && !types.has(typeOf(reference)))
      .map((reference) => `${resource.resourceType} to ${typeOf(reference)}`),
  );
  // Plan-Net's services are of the provider directory alone, as the table of plans in the design has it.
  expect([...new Set(refused)]).toEqual(['PractitionerRole to HealthcareService']);
});
