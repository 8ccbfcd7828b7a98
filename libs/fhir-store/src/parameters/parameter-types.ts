import type { ParameterDefinition, SearchParameterType } from '../definitions/definitions.js';
import { composite } from './composite.js';
import { date } from './date.js';
import { id } from './id.js';
import { lastUpdated } from './last-updated.js';
import { near } from './near.js';
import { number } from './number.js';
import type { Comparison, ParameterType, ValueFilter } from './parameter-type.js';
import { quantity } from './quantity.js';
import { reference } from './reference.js';
import { string } from './string.js';
import { token } from './token.js';
import { profile, uri } from './uri.js';

/** The types of search parameters (FHIR R4 search.html#ptypes). */
const byType: Record<SearchParameterType, ParameterType> = {
  number,
  date,
  string,
  token,
  reference,
  composite,
  quantity,
  uri,
  // The one special parameter of the definitions.
  special: near,
};

/** Parameters that differ from others of their type. */
const byCode: Readonly<Record<string, ParameterType>> = {
  _id: id,
  _lastUpdated: lastUpdated,
  _profile: profile,
};

export const parameterTypeOf = ({ code, type }: Pick<ParameterDefinition, 'code' | 'type'>): ParameterType =>
  Object.hasOwn(byCode, code) ? byCode[code]! : byType[type];

const modifierCosts = [...Object.values(byType), ...Object.values(byCode)].flatMap(({ modifiers }) =>
  Object.entries(modifiers).map(([name, { fixedCost }]) => [name, fixedCost] as const),
);

/** The lowest cost of one value by modifier, of all types of parameters: the cheapest entry comes last. */
export const leastCosts: ReadonlyMap<string, number> = new Map(
  [...modifierCosts].sort(([, one], [, other]) => other - one),
);

/** The comparison that a filter asks for. A modifier that names a type leaves the comparison as it is. */
export function comparisonOf({ definition, modifier }: ValueFilter): Comparison {
  const { plain, modifiers } = parameterTypeOf(definition);
  return modifier !== undefined && Object.hasOwn(modifiers, modifier) ? modifiers[modifier]! : plain;
}
