import type { ConditionContext, Row } from '../parameters/parameter-type.js';
import { comparisonOf, parameterTypeOf } from '../parameters/parameter-types.js';
import { chainCondition } from './chain.js';
import type { Filter } from './filter.js';
import { hasCondition } from './has.js';

/**
 * The SQL condition of a filter on a row.
 * @throws FhirError 400 when a value does not have the form of its parameter's type
 */
export function condition(context: ConditionContext, row: Row, filter: Filter): string {
  switch (filter.kind) {
    case 'value':
      return comparisonOf(filter).condition(context, row, filter);
    case 'chain':
      return chainCondition(context, row, filter, condition);
    case 'has':
      // No resource references a contained one from outside its container.
      return context.container ? 'false' : hasCondition(context, row, filter, condition);
  }
}

/** The key of a list in order that has every shared row which passes the filter; undefined without a list. */
export function listedKey(filter: Filter): string | undefined {
  if (filter.kind !== 'value' || filter.values.length !== 1) return undefined;
  return parameterTypeOf(filter.definition).listedKey?.(filter);
}

/** The one index key that a row must have to pass the filter. Undefined when no single key decides. */
export function exactKey(filter: Filter, baseUrl: string): string | undefined {
  if (filter.kind !== 'value' || filter.values.length !== 1) return undefined;
  return parameterTypeOf(filter.definition).exactKey?.(filter, baseUrl);
}
