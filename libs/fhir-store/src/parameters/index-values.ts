import { typeDefinition } from '../definitions/definitions.js';
import { containedResources, withAddresses } from '../index/contained.js';
import { indexKey } from '../index/keys.js';
import { labelsOf } from '../index/labels.js';
import { isBinary, isTypeAndId, localReference } from '../index/references.js';
import { IndexEntries, type IndexValues } from '../index/row.js';
import type { CompiledParameter, ParameterType } from './parameter-type.js';
import { parameterTypeOf } from './parameter-types.js';
import { extractor } from './path-expression.js';
import { isObject, type Json } from './values.js';

type IndexedParameter = CompiledParameter & {
  parameterType: ParameterType;
  /** Whether the expression may end at an extension, whose value is meant. */
  findsExtensions: boolean;
};

const compiled = new Map<string, IndexedParameter[]>();

function parametersOf(type: string): IndexedParameter[] {
  let parameters = compiled.get(type);
  if (!parameters) {
    parameters = Object.values(typeDefinition(type).parameters)
      // `_id` and `_lastUpdated` have columns.
      .filter(({ code }) => code !== '_id' && code !== '_lastUpdated')
      // All objects have the same members, whatever a definition omits. Otherwise V8 compiles the loop again
      // for each shape.
      .map(({ code, number, type: kind, system, expression, components = [] }) => ({
        parameterType: parameterTypeOf({ code, type: kind }),
        definition: { number, type: kind, system },
        extract: extractor(expression, type),
        findsExtensions: /extension/i.test(expression),
        components: components.map((component) => ({
          definition: component,
          extract: extractor(component.expression, undefined),
        })),
      }));
    compiled.set(type, parameters);
  }
  return parameters;
}

/** Facts about a resource from an earlier walk. */
export interface KnownOfResource {
  /** Number of members of objects, at all depths. */
  members: number;
  /** `reference` of each Reference, and `url` of each Attachment. */
  references: readonly string[];
}

/**
 * Extracts the index values of a resource by all SearchParameters of its type, and of each resource it
 * contains.
 */
export function indexValues(resource: Json, baseUrl: string, known?: KnownOfResource): IndexValues {
  const contained = containedResources(resource);
  const addressed = contained.length > 0 ? withAddresses(resource, contained) : resource;
  const values = ownValues(addressed, baseUrl);
  values.labels = labelsOf(resource);
  if (known) {
    values.members = known.members;
    const local = known.references.map((reference) => localReference(reference, baseUrl));
    values.references = [...new Set(local.filter(isTypeAndId))];
  } else values.references = [...localReferences(resource, values, baseUrl)];
  if (contained.length > 0)
    values.contained = containedResources(addressed).map(({ id, type, resource: one }) => ({
      id,
      type,
      values: ownValues(one, baseUrl),
    }));
  return values;
}

function ownValues(resource: Json, baseUrl: string): IndexValues {
  const entries = new IndexEntries(baseUrl);
  for (const parameter of parametersOf(String(resource.resourceType))) {
    const extracted = parameter.extract(resource);
    if (extracted.length === 0) continue;
    const { number, type } = parameter.definition;
    // A composite has a value only where both of its parts have one, so `:missing` does not apply to it.
    if (type !== 'composite') entries.addKey(indexKey.present(number));
    const held = parameter.findsExtensions ? extracted.map(heldValue) : extracted;
    parameter.parameterType.index(entries, parameter, held);
  }
  return entries.values;
}

/** The value of an extension: some guides' expressions end at the extension (Plan-Net's networks). */
function heldValue(value: unknown): unknown {
  if (!isObject(value) || typeof value.url !== 'string') return value;
  const name = Object.keys(value).find((key) => /^value[A-Z]/.test(key));
  return name === undefined ? value : value[name];
}

/** The references to resources of this server; counts the members on its way. */
function localReferences(
  value: unknown,
  values: IndexValues,
  baseUrl: string,
  found = new Set<string>(),
): Set<string> {
  if (Array.isArray(value)) for (const item of value) localReferences(item, values, baseUrl, found);
  else if (isObject(value))
    for (const key in value) {
      values.members += 1;
      const item = value[key];
      if (typeof item === 'object') localReferences(item, values, baseUrl, found);
      else if (key === 'reference' && typeof item === 'string') {
        const local = localReference(item, baseUrl);
        if (isTypeAndId(local)) found.add(local);
      } else if (key === 'url' && typeof item === 'string') {
        const local = localReference(item, baseUrl);
        if (isBinary(local)) found.add(local);
      }
    }
  return found;
}
