import { containedRows } from '../index/columns.js';
import { containerAddress, withinContainer } from '../index/contained.js';
import { keyPrefix } from '../index/keys.js';
import { searchKeySql } from '../index/search-key.js';
import type { ConditionContext, Row } from '../parameters/parameter-type.js';
import type { ChainFilter, Filter } from './filter.js';
import { refersBy, visibleRows } from './visible-rows.js';

/** Makes the condition of the rest of a chain. */
export type ConditionOf = (context: ConditionContext, row: Row, filter: Filter) => string;

type ChainTarget = ChainFilter['targets'][number];

/**
 * Rows that reference a resource that the rest of the chain finds: a stored one, or a contained one (FHIR R4
 * Search, Contained Resources).
 */
export function chainCondition(
  context: ConditionContext,
  { type, alias }: Row,
  { definition: { number }, targets }: ChainFilter,
  conditionOf: ConditionOf,
): string {
  const pointingTo = targets.flatMap((target) => [
    storedTargets(context, number, target, conditionOf),
    containedTargets(context, type, number, target, conditionOf),
  ]);
  const keys = `ARRAY(${pointingTo.join(' UNION ALL ')})`;
  return context.container ? `${alias}.keys && ${keys}` : refersBy(context.access, type, alias, keys);
}

/** Selects the keys of references by a parameter to the stored resources that pass the filter. */
function storedTargets(
  { container: _, ...context }: ConditionContext,
  parameter: number,
  { type, filter }: ChainTarget,
  conditionOf: ConditionOf,
): string {
  const { statement, access } = context;
  const target = statement.alias();
  const { from, where } = visibleRows(statement, type, access, target);
  const prefix = statement.bind(`${keyPrefix.reference(parameter)}${type}/`, '::text');
  const found = conditionOf(context, { type, alias: target }, filter);
  return `SELECT ${searchKeySql(`${prefix} || ${target}.id`)} FROM ${from} WHERE ${where} AND ${found}`;
}

/**
 * Selects the keys of references to the contained resources that pass the filter: of resources of a type, or
 * of the container that the row is in.
 */
function containedTargets(
  context: ConditionContext,
  type: string,
  parameter: number,
  { type: targetType, filter }: ChainTarget,
  conditionOf: ConditionOf,
): string {
  const { statement, access } = context;
  const container = context.container ?? { type, alias: statement.alias() };
  const target = statement.alias();
  const prefix = statement.bind(
    `${keyPrefix.reference(parameter)}${containerAddress(container.type)}`,
    '::text',
  );
  const address = `${prefix} || ${container.alias}.id || '${withinContainer(targetType)}' || ${target}.id`;
  const found = conditionOf({ ...context, container }, { type: targetType, alias: target }, filter);
  const keys = `SELECT ${searchKeySql(address)} AS key FROM ${containedRows(container.alias, target)} WHERE ${target}.type = '${targetType}' AND ${found}`;
  if (context.container) return keys;
  const { from, where } = visibleRows(statement, type, access, container.alias);
  const each = statement.alias();
  // OFFSET keeps this a separate query for each container, so that the rest of the chain runs once for a
  // container and not for each contained resource.
  return `SELECT ${each}.key FROM ${from} CROSS JOIN LATERAL (${keys} OFFSET 0) AS ${each} WHERE ${where} AND ${container.alias}.contained IS NOT NULL`;
}
