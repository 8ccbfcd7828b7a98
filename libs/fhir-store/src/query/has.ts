import { isServedType, parameterDefinition, type ParameterDefinition } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import type { ConditionContext, Row } from '../parameters/parameter-type.js';
import type { ConditionOf } from './chain.js';
import type { HasFilter } from './filter.js';
import { Ignored } from './unsupported-parameters.js';
import { pointsTo, visibleRows } from './visible-rows.js';

/* `_has`, the chain in reverse (FHIR R4 Search, Reverse Chaining): `_has:Observation:patient:code=x`. */

export const isHas = (name: string): boolean => name.startsWith('_has:');

/**
 * Reads the name of a `_has` parameter of a type.
 * @returns the type that references, its reference, and the parameter that follows
 * @throws FhirError 400 when the name is malformed, or the reference does not lead to the type
 */
export function parseHas(
  type: string,
  name: string,
): { type: string; definition: ParameterDefinition; rest: string } {
  const match = /^_has:([A-Za-z]+):([^:]+):(.+)$/.exec(name);
  if (!match) throw badParameter(name, 'must be written _has:Type:reference:parameter');
  const [, other = '', code = '', rest = ''] = match;
  if (!isServedType(other)) throw new Ignored(`${name}: "${other}" is not a resource type of this server`);
  const definition = parameterDefinition(other, code);
  if (definition?.type !== 'reference' || !definition.targets?.includes(type))
    throw badParameter(name, `"${code}" is not a reference from ${other} to ${type}`);
  return { type: other, definition, rest };
}

/** Rows that are referenced by a resource that passes the filter. */
export function hasCondition(
  context: ConditionContext,
  { type, alias }: Row,
  { type: other, definition, filter }: HasFilter,
  conditionOf: ConditionOf,
): string {
  const { statement, access } = context;
  const [from, reference] = [statement.alias(), statement.alias()];
  const source = visibleRows(statement, other, access, from);
  const found = conditionOf(context, { type: other, alias: from }, filter);
  return `${alias}.id = ANY(ARRAY(
    SELECT substr(${reference}.target, ${type.length + 2}) FROM ${source.from} CROSS JOIN unnest(${from}.refs) AS ${reference} (target)
    WHERE ${source.where} AND ${found} AND ${pointsTo(from, definition, type, `${reference}.target`)}))`;
}
