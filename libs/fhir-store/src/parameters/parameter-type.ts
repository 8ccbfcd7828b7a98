import type { Access } from '../access.js';
import type { ComponentDefinition, ParameterDefinition } from '../definitions/definitions.js';
import type { IndexEntries } from '../index/row.js';
import type { Statement } from '../postgres/statement.js';
import type { Extractor } from './path-expression.js';

/** The use of a search parameter by its value: `name:modifier=value,value`. */
export interface ValueFilter {
  kind: 'value';
  /** Name in the search, with the modifier. */
  name: string;
  definition: ParameterDefinition;
  modifier: string | undefined;
  /** The alternatives as the search writes them, with their escapes. */
  values: string[];
}

export interface ConditionContext {
  statement: Statement;
  access: Access;
  /** FHIR base URL: absolute references to it are local. */
  baseUrl: string;
  /** Whether a key is so common among shared resources that an index is not always the fastest route. */
  isFrequent(key: number): boolean;
  /** The stored row that contains the row of the condition. */
  container?: { type: string; alias: string };
}

/** The row that a condition is about: a table's row of a resource type, or a contained resource. */
export interface Row {
  type: string;
  alias: string;
}

/**
 * One way to compare the values of a parameter: the comparison without a modifier, or a modifier (FHIR R4
 * §3.1.1.4.4).
 */
export interface Comparison {
  /**
   * SQL that is true for the rows that pass.
   * @throws FhirError 400 when a value does not have the form of the type
   */
  condition(context: ConditionContext, row: Row, filter: ValueFilter): string;
  /** The cost of comparing one value, in look-ups of a value in an index (`query/cost.ts`). */
  cost(definition: ParameterDefinition): number;
}

/** The value by which rows are sorted. Rows without a value get their place later. */
export interface SortValue {
  /** SQL; null for a row without a value. */
  sql: string;
  cast: 'text' | 'bigint' | 'float8';
  /** Whether every row has the value. */
  isAlwaysThere?: boolean;
}

/** A parameter of a resource type, ready to extract its values. */
export interface CompiledParameter {
  definition: Pick<ParameterDefinition, 'number' | 'type' | 'system'>;
  extract: Extractor;
  components: { definition: ComponentDefinition; extract: Extractor }[];
}

/**
 * A type of search parameter: how its values are indexed, found and sorted. Each type is one file of this
 * folder and a row of `parameter-types.ts`.
 */
export interface ParameterType {
  /** Adds the index values of the elements that a parameter's expression has found in a resource. */
  index(entries: IndexEntries, parameter: CompiledParameter, found: unknown[]): void;
  /** The comparison without a modifier; for a reference also with a modifier that names a type. */
  plain: Comparison;
  /** By name, in the order in which error texts list them. */
  modifiers: Readonly<Record<string, FixedComparison>>;
  /** Modifiers of R4 that the store does not support, each with the reason. */
  refusedModifiers?: Readonly<Record<string, string>>;
  /** The one key that a row must have to pass the filter. Undefined when no single key decides. */
  exactKey?(filter: ValueFilter, baseUrl: string): string | undefined;
  /**
   * The key, among those of `isListed` (`index/keys.ts`), of a list that has every row which passes a filter
   * with one value. Undefined when there is no such list.
   */
  listedKey?(filter: ValueFilter): string | undefined;
  /**
   * Undefined when rows cannot be sorted by the type.
   * @param end which of several values of a row decides
   */
  sort?(row: string, parameter: number, end: 'min' | 'max', statement: Statement): SortValue;
}

/** A comparison whose values cost the same for every parameter. */
export interface FixedComparison extends Comparison {
  fixedCost: number;
}

export const comparison = (cost: number, condition: Comparison['condition']): FixedComparison => ({
  fixedCost: cost,
  cost: () => cost,
  condition,
});
