import type { ParameterDefinition } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import { indexKey, keyPrefix } from '../index/keys.js';
import { localReference } from '../index/references.js';
import { isOneOf, sortByKey } from './conditions.js';
import { missing } from './missing.js';
import { comparison, type ParameterType, type ValueFilter } from './parameter-type.js';
import { tokenAsked, tokenKeys } from './token.js';
import { isObject, unescape } from './values.js';

/* Parameters of type reference: References and canonicals (FHIR R4 §3.1.1.4.12). */

/** The index keys of a Reference, or of a canonical. */
export function referenceKeys(number: number, value: unknown, baseUrl: string): string[] {
  const keys: string[] = [];
  const target = isObject(value) ? value.reference : value;
  if (typeof target === 'string' && target !== '') {
    keys.push(indexKey.reference(number, localReference(target, baseUrl)));
    // A search finds a canonical with and without its version (FHIR R4 §3.1.1.4.13).
    if (!isObject(value) && target.includes('|'))
      keys.push(indexKey.reference(number, target.slice(0, target.indexOf('|'))));
  }
  if (isObject(value) && isObject(value.identifier)) keys.push(...tokenKeys({ number }, value.identifier));
  return keys;
}

/** The possible types of a reference that names no type. */
export const targetTypes = ({ targets = [], otherTargets = [] }: ParameterDefinition): string[] => [
  ...targets,
  ...otherTargets,
];

/**
 * The index keys of `id`, `Type/id` or an absolute URL.
 * @throws FhirError when modifier and value name different types
 */
function referenceAsked(
  { definition, modifier, name }: ValueFilter,
  value: string,
  baseUrl: string,
): string[] {
  const { number } = definition;
  const local = localReference(unescape(value), baseUrl);
  if (local.includes(':') || /^[A-Z][A-Za-z]+\//.test(local)) {
    const type = local.split('/')[0] as string;
    if (modifier !== undefined && type !== modifier)
      throw badParameter(name, `:${modifier} and the value "${value}" name different types`);
    return [indexKey.reference(number, local)];
  }
  return (modifier ? [modifier] : targetTypes(definition)).map((type) =>
    indexKey.reference(number, `${type}/${local}`),
  );
}

const identifierAsked = ({ definition: { number }, name }: ValueFilter, value: string): string =>
  tokenAsked({ number }, name, value);

export const reference: ParameterType = {
  index(entries, { definition }, found) {
    for (const value of found)
      for (const key of referenceKeys(definition.number, value, entries.baseUrl)) entries.addKey(key);
  },
  plain: comparison(1, (context, row, filter) =>
    isOneOf(
      context,
      row,
      filter.values.flatMap((value) => referenceAsked(filter, value, context.baseUrl)),
    ),
  ),
  modifiers: {
    identifier: comparison(1, (context, row, filter) =>
      isOneOf(
        context,
        row,
        filter.values.map((value) => identifierAsked(filter, value)),
      ),
    ),
    missing,
  },
  exactKey(filter, baseUrl) {
    const {
      modifier,
      values: [value = ''],
    } = filter;
    if (modifier === 'missing') return undefined;
    if (modifier === 'identifier') return identifierAsked(filter, value);
    const [key, ...others] = referenceAsked(filter, value, baseUrl);
    return others.length === 0 ? key : undefined;
  },
  sort: (row, parameter, end, statement) => sortByKey(row, keyPrefix.reference(parameter), end, statement),
};
