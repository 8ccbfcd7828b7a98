import { typeDefinition } from '../definitions/definitions.js';
import { containedResources, withAddresses } from '../index/contained.js';
import { indexKey } from '../index/keys.js';
import { labelsOf } from '../index/labels.js';
import { isBinary, isTypeAndId, localReference } from '../index/references.js';
import { IndexEntries, type IndexValues } from '../index/row.js';
import type { CompiledParameter, ParameterType } from './parameter-type.js';
import { parameterTypeOf } from './parameter-types.js';
import { pathExpression } from './path-expression.js';
import { isObject, type Json } from './values.js';

type IndexedParameter = CompiledParameter & {
  parameterType: ParameterType;
  /** Whether the expression may end at an extension, whose value is meant. */
  findsExtensions: boolean;
};

/** The parameters of a type, by the members that they need. */
interface TypeParameters {
  parameters: readonly IndexedParameter[];
  /** Places of the parameters that may have a value where a resource has the member. */
  byMember: ReadonlyMap<string, readonly number[]>;
  /** 1 at the place of a parameter that may have a value in any resource. */
  always: Uint8Array;
  /** 1 at the place of each parameter that may have a value in the resource at hand. */
  due: Uint8Array;
}

const compiled = new Map<string, TypeParameters>();

function parametersOf(type: string): TypeParameters {
  let known = compiled.get(type);
  if (!known) compiled.set(type, (known = compile(type)));
  return known;
}

function compile(type: string): TypeParameters {
  const byMember = new Map<string, number[]>();
  const always: number[] = [];
  const parameters = Object.values(typeDefinition(type).parameters)
    // `_id` and `_lastUpdated` have columns.
    .filter(({ code }) => code !== '_id' && code !== '_lastUpdated')
    // All objects have the same members, whatever a definition omits. Otherwise V8 compiles the loop again
    // for each shape.
    .map(({ code, number, type: kind, system, expression, components = [] }, place) => {
      const path = pathExpression(expression, type);
      const parts = components.map((component) => ({
        definition: component,
        ...pathExpression(component.expression, undefined),
      }));
      // A pair needs both of its parts; the value is rarer than the code. A pair of the resource itself has
      // them as the resource's own members.
      const members = expression === type ? parts.at(-1)?.members : path.members;
      for (const member of members ?? []) byMember.set(member, [...(byMember.get(member) ?? []), place]);
      always.push(members ? 0 : 1);
      return {
        parameterType: parameterTypeOf({ code, type: kind }),
        definition: { number, type: kind, system },
        extract: path.extract,
        findsExtensions: /extension/i.test(expression),
        components: parts.map(({ definition, extract }) => ({ definition, extract })),
      };
    });
  return { parameters, byMember, always: new Uint8Array(always), due: new Uint8Array(always.length) };
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
  const { parameters, byMember, always, due } = parametersOf(String(resource.resourceType));
  // Most parameters of a type have no value in most resources. Looking for a value in vain costs as much as
  // finding one.
  due.set(always);
  for (const member in resource) for (const place of byMember.get(member) ?? none) due[place] = 1;
  for (let place = 0; place < due.length; place++)
    if (due[place] === 1) addValues(entries, parameters[place]!, resource);
  return entries.values;
}

const none: readonly number[] = [];

function addValues(entries: IndexEntries, parameter: IndexedParameter, resource: Json): void {
  const extracted = parameter.extract(resource);
  if (extracted.length === 0) return;
  const { number, type } = parameter.definition;
  // A composite has a value only where both of its parts have one, so `:missing` does not apply to it.
  if (type !== 'composite') entries.addKey(indexKey.present(number));
  const held = parameter.findsExtensions ? extracted.map(heldValue) : extracted;
  parameter.parameterType.index(entries, parameter, held);
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
