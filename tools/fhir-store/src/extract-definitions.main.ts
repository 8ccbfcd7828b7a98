/**
 * Makes `libs/fhir-store/data/search-definitions.json`: SearchParameters, profiles, includes and combinations
 * of R4 and the guides, reduced to the resource types we serve. Run it with `npm run -w
 * @payer/fhir-store-tools definitions` when a guide's package changes. Numbers given before are kept, because
 * stored rows speak of them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { guideFile, guideIds, guides } from '@payer/smart';
import {
  partsAbout,
  readPackage,
  readR4,
  type ComponentDefinition,
  type Definitions,
  type ParameterDefinition,
  type SearchParameterType,
  type TypeDefinition,
} from '@payer/fhir-store/definitions';
import { Numbering } from './numbering.js';
import { memberReferencedTypes, patientCompartmentTypes, searchedTypes } from '@payer/smart';

interface SearchParameter {
  resourceType: 'SearchParameter';
  url: string;
  code: string;
  base: string[];
  type: SearchParameterType;
  expression?: string;
  description?: string;
  target?: string[];
  chain?: string[];
  component?: { definition: string; expression: string }[];
}
interface CapabilityResource {
  type: string;
  supportedProfile?: string[];
  searchInclude?: string[];
  searchRevInclude?: string[];
  extension?: { url: string; extension?: { url: string; valueString?: string }[] }[];
}
interface ElementDefinition {
  path: string;
  min?: number;
  isModifier?: boolean;
  isSummary?: boolean;
  type?: { code: string }[];
  contentReference?: string;
  binding?: { strength: string; valueSet?: string };
}

const dataFile = new URL('../../../libs/fhir-store/data/search-definitions.json', import.meta.url);
/** Defined by R4 but not something this server does: full text, named queries, matching by sound. */
const notOffered = new Set(['_text', '_content', '_query', 'phonetic']);
/** R4 4.0.1 swaps the two components of this composite: the expression `code` stands beside the reference. */
const swappedComponents = new Set(['http://hl7.org/fhir/SearchParameter/DocumentReference-relationship']);

const baseParameters = readR4<SearchParameter>('SearchParameter');
const structures = new Map(
  readR4<{ name: string; snapshot: { element: ElementDefinition[] } }>('StructureDefinition').map(
    ({ name, snapshot }) => [name, snapshot.element] as const,
  ),
);
const valueSets = new Map(
  readR4<{ url: string; compose: { include: { system?: string }[] } }>('ValueSet').map(
    (valueSet) => [valueSet.url, valueSet] as const,
  ),
);

const packages = await Promise.all(
  guideIds.map(async (id) => ({
    name: guides[id].name,
    profiles: guides[id].profiles as 'all' | readonly string[],
    resources: await readPackage(new URL(`../../../data/igs/${guideFile(id)}.tgz`, import.meta.url)),
  })),
);
const guideParameters = packages.flatMap(({ name, resources }) =>
  resources
    .filter((resource): resource is SearchParameter => resource.resourceType === 'SearchParameter')
    .map((parameter) => ({ name, parameter })),
);
const byUrl = new Map(
  [...baseParameters, ...guideParameters.map(({ parameter }) => parameter)].map((p) => [p.url, p] as const),
);
const previous: Definitions | undefined = existsSync(dataFile)
  ? (JSON.parse(readFileSync(dataFile, 'utf8')) as Definitions)
  : undefined;

/** The code system of a `code` element with a required binding to a value set of one system. */
function impliedSystem(type: string, expression: string): string | undefined {
  const elements = structures.get(type) ?? [];
  const systems = expression.split('|').flatMap((path) => {
    const element = elements.find((candidate) => candidate.path === path.trim());
    if (element?.type?.[0]?.code !== 'code' || element.binding?.strength !== 'required') return [];
    const include =
      valueSets.get((element.binding.valueSet ?? '').replace(/\|.*/, ''))?.compose?.include ?? [];
    return include.length === 1 && include[0]?.system ? [include[0].system] : [];
  });
  return systems[0];
}

function components(parameter: SearchParameter): ComponentDefinition[] | undefined {
  if (!parameter.component) return undefined;
  const parts = parameter.component.map(({ definition, expression }) => {
    const component = byUrl.get(definition);
    if (!component) throw new Error(`${parameter.url}: no definition of component ${definition}`);
    const targets = component.target?.filter((target) => searchedTypes.includes(target as never));
    return {
      code: component.code,
      type: component.type,
      // R4 writes the primitive type with a capital here.
      expression: expression.replace('ofType(DateTime)', 'ofType(dateTime)'),
      ...(component.type === 'reference' && targets ? { targets } : {}),
    };
  });
  if (!swappedComponents.has(parameter.url)) return parts;
  const [first, second] = parts as [ComponentDefinition, ComponentDefinition];
  return [
    { ...second, expression: first.expression },
    { ...first, expression: second.expression },
  ];
}

/** What a part of a resource always keeps. */
const isAlwaysKept = ({ min, isModifier }: ElementDefinition) => (min ?? 0) > 0 || isModifier === true;

/** The names that an element has in JSON, with its type: `value[x]` has one for each. */
function environmentsOf({
  path,
  type: types = [],
}: ElementDefinition): { name: string; code: string | undefined }[] {
  const name = path.slice(path.lastIndexOf('.') + 1);
  if (!name.endsWith('[x]')) return [{ name, code: types[0]?.code }];
  return types.map(({ code }) => ({
    name: name.slice(0, -3) + code.charAt(0).toUpperCase() + code.slice(1),
    code,
  }));
}

/**
 * Paths at and below an element of the summary that are not in the summary themselves.
 * @param around data types that it lies in
 */
function notInSummaryBelow(element: ElementDefinition, around: readonly string[]): string[][] {
  return environmentsOf(element).flatMap(({ name, code }) => {
    const isBackbone = code === 'BackboneElement' || code === 'Element';
    // Identifier.assigner is a Reference, which has an Identifier.
    if (!isBackbone && around.includes(code ?? '')) return [];
    // A primitive has nothing below it that JSON writes as a member.
    if (!element.contentReference && !/^[A-Z]/.test(code ?? '')) return [];
    const parent = element.contentReference?.slice(1) ?? (isBackbone ? element.path : (code ?? ''));
    const children = (structures.get(parent.split('.')[0] ?? '') ?? []).filter(
      ({ path }) =>
        path.startsWith(`${parent}.`) &&
        !path.slice(parent.length + 1).includes('.') &&
        !['id', 'extension', 'modifierExtension'].includes(path.slice(parent.length + 1)),
    );
    return children
      .flatMap((child) =>
        child.isSummary || isAlwaysKept(child)
          ? notInSummaryBelow(child, isBackbone ? around : [...around, code ?? ''])
          : environmentsOf(child).map((left) => [left.name]),
      )
      .map((below) => [name, ...below]);
  });
}

/** The statement about a type without the profiles that are not served. */
function onlyServed(statement: CapabilityResource, profiles: 'all' | readonly string[]): CapabilityResource {
  if (profiles === 'all') return statement;
  return {
    ...statement,
    supportedProfile: statement.supportedProfile?.filter((profile) =>
      profiles.includes(profile.slice(profile.lastIndexOf('/') + 1)),
    ),
  };
}

function define(type: string): TypeDefinition {
  const old = previous?.types[type];
  const parameters: Record<string, ParameterDefinition> = {};
  const numbering = new Numbering(old);

  const add = (parameter: SearchParameter, from: string): void => {
    if (notOffered.has(parameter.code) || (parameter.type === 'special' && parameter.code !== 'near')) return;
    const expression = partsAbout(type, parameter.expression ?? '');
    if (!expression) return;
    const before = parameters[parameter.code];
    const targets =
      parameter.type === 'reference'
        ? (parameter.target ?? []).filter((target) => searchedTypes.includes(target as never))
        : undefined;
    const others = (parameter.type === 'reference' ? (parameter.target ?? []) : []).filter(
      (target) => !searchedTypes.includes(target as never),
    );
    // A path that ends in `resolve() is Type` has no other targets than that; where any type may be, it has
    // to be named.
    const otherTargets = expression.includes('resolve() is') || others.length > 30 ? [] : others;
    const chains = [...new Set([...(before?.chains ?? []), ...(parameter.chain ?? [])])];
    const system = parameter.type === 'token' ? impliedSystem(type, expression) : undefined;
    const parts = components(parameter);
    parameters[parameter.code] = {
      code: parameter.code,
      type: parameter.type,
      expression,
      url: parameter.url,
      from,
      description: describe(type, parameter.description ?? ''),
      number: before?.number ?? numbering.numberOf(parameter.code),
      ...(parameter.type === 'date' ? { slot: before?.slot ?? numbering.slotOf(parameter.code) } : {}),
      ...(targets ? { targets } : {}),
      ...(otherTargets.length ? { otherTargets } : {}),
      ...(chains.length ? { chains } : {}),
      ...(system ? { system } : {}),
      ...(parts ? { components: parts } : {}),
    };
  };
  const concerns = ({ base }: SearchParameter) =>
    base.includes(type) || base.includes('Resource') || base.includes('DomainResource');
  for (const parameter of baseParameters.filter(concerns)) add(parameter, 'R4');
  for (const { name, parameter } of guideParameters) if (concerns(parameter)) add(parameter, name);

  const capabilities = packages.flatMap(({ resources, profiles }) =>
    resources
      .filter(
        (resource) => resource.resourceType === 'CapabilityStatement' && !resource.url?.includes('client'),
      )
      .flatMap((statement) => {
        const { rest } = statement as unknown as { rest: { resource: CapabilityResource[] }[] };
        return rest.flatMap(({ resource }) =>
          resource
            .filter((r) => r.type === type)
            .map((r) => onlyServed(r, profiles))
            .filter((r) => profiles === 'all' || r.supportedProfile?.length),
        );
      }),
  );
  const unique = (values: string[]) => [...new Set(values)];
  const elements = (structures.get(type) ?? []).filter(({ path }) => path.split('.').length === 2);
  const names = (chosen: ElementDefinition[]) =>
    chosen.flatMap((element) => environmentsOf(element).map(({ name }) => name));
  const guideTypes = new Set([...searchedTypes] as string[]);
  const served = (include: string) => {
    const [source, , target] = include.split(':');
    return guideTypes.has(source ?? '') && (!target || guideTypes.has(target));
  };
  return {
    number: old?.number ?? 0,
    profiles: unique(capabilities.flatMap(({ supportedProfile }) => supportedProfile ?? [])),
    parameters: Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))),
    retired: numbering.retired(new Set(Object.keys(parameters))),
    includes: unique(capabilities.flatMap(({ searchInclude }) => searchInclude ?? [])).filter(served),
    revincludes: unique(capabilities.flatMap(({ searchRevInclude }) => searchRevInclude ?? [])).filter(
      served,
    ),
    combinations: capabilities.flatMap(({ extension }) =>
      (extension ?? [])
        .filter(({ url }) => url.endsWith('capabilitystatement-search-parameter-combination'))
        .map((combination) =>
          (combination.extension ?? [])
            .filter(({ url }) => url === 'required' || url === 'optional')
            .map(({ valueString }) => valueString ?? ''),
        ),
    ),
    summary: names(elements.filter(({ isSummary }) => isSummary)),
    notInSummary: elements
      .filter(
        (element) =>
          (element.isSummary || isAlwaysKept(element)) && !/\.(meta|modifierExtension)$/.test(element.path),
      )
      .flatMap((element) => notInSummaryBelow(element, []).map((below) => below.join('.'))),
    mandatory: names(elements.filter(isAlwaysKept)),
  };
}

/**
 * R4 joins the descriptions of a shared parameter as `* [Type](type.html): text`; the type's own is wanted.
 */
function describe(type: string, description: string): string {
  const own = new RegExp(`\\* \\[${type}\\]\\([^)]*\\): ([^\\r\\n]*)`).exec(description)?.[1];
  return (own ?? description.replace(/^Multiple Resources:\s*/, '')).replace(/\s+/g, ' ').trim();
}

const [compartment] = readR4<{ resource: { code: string; param?: string[] }[] }>('CompartmentDefinition');
if (!compartment) throw new Error('data/r4 holds no CompartmentDefinition');

const types: Record<string, TypeDefinition> = Object.fromEntries(
  searchedTypes.map((type) => [type, define(type)]),
);
// The number of a type that is not loaded any more is not given again either.
let lastTypeNumber = Math.max(
  previous?.lastTypeNumber ?? 0,
  ...Object.values(types).map(({ number }) => number),
);
for (const type of Object.values(types)) if (type.number === 0) type.number = ++lastTypeNumber;

const result: Definitions = {
  types,
  lastTypeNumber,
  // R4 names no parameter for a Device: it belongs to the owner of what it references.
  patientCompartment: Object.fromEntries(
    patientCompartmentTypes.map((type) => [
      type,
      compartment.resource.find(({ code }) => code === type)?.param ?? [],
    ]),
  ),
  referencedTypes: [...memberReferencedTypes],
};
writeFileSync(dataFile, `${JSON.stringify(result, null, 1)}\n`);
const count = Object.values(types).reduce((sum, { parameters }) => sum + Object.keys(parameters).length, 0);
process.stdout.write(`${count} search parameters of ${Object.keys(types).length} resource types\n`);
