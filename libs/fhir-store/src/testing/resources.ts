import { generate } from '@payer/synthetic';
import { isServedType, typeDefinition, type ParameterDefinition } from '../definitions/definitions.js';
import { readPackage } from '../definitions/read-package.js';
import { guideArchive, guides, localTarget, valuesOf, type Resource, type Value } from './independent.js';
import { baseUrl } from './store.js';

/** Resources of one profile and one member that are enough: more of them are alike, and a page has 1,000. */
const enough = 40;

let examples: Promise<Resource[]> | undefined;

/**
 * The synthetic sandbox, and the examples of the three guides, without Binaries: no search finds these. The
 * test files of a process share the resources, so no test changes one.
 */
export async function exampleResources(): Promise<Resource[]> {
  return [...(await (examples ??= readExamples()))];
}

async function readExamples(): Promise<Resource[]> {
  const ofGuides = await Promise.all(
    guides.map((guide) => readPackage(guideArchive(guide), 'package/example')),
  );
  const synthetic = generate({ environment: 'sandbox' }) as Iterable<unknown> as Iterable<Resource>;
  const counts = new Map<string, number>();
  return [...synthetic, ...(ofGuides.flat() as unknown as Resource[])].filter((resource) => {
    if (!isServedType(resource.resourceType)) return false;
    const member = (resource.patient ?? resource.subject) as { reference?: string } | undefined;
    if (member?.reference === undefined) return true;
    const { profile } = (resource.meta ?? {}) as { profile?: string[] };
    const key = JSON.stringify([resource.resourceType, profile, member.reference]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts.get(key)! <= enough;
  });
}

/**
 * The values of a parameter in a resource, by the independent evaluation; `_id` and `_lastUpdated` are
 * parameters like any other.
 */
export const valuesIn = (definition: ParameterDefinition, resource: Resource): Value[] =>
  valuesOf(definition.url, resource);

export const referencesOf = (type: string): ParameterDefinition[] =>
  Object.values(typeDefinition(type).parameters).filter((definition) => definition.type === 'reference');

/**
 * For each reference parameter and each type it leads to, a copy of a resource that contains the target of
 * the original. (No patients: a contained one has no compartment.)
 */
export function containingResources(standing: readonly Resource[]): Resource[] {
  const byName = new Map(standing.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]));
  const copies = new Map<string, Resource>();
  for (const source of standing)
    for (const definition of referencesOf(source.resourceType))
      for (const value of valuesIn(definition, source)) {
        const target = byName.get(localTarget(value, baseUrl) ?? '');
        if (!target || target.resourceType === 'Patient' || !value.reference) continue;
        const kind = [source.resourceType, definition.code, target.resourceType].join('-');
        if (copies.has(kind)) continue;
        const { meta, ...inner } = target;
        const within = { ...inner, id: 'c1', meta: { ...meta, lastUpdated: undefined } };
        const pointing = JSON.stringify(source).replaceAll(
          `"reference":${JSON.stringify(value.reference)}`,
          '"reference":"#c1"',
        );
        copies.set(kind, { ...JSON.parse(pointing), id: `in-${kind}`, contained: [within] });
      }
  return [...copies.values()];
}
