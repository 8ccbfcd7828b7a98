import type { Summary } from '../bundle/subset.js';
import type { ParameterDefinition } from '../definitions/definitions.js';
import type { ValueFilter } from '../parameters/parameter-type.js';

/* A search after parsing. Types only. */

/**
 * The use of a reference parameter to a resource that the rest of the chain finds: `subject:Patient.name=x`.
 */
export interface ChainFilter {
  kind: 'chain';
  name: string;
  definition: ParameterDefinition;
  /** The types that the chain leads to, each with the rest of the chain. */
  targets: { type: string; filter: Filter }[];
}

/** The use of a reference from another resource: `_has:Observation:patient:code=x`. */
export interface HasFilter {
  kind: 'has';
  name: string;
  type: string;
  definition: ParameterDefinition;
  filter: Filter;
}

export type Filter = ValueFilter | ChainFilter | HasFilter;

export interface Include {
  /** Type whose reference is followed, or `*`. */
  source: string;
  /** The reference parameter, or undefined for all. */
  definition: ParameterDefinition | undefined;
  target: string | undefined;
  iterate: boolean;
}

export interface SortKey {
  definition: ParameterDefinition;
  descending: boolean;
}

export interface Search {
  type: string;
  filters: Filter[];
  includes: Include[];
  revincludes: Include[];
  sort: SortKey[];
  count: number;
  total: 'none' | 'estimate' | 'accurate' | undefined;
  summary: Summary;
  elements: string[] | undefined;
  cursor: string | undefined;
  /** Parameters that were understood, for the self link. */
  used: [string, string][];
  /** The ignored parameters, each with the reason. */
  ignored: string[];
}
