import { memberReferencedTypes, patientCompartmentTypes, indexedTypes } from '@payer/smart';
import {
  partsAbout,
  readR4,
  type ComponentDefinition,
  type Definitions,
  type ParameterDefinition,
  type SearchParameterType,
  type TypeDefinition,
} from '@payer/fhir-store/definitions';
import { capabilitiesOf, type GuidePackage } from './guide-packages.js';
import { Numbering } from './numbering.js';
import { choicesOf, elementNames, elementsOf, isAlwaysKept, notInSummaryBelow } from './summary-elements.js';

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

const [compartment] = readR4<{ resource: { code: string; param?: string[] }[] }>('CompartmentDefinition');
if (!compartment) throw new Error('data/r4 holds no CompartmentDefinition');
/** The parameters by which R4 counts a type to the Patient compartment. */
const takenInBy = (type: string) => compartment.resource.find(({ code }) => code === type)?.param ?? [];

/** Defined by R4 but not something this server does: full text, named queries, matching by sound. */
const notOffered = new Set(['_text', '_content', '_query', 'phonetic']);
/** R4 4.0.1 swaps the two components of this composite: the expression `code` stands beside the reference. */
const swappedComponents = new Set(['http://hl7.org/fhir/SearchParameter/DocumentReference-relationship']);

const isOfMembers = (type: string) => (patientCompartmentTypes as readonly string[]).includes(type);
const isSearched = (type: string) => (indexedTypes as readonly string[]).includes(type);

/** Whether R4 counts the type to the Patient compartment and it is served as public data alone. */
const isPublicOnly = (type: string) => !isOfMembers(type) && takenInBy(type).length > 0;

/** Whether a reference may lead to the target. The loader refuses public data that leads to a member. */
const isServedTarget = (type: string, target: string) =>
  isSearched(target) && !(isPublicOnly(type) && isOfMembers(target));

const baseParameters = readR4<SearchParameter>('SearchParameter');
const valueSets = new Map(
  readR4<{ url: string; compose: { include: { system?: string }[] } }>('ValueSet').map(
    (valueSet) => [valueSet.url, valueSet] as const,
  ),
);

/** The code system of a `code` element with a required binding to a value set of one system. */
function impliedSystem(type: string, expression: string): string | undefined {
  const elements = elementsOf(type);
  const systems = expression.split('|').flatMap((path) => {
    const element = elements.find((candidate) => candidate.path === path.trim());
    if (element?.type?.[0]?.code !== 'code' || element.binding?.strength !== 'required') return [];
    const include =
      valueSets.get((element.binding.valueSet ?? '').replace(/\|.*/, ''))?.compose?.include ?? [];
    return include.length === 1 && include[0]?.system ? [include[0].system] : [];
  });
  return systems[0];
}

/** @param byUrl every SearchParameter, by its canonical */
function components(
  parameter: SearchParameter,
  byUrl: ReadonlyMap<string, SearchParameter>,
): ComponentDefinition[] | undefined {
  if (!parameter.component) return undefined;
  const parts = parameter.component.map(({ definition, expression }) => {
    const component = byUrl.get(definition);
    if (!component) throw new Error(`${parameter.url}: no definition of component ${definition}`);
    const targets = component.target?.filter(isSearched);
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

/** The packages, with what every type takes from them. */
interface Sources {
  /** SearchParameters with the name of their origin; a later one of the same code wins. */
  parameters: readonly { from: string; parameter: SearchParameter }[];
  byUrl: ReadonlyMap<string, SearchParameter>;
  capabilities: ReturnType<typeof capabilitiesOf>;
}

function sourcesOf(packages: readonly GuidePackage[]): Sources {
  const parameters = [
    ...baseParameters.map((parameter) => ({ from: 'R4', parameter })),
    ...packages.flatMap(({ guide, resources }) =>
      resources
        .filter((resource): resource is SearchParameter => resource.resourceType === 'SearchParameter')
        .map((parameter) => ({ from: guide.name, parameter })),
    ),
  ];
  return {
    parameters,
    byUrl: new Map(parameters.map(({ parameter }) => [parameter.url, parameter] as const)),
    capabilities: capabilitiesOf(packages),
  };
}

function define(type: string, sources: Sources, old: TypeDefinition | undefined): TypeDefinition {
  const parameters: Record<string, ParameterDefinition> = {};
  const numbering = new Numbering(old);
  /** The targets that the definitions so far declare, by code: a guide's definition may omit them. */
  const declared = new Map<string, readonly string[]>();

  const add = (parameter: SearchParameter, from: string): void => {
    if (notOffered.has(parameter.code) || (parameter.type === 'special' && parameter.code !== 'near')) return;
    const expression = partsAbout(type, parameter.expression ?? '');
    if (!expression) return;
    const before = parameters[parameter.code];
    const isReference = parameter.type === 'reference';
    const declaredTargets = parameter.target ?? declared.get(parameter.code) ?? [];
    declared.set(parameter.code, declaredTargets);
    const targets = isReference
      ? declaredTargets.filter((target) => isServedTarget(type, target))
      : undefined;
    const others = isReference ? declaredTargets.filter((target) => !isSearched(target)) : [];
    // A path that ends in `resolve() is Type` has no other targets than that; where any type may be, it has
    // to be named.
    const otherTargets = expression.includes('resolve() is') || others.length > 30 ? [] : others;
    const chains = [...new Set([...(before?.chains ?? []), ...(parameter.chain ?? [])])];
    const system = parameter.type === 'token' ? impliedSystem(type, expression) : undefined;
    const parts = components(parameter, sources.byUrl);
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
  for (const { from, parameter } of sources.parameters) if (concerns(parameter)) add(parameter, from);

  const capabilities = sources.capabilities.filter((resource) => resource.type === type);
  const unique = (values: string[]) => [...new Set(values)];
  const elements = elementsOf(type).filter(({ path }) => path.split('.').length === 2);
  const served = (include: string) => {
    const [source = '', , target] = include.split(':');
    return isSearched(source) && (!target || isSearched(target));
  };
  const combinations = capabilities.flatMap(({ extension }) =>
    (extension ?? [])
      .filter(({ url }) => url.endsWith('capabilitystatement-search-parameter-combination'))
      .map((combination) =>
        (combination.extension ?? [])
          .filter(({ url }) => url === 'required' || url === 'optional')
          .map(({ valueString }) => valueString ?? ''),
      ),
  );
  return {
    number: old?.number ?? 0,
    profiles: unique(capabilities.flatMap(({ supportedProfile }) => supportedProfile ?? [])),
    parameters: Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))),
    retired: numbering.retired(new Set(Object.keys(parameters))),
    includes: unique(capabilities.flatMap(({ searchInclude }) => searchInclude ?? [])).filter(served),
    revincludes: unique(capabilities.flatMap(({ searchRevInclude }) => searchRevInclude ?? [])).filter(
      served,
    ),
    combinations: [...new Map(combinations.map((codes) => [codes.join('&'), codes])).values()],
    summary: elementNames(elements.filter(({ isSummary }) => isSummary)),
    notInSummary: elements
      .filter(
        (element) =>
          (element.isSummary || isAlwaysKept(element)) && !/\.(meta|modifierExtension)$/.test(element.path),
      )
      .flatMap((element) => notInSummaryBelow(element, []).map((below) => below.join('.'))),
    mandatory: elementNames(elements.filter(isAlwaysKept)),
    elements: elementNames(elements),
    choices: choicesOf(elements),
  };
}

/**
 * R4 joins the descriptions of a shared parameter as `* [Type](type.html): text`; the type's own is wanted.
 */
function describe(type: string, description: string): string {
  const own = new RegExp(`\\* \\[${type}\\]\\([^)]*\\): ([^\\r\\n]*)`).exec(description)?.[1];
  return (own ?? description.replace(/^Multiple Resources:\s*/, '')).replace(/\s+/g, ' ').trim();
}

/**
 * SearchParameters, profiles, includes and combinations of R4 and the guides, reduced to the resource types
 * that are served.
 * @param previous the definitions so far. Their numbers are kept, because stored rows name them.
 */
export function makeDefinitions(
  packages: readonly GuidePackage[],
  previous: Definitions | undefined,
): Definitions {
  const sources = sourcesOf(packages);
  const types: Record<string, TypeDefinition> = Object.fromEntries(
    indexedTypes.map((type) => [type, define(type, sources, previous?.types[type])]),
  );
  // The number of a type that is not loaded any more is not given again either.
  let lastTypeNumber = Math.max(
    previous?.lastTypeNumber ?? 0,
    ...Object.values(types).map(({ number }) => number),
  );
  for (const type of Object.values(types)) if (type.number === 0) type.number = ++lastTypeNumber;
  return {
    types,
    lastTypeNumber,
    // R4 names no parameter for a Device: it belongs to the owner of what it references.
    patientCompartment: Object.fromEntries(patientCompartmentTypes.map((type) => [type, takenInBy(type)])),
    referencedTypes: [...memberReferencedTypes],
    publicOnly: indexedTypes.filter(isPublicOnly),
  };
}
