import {
  definitions,
  isCompartmentType,
  isServedType,
  type ParameterDefinition,
} from '../definitions/definitions.js';
import { FhirError } from '../fhir-error.js';
import type { Access } from '../access.js';
import { tokenKey } from '../parameters/index-values.js';
import { searchKeySql } from '../index/search-key.js';

/** PostgreSQL counts the parameters of a statement in two bytes. */
const mostValues = 65_535;

/** Collects the parameters of one statement. */
export class Statement {
  readonly values: unknown[] = [];
  private aliases = 0;

  /**
   * A placeholder for a value.
   * @throws FhirError when there are more than a statement can have
   */
  bind(value: unknown, cast = ''): string {
    if (this.values.length === mostValues)
      throw new FhirError(
        400,
        'too-costly',
        'This search has too many values; ask for them in several searches.',
      );
    this.values.push(value);
    return `$${this.values.length}${cast}`;
  }

  alias(): string {
    this.aliases += 1;
    return `r${this.aliases}`;
  }
}

/** A row's tokens that are references; the others are many, and not needed. @param wanted whether any are */
export const referencesOf = (alias: string, wanted: boolean): string =>
  wanted
    ? `ARRAY(SELECT t FROM unnest(${alias}.tokens) AS t WHERE t LIKE '%>%') AS tokens`
    : `'{}'::text[] AS tokens`;

/**
 * Whether a row refers to `target`, one of its refs, by a parameter, and whether that is of a type. Its refs are fewer than its tokens, and its keys are
 * compared as numbers.
 */
export const pointsTo = (
  row: string,
  { number }: ParameterDefinition,
  type: string,
  target: string,
): string =>
  `starts_with(${target}, '${type}/') AND ${searchKeySql(`'${tokenKey.reference(number, '')}' || ${target}`)} = ANY(${row}.keys)`;

/**
 * Whether a row has a reference with one of the keys (an SQL array). The references of shared rows have an index of their own; the rows of a member are few.
 */
export const refersBy = (access: Access, type: string, row: string, keys: string): string =>
  access.patient !== undefined
    ? `${row}.keys && ${keys}`
    : `${row}.id = ANY(ARRAY(SELECT ref.id FROM shared_reference AS ref WHERE ref.type = '${type}' AND ref.key = ANY(${keys})))`;

/**
 * The rows of a source that have all the keys, by the index over keys alone: the planner would have all rows of a type from another index beside it, however
 * many they are.
 */
export const rowsByKeys = (
  statement: Statement,
  from: string,
  alias: string,
  keys: readonly number[],
): string =>
  `(SELECT * FROM ${from} WHERE ${alias}.keys @> ${statement.bind(keys, '::bigint[]')} OFFSET 0) AS ${alias}`;

/** Where the rows of a type lie that a reader may see: what goes into FROM and WHERE. */
export interface Source {
  from: string;
  where: string;
}

/**
 * The rows of a type as far as the reader may see them. Every part of a search takes its rows from here (matches, chains, `_has`, included
 * resources), so the limit is in the statement itself and cannot be got around.
 */
export function visibleRows(statement: Statement, type: string, access: Access, alias: string): Source {
  const isOfCompartment = isCompartmentType(type);
  const isReadable = access.types.has(type) && isServedType(type);
  if (!isReadable || (isOfCompartment && access.patient === undefined))
    return { from: `shared_resource ${alias}`, where: 'false' };
  const ofType = `${alias}.type = ${statement.bind(type)}`;
  if (access.patient === undefined) return { from: `shared_resource ${alias}`, where: ofType };
  const patient = statement.bind(access.patient);
  if (isOfCompartment)
    return { from: `member_resource ${alias}`, where: `${alias}.patient = ${patient} AND ${ofType}` };
  return {
    from: `shared_resource ${alias}`,
    where: `${ofType} AND ${alias}.id = ANY(ARRAY(${pointedTo(type, patient)}))`,
  };
}

const pointedAt = definitions.referencedTypes.join("','");

/**
 * Ids of the shared resources of a type that a member's resources point to, or that one so pointed to points to (the organization of a
 * practitioner role, say).
 */
export function pointedTo(type: string, patient: string): string {
  const [from, to, start] = [`'${type}/'`, `'${type}0'`, type.length + 2];
  return `
    SELECT substr(m.target, ${start}) FROM member_reference m
    WHERE m.patient = ${patient} AND m.target >= ${from} AND m.target < ${to}
    UNION
    SELECT substr(hop.target, ${start})
    FROM member_reference m
    JOIN shared_resource s ON s.type = split_part(m.target, '/', 1) AND s.id = split_part(m.target, '/', 2)
    CROSS JOIN unnest(s.refs) AS hop (target)
    WHERE m.patient = ${patient} AND split_part(m.target, '/', 1) IN ('${pointedAt}')
      AND hop.target >= ${from} AND hop.target < ${to}`;
}
